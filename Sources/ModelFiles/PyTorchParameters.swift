import Training

/// A layer that takes over what a module of PyTorch's has learned.
protocol PyTorchParameters: Layer {
  /// By the layer's name of a parameter, or of what is saved with them: the module's.
  static var pyTorchNames: [String: String] { get }
  /// What the layer is called in an error.
  var title: String { get }
}

extension PyTorchParameters {
  var title: String { "\(Self.self)" }

  /// The layer, its plan, and its tensors, where a module has these and no others.
  /// - Parameter order: that of its input; nil where weights have channels last
  func filled(
    _ module: [String: Tensor], _ input: Shape, _ order: ChannelsFirst?
  ) -> (layer: any Layer, plan: LayerPlan, parameters: [Tensor], state: [Tensor])? {
    let layer: any Layer = (self as? any UnitLayer)?.with(bias: module["bias"] != nil) ?? self
    guard let plan = try? layer.plan(input, PlanContext(samples: 1, parts: 1)),
      plan.parameters.count + plan.state.count == module.count
    else { return nil }
    func tensors(_ parameters: [Parameter]) -> [Tensor]? {
      let tensors: [Tensor] = parameters.compactMap { parameter in
        let theirs = Self.pyTorchNames[parameter.name].flatMap { module[$0] }
        let tensor = theirs.map { self is any UnitLayer ? order?.ours($0) ?? $0 : $0 }
        return tensor?.shape == parameter.shape ? tensor : nil
      }
      return tensors.count == parameters.count ? tensors : nil
    }
    guard let parameters = tensors(plan.parameters), let state = tensors(plan.state) else {
      return nil
    }
    return (layer, plan, parameters, state)
  }
}

extension Dense: PyTorchParameters {
  static var pyTorchNames: [String: String] { ["weight": "weight", "bias": "bias"] }
  var title: String { "Dense(\(units))" }
}

extension Conv2D: PyTorchParameters {
  static var pyTorchNames: [String: String] { Dense.pyTorchNames }
  var title: String { "Conv2D(\(filters))" }
}

extension DepthwiseConv2D: PyTorchParameters {
  static var pyTorchNames: [String: String] { Dense.pyTorchNames }
}

extension LayerNorm: PyTorchParameters {
  static var pyTorchNames: [String: String] { ["gamma": "weight", "beta": "bias"] }
}

extension BatchNorm: PyTorchParameters {
  static var pyTorchNames: [String: String] {
    [
      "gamma": "weight", "beta": "bias", "running_mean": "running_mean",
      "running_variance": "running_var",
    ]
  }
}
