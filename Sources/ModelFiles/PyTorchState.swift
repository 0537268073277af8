import Training

extension ModelFile {
  /// Reads the state of a PyTorch `nn.Sequential` of `Linear` and activations from a safetensors
  /// file.
  ///
  /// See ``init(stateDict:layers:path:)``. Throws also where the file is not what its format
  /// demands.
  public init(stateDictOf path: String, layers: [any Layer]) throws(ModelFileError) {
    try self.init(stateDict: Safetensors(contentsOf: path).tensors, layers: layers, path: path)
  }

  /// Makes a model of the state of a PyTorch `nn.Sequential`: tensors `0.weight` [outputs, inputs]
  /// and `0.bias` [outputs], and so on, all with one prefix (such as `layers.`) or with none.
  ///
  /// The state does not tell the activations: `layers` does. Its `Dense` layers take the `Linear`
  /// modules in the order of their numbers, with a bias or without one as these have it; the first
  /// one's inputs are the model's.
  /// - Parameters:
  ///   - tensors: the state
  ///   - layers: those of the model, first to last
  ///   - path: what errors call the state
  /// - Throws: ``ModelFileError`` of kind `malformed` where a tensor is no part of a `Linear`, and
  ///   where the modules and the layers are not of the same number and sizes.
  public init(
    stateDict tensors: [(name: String, tensor: Tensor)], layers: [any Layer], path: String
  ) throws(ModelFileError) {
    func malformed(_ reason: String) -> ModelFileError {
      ModelFileError(.malformed, path: path, reason)
    }
    var modules = try LinearModule.modules(tensors, malformed)
    let dense = layers.compactMap { $0 as? any PyTorchLinear }
    var inputs = modules.first?.weight.shape[1]
    let fits = zip(dense, modules).allSatisfy { layer, module in
      defer { inputs = layer.units }
      return module.weight.shape == [layer.units, inputs ?? 0]
    }
    guard let first = modules.first, first.weight.count > 0, modules.count == dense.count, fits
    else {
      throw malformed(
        "expected layers of \(dense.map(\.units)) units, "
          + "found weights of \(modules.map(\.weight.shape))")
    }
    let filled = layers.map { layer -> any Layer in
      guard let linear = layer as? any PyTorchLinear else { return layer }
      let module = modules.removeFirst()
      return type(of: linear).init(weight: module.weight, bias: module.bias)
    }
    do {
      try self.init(Sequential(inputShape: [first.weight.shape[1]], filled))
    } catch {
      throw malformed("the layers do not fit together: \(error)")
    }
  }
}

/// The tensors of one `nn.Linear`.
private struct LinearModule {
  let weight: Tensor
  let bias: Tensor?

  /// The modules of a state, in the order of their numbers.
  static func modules(
    _ tensors: [(name: String, tensor: Tensor)], _ malformed: (String) -> ModelFileError
  ) throws(ModelFileError) -> [LinearModule] {
    var (weights, biases): ([Int: Tensor], [Int: Tensor]) = ([:], [:])
    var prefix: [Substring]?
    for (name, tensor) in tensors {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      let kind = parts.last == "weight" ? 2 : parts.last == "bias" ? 1 : nil
      guard parts.count >= 2, kind == tensor.shape.rank,
        let number = number(parts[parts.count - 2]),
        prefix ?? parts.dropLast(2) == parts.dropLast(2)
      else {
        throw malformed(
          "\(name) of shape \(tensor.shape) is no weight or bias of a Linear in one Sequential")
      }
      prefix = parts.dropLast(2)
      let isNew =
        kind == 2
        ? weights.updateValue(tensor, forKey: number) == nil
        : biases.updateValue(tensor, forKey: number) == nil
      guard isNew else { throw malformed("module \(number) occurs twice") }
    }
    if let alone = biases.keys.sorted().first(where: {
      weights[$0]?.shape[0] != biases[$0]?.shape[0]
    }) {
      throw malformed("module \(alone) has a bias that fits no weight")
    }
    return weights.sorted { $0.key < $1.key }.map {
      LinearModule(weight: $0.value, bias: biases[$0.key])
    }
  }

  /// The number of a module, which has digits alone.
  private static func number(_ text: Substring) -> Int? {
    1...9 ~= text.utf8.count && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(text) : nil
  }
}
