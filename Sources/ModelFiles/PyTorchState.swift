import Training

extension ModelFile {
  /// Reads the state of a PyTorch network from a safetensors file.
  ///
  /// See ``init(stateDict:layers:inputShape:path:)``. Throws also where the file is not what its format
  /// demands.
  public init(
    stateDictOf path: String, layers: [any Layer], inputShape: Shape? = nil
  ) throws(ModelFileError) {
    try self.init(
      stateDict: Safetensors(contentsOf: path).tensors, layers: layers, inputShape: inputShape,
      path: path)
  }

  /// Makes a model of the state of a PyTorch network of `Conv2d`, `Linear`, `BatchNorm1d`,
  /// `BatchNorm2d`, `LayerNorm` and what has no parameters, one after the other: tensors `NAME.weight`,
  /// `NAME.bias` and so on. Weights come into the order of images [height, width, channels].
  ///
  /// The state does not tell the activations: `layers` does. Modules that have numbers for names, as
  /// in an `nn.Sequential`, fill the layers in the order of their numbers. Others, such as `fc1` and
  /// `output`, do so in the order of the state, those that differ in a number alone by that number,
  /// as far as their sizes fit to each other. A `Dense` has a bias where the module has one.
  /// - Parameters:
  ///   - tensors: the state
  ///   - layers: those of the model, first to last
  ///   - inputShape: that of one sample, of images [height, width, channels]; the inputs of the first
  ///     module unless given, which a convolution does not tell
  ///   - path: what errors call the state
  /// - Throws: ``ModelFileError`` of kind `malformed` where a tensor is no part of such a module, and
  ///   where the modules and the layers are not of the same number and sizes.
  public init(
    stateDict tensors: [(name: String, tensor: Tensor)], layers: [any Layer],
    inputShape: Shape? = nil, path: String
  ) throws(ModelFileError) {
    self = try PyTorchState(tensors, path: path).model(layers, inputShape: inputShape).file
  }
}

/// What a PyTorch network has learned, module by module.
package struct PyTorchState {
  /// The tensors of one module by the last part of their names, as `weight`.
  private struct Module {
    let name: String
    var tensors: [String: Tensor]
  }

  private let modules: [Module]
  /// Whether the modules can only follow each other as they stand.
  package let isNumbered: Bool
  private let path: String

  private static let ranks: [String: Set<Int>] = [
    "weight": [1, 2, 4], "bias": [1], "running_mean": [1], "running_var": [1], counter: [0, 1],
  ]
  /// How many batches a `BatchNorm` has seen, which inference does not need.
  package static let counter = "num_batches_tracked"

  /// Sorts a state's tensors by module.
  package init(
    _ tensors: [(name: String, tensor: Tensor)], path: String
  ) throws(ModelFileError) {
    var modules: [Module] = []
    var places: [String: Int] = [:]
    for (name, tensor) in tensors {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard let kind = parts.last.map(String.init), let ranks = Self.ranks[kind],
        ranks.contains(tensor.shape.rank)
      else {
        throw ModelFileError(
          .malformed, path: path,
          "\(name) of shape \(tensor.shape) is no part of a Conv2d, Linear, BatchNorm or LayerNorm")
      }
      let module = parts.dropLast().joined(separator: ".")
      let place = places[module] ?? modules.count
      if place == modules.count {
        modules.append(Module(name: module, tensors: [:]))
        places[module] = place
      }
      if kind != Self.counter { modules[place].tensors[kind] = tensor }
    }
    if let module = modules.first(where: { $0.tensors["weight"] == nil }) {
      throw ModelFileError(.malformed, path: path, "module \(module.name) has no weight")
    }
    isNumbered =
      Set(modules.map { ModuleName($0.name).prefix }).count == 1
      && modules.allSatisfy { ModuleName($0.name).number != nil }
    self.modules = Self.sorted(modules)
    self.path = path
    let names = self.modules.map { ModuleName($0.name) }
    if isNumbered,
      let twice = zip(names, names.dropFirst()).first(where: { $0.number == $1.number })
    {
      throw ModelFileError(
        .malformed, path: path, "module \(twice.0.number ?? 0) occurs twice")
    }
  }

  /// In the order given, but those whose names differ in numbers alone by these: a file may have them
  /// by their letters, `fc10` before `fc2`.
  private static func sorted(_ modules: [Module]) -> [Module] {
    let names = modules.map { ModuleName($0.name) }
    var sorted = modules
    for places in Dictionary(grouping: names.indices, by: { names[$0].stem }).values {
      let order = places.sorted { names[$0].numbers.lexicographicallyPrecedes(names[$1].numbers) }
      for (place, from) in zip(places, order) { sorted[place] = modules[from] }
    }
    return sorted
  }

  /// A model of these layers with the modules' parameters, and the names of the modules in the order
  /// of the layers.
  /// - Parameter hasChannelsLast: whether weights are in Maru's order and not in PyTorch's
  package func model(
    _ layers: [any Layer], inputShape: Shape? = nil, hasChannelsLast: Bool = false
  ) throws(ModelFileError) -> (file: ModelFile, modules: [String]) {
    var search = Search(
      modules: modules.map(\.tensors), layers: layers, isNumbered: isNumbered,
      inputShape: inputShape, hasChannelsLast: hasChannelsLast)
    let takers = layers.compactMap { $0 as? any PyTorchParameters }
    guard search.find() else {
      let found = modules.map { "\($0.name) \($0.tensors["weight"]?.shape ?? [])" }
      let inputs = inputShape.map { " on inputs \($0)" } ?? ""
      throw ModelFileError(
        .malformed, path: path,
        "expected modules for \(list(takers.map(\.title)))\(inputs), found \(list(found))")
    }
    do {
      let model = try Sequential(inputShape: search.inputShape ?? [], search.layers)
      model.weights = search.parameters
      model.nonTrainableWeights = search.state
      return (ModelFile(model), search.order.map { modules[$0].name })
    } catch {
      throw ModelFileError(.malformed, path: path, "the layers do not fit together: \(error)")
    }
  }

  private func list(_ items: [String]) -> String {
    items.isEmpty ? "none" : items.joined(separator: ", ")
  }
}

/// A module's name, taken apart.
private struct ModuleName {
  /// All before the last dot.
  let prefix: String
  /// What stands behind it, where that is digits alone.
  let number: Int?
  /// The name without its numbers, and these.
  let stem: String
  let numbers: [Int]

  init(_ name: String) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    prefix = parts.dropLast().joined(separator: ".")
    number = parts.last.flatMap(Self.number)
    var (stem, numbers, digits) = ("", [Int](), Substring())
    for character in name + " " {
      if character.isASCII && character.isNumber {
        digits.append(character)
      } else {
        if !digits.isEmpty {
          numbers.append(Self.number(digits) ?? .max)
          stem.append("0")
          digits = ""
        }
        stem.append(character)
      }
    }
    (self.stem, self.numbers) = (stem, numbers)
  }

  private static func number(_ text: Substring) -> Int? {
    1...9 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(text) : nil
  }
}

/// Which module fills which layer.
private struct Search {
  let modules: [[String: Tensor]]
  private(set) var layers: [any Layer]
  let isNumbered, hasChannelsLast: Bool
  private(set) var inputShape: Shape?
  /// The module of each layer that takes one.
  private(set) var order: [Int] = []
  private(set) var parameters: [Tensor] = []
  private(set) var state: [Tensor] = []
  /// More steps than any network that is what its layers say needs.
  private var patience = 100_000

  init(
    modules: [[String: Tensor]], layers: [any Layer], isNumbered: Bool, inputShape: Shape?,
    hasChannelsLast: Bool
  ) {
    (self.modules, self.layers, self.isNumbered) = (modules, layers, isNumbered)
    (self.inputShape, self.hasChannelsLast) = (inputShape, hasChannelsLast)
  }

  mutating func find() -> Bool {
    guard layers.count(where: isTaker) == modules.count, !modules.isEmpty else { return false }
    if let inputShape { return fillRest(from: 0, inputShape, ChannelsFirst()) }
    for module in candidates() {
      guard let weight = modules[module]["weight"], weight.shape.rank <= 2,
        let inputs = weight.shape.sizes.last, inputs > 0
      else { continue }
      inputShape = [inputs]
      if fillRest(from: 0, [inputs], ChannelsFirst()) { return true }
    }
    return false
  }

  private func isTaker(_ layer: any Layer) -> Bool { layer is any PyTorchParameters }

  /// The modules that may come next, in their order; of several with the same shapes the first, since
  /// the others would fit no better.
  private func candidates() -> [Int] {
    if isNumbered { return order.count < modules.count ? [order.count] : [] }
    var seen = Set<[String: Shape]>()
    return modules.indices.filter {
      !order.contains($0) && seen.insert(modules[$0].mapValues(\.shape)).inserted
    }
  }

  /// Fills the layers from one on, of which the first takes this module.
  private mutating func fill(
    _ index: Int, with module: Int, _ shape: Shape, _ order: ChannelsFirst
  ) -> Bool {
    patience -= 1
    guard patience > 0, let taker = layers[index] as? any PyTorchParameters,
      let filled = taker.filled(modules[module], shape, hasChannelsLast ? nil : order)
    else { return false }
    let before = self
    layers[index] = filled.layer
    self.order.append(module)
    parameters += filled.parameters
    state += filled.state
    if fillRest(after: filled.plan, index, order) { return true }
    let left = patience
    self = before
    patience = left
    return false
  }

  private mutating func fillRest(
    after plan: LayerPlan, _ index: Int, _ order: ChannelsFirst
  ) -> Bool {
    var order = order
    order.pass(plan)
    return fillRest(from: index + 1, plan.output, order)
  }

  private mutating func fillRest(
    from index: Int, _ shape: Shape, _ order: ChannelsFirst
  ) -> Bool {
    guard index < layers.count else { return true }
    guard let plan = try? layers[index].plan(shape, PlanContext(samples: 1, parts: 1)) else {
      return false
    }
    var order = order
    _ = order.steps(before: layers[index], plan, on: shape)
    return isTaker(layers[index])
      ? candidates().contains { fill(index, with: $0, shape, order) }
      : fillRest(after: plan, index, order)
  }
}
