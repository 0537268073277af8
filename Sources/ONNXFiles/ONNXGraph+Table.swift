import ModelFiles
import Training

extension ONNXGraph {
  /// Appends what makes inputs of a table's numbers, in the order of operations of training: the mean in
  /// the place of what is missing, the scale, and the inputs that tell where it was.
  mutating func append(_ columns: [TableUnits.Input]) {
    layer = "columns"
    defer { layer = "layers" }
    let numbers = value
    add("mean", Tensor(columns.map(\.mean)))
    add("offset", Tensor(columns.map(\.offset)))
    add("factor", Tensor(columns.map(\.factor)))
    append("IsNaN")
    proto.valueInfo[proto.valueInfo.count - 1].type.tensorType.elemType = Int32(
      ONNXTensorProto.DataType.bool.rawValue)
    let missing = value
    append("Where", otherValues: ["\(layer).mean", numbers])
    append("Sub", inputs: ["offset"])
    append("Mul", inputs: ["factor"])
    if columns.contains(where: \.hasIndicator) { appendIndicators(missing, columns) }
  }

  /// Behind all scaled numbers stands for each whether it was missing; of both is taken what is an input.
  private mutating func appendIndicators(_ missing: String, _ columns: [TableUnits.Input]) {
    let scaled = value
    value = missing
    append("Cast", ["to": .int(ONNXTensorProto.DataType.float.rawValue)])
    let indicators = value
    value = scaled
    append("Concat", ["axis": .int(1)], otherValues: [indicators])
    setShape([2 * columns.count])
    let places = columns.enumerated().flatMap { place, column in
      [place] + (column.hasIndicator ? [columns.count + place] : [])
    }
    add("places", places)
    append("Gather", ["axis": .int(1)], inputs: ["places"])
    setShape([places.count])
  }

  /// Appends what makes numbers in the units of a table of the network's outputs.
  mutating func append(_ targets: [TableUnits.Output]) {
    layer = "targets"
    defer { layer = "layers" }
    add("deviation", Tensor(targets.map(\.deviation)))
    add("mean", Tensor(targets.map(\.mean)))
    append("Mul", inputs: ["deviation"])
    append("Add", inputs: ["mean"])
  }
}
