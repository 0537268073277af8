import Layers
import Text

/// What a summary tells of a layer.
package struct LayerSummary {
  /// Its name and its type, or how it describes itself, as `dense_1 (Dense)`.
  package let title: String
  /// The shape of its output, as `(batch, 128)`.
  package let outputShape: String
  /// The number of its parameters, with what is saved but not trained.
  package let parameterCount: Int
  /// The floating-point operations forward for one sample, as the layer states them.
  package let operations: Double
}

extension Sequential {
  /// A table of the layers: name and type, shape of the output, number of parameters, and floating-point
  /// operations forward for one sample.
  ///
  /// As Keras's `summary()`, with its names for layers (`dense`, `dense_1`, …) and its units of
  /// 1,024 bytes. An output's first axis is the batch. Parameters are all that is saved; those that are
  /// not trained, as running means, are told apart below. A multiplication and an addition are two
  /// operations; zeros beyond an image's border are not multiplied. A layer that is
  /// `CustomStringConvertible` describes itself, in place of its type.
  /// - Parameter width: the most cells that the table may take on a terminal; as many as it needs
  ///   unless given
  public func summary(width: Int? = nil) -> String {
    var table = TextTable([
      ("Layer (type)", .left), ("Output shape", .left), ("Parameters", .right),
      ("Operations", .right),
    ])
    let layers = layerSummaries
    for layer in layers {
      table.append([
        layer.title, layer.outputShape, layer.parameterCount.grouped, Int(layer.operations).grouped,
      ])
    }
    let counts = { (name: String, count: Int) in
      "\(name): \(count.grouped) (\(memorySize(count * MemoryLayout<Float>.size)))\n"
    }
    let untrained = stateLayout.slices.reduce(0) { $0 + $1.parameter.shape.count }
    let operations = layers.reduce(0) { $0 + $1.operations }
    return table.text(width: width)
      + counts("Total parameters", parameterCount + untrained)
      + (untrained == 0
        ? "" : counts("Trained", parameterCount) + counts("Not trained", untrained))
      + "Operations for a sample: \(Int(operations).grouped)\n"
  }

  /// The rows of ``summary(width:)``, for whoever sets them out in another way.
  package var layerSummaries: [LayerSummary] {
    let plans = plans(PlanContext(samples: 1, parts: 1))
    return zip(layerNames, layers).enumerated().map { index, layer in
      let type =
        (layer.1 as? any CustomStringConvertible)?.description ?? "\(Swift.type(of: layer.1))"
      let sizes = ["batch"] + shapes[index + 1].sizes.map { "\($0)" }
      return LayerSummary(
        title: "\(layer.0) (\(type))",
        outputShape: "(\(sizes.joined(separator: ", ")))",
        parameterCount: (layout.slices + stateLayout.slices).filter { $0.layer == index }
          .reduce(0) { $0 + $1.parameter.shape.count },
        operations: plans[index].forwardOperations)
    }
  }

  /// The layers' names in Keras's way: `dense`, `dense_1`, ….
  var layerNames: [String] {
    var uses: [String: Int] = [:]
    return layers.map { layer in
      let name = snakeCased(String(describing: type(of: layer)))
      let use = uses[name, default: 0]
      uses[name] = use + 1
      return use == 0 ? name : "\(name)_\(use)"
    }
  }
}

/// The name of a type in Keras's way: `Dense` is `dense`, `LeakyReLU` is `leaky_re_lu`.
///
/// A capital starts a word where a small letter stands before it, or after it and anything before.
private func snakeCased(_ type: String) -> String {
  let letters = Array(type)
  return letters.indices.reduce("") { text, index in
    let startsWord =
      index > 0 && letters[index].isUppercase
      && (letters[index - 1].isLowercase
        || index + 1 < letters.count && letters[index + 1].isLowercase)
    return text + (startsWord ? "_" : "") + letters[index].lowercased()
  }
}

/// A number of bytes in the largest unit of which there is a whole one.
private func memorySize(_ bytes: Int) -> String {
  var (size, units) = (Double(bytes), ["B", "KB", "MB", "GB", "TB"][...])
  while size >= 1024 && units.count > 1 {
    size /= 1024
    units.removeFirst()
  }
  return "\(size.fixed(2)) \(units.first ?? "")"
}
