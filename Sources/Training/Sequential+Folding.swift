import Layers

extension Sequential {
  /// A copy, not compiled, that computes the same in inference, within rounding, with less work: batch
  /// normalisation behind layers of weights becomes part of these. All layers keep their places.
  package func folded() -> Sequential {
    var reader = Reader(parameters: weights[...], state: nonTrainableWeights[...])
    let folded = reader.layers(layers, inputShape).folded
    do {
      let copy = try Sequential(inputShape: inputShape, folded.map(\.layer), seed: seed)
      copy.weights = folded.flatMap(\.parameters)
      copy.nonTrainableWeights = folded.flatMap(\.state)
      copy.threads = threads
      return copy
    } catch {
      fatalError("Sequential.folded: expected layers to plan as they did before, got \(error)")
    }
  }
}

/// Gives layers what they have learned, in their order.
private struct Reader {
  var parameters, state: ArraySlice<Tensor>

  mutating func layers(_ layers: [any Layer], _ input: Shape) -> [LearnedLayer] {
    var shape = input
    return layers.map { layer in
      guard let plan = try? layer.plan(shape, PlanContext(samples: 1, parts: 1)) else {
        fatalError("Sequential.folded: expected layers to plan as they did before")
      }
      defer { shape = plan.output }
      if let chain = layer as? any LayerChain {
        let inner = self.layers(chain.layers, shape).folded
        return LearnedLayer(
          layer: type(of: chain).init(inner.map(\.layer)),
          parameters: inner.flatMap(\.parameters), state: inner.flatMap(\.state))
      }
      return LearnedLayer(
        layer: layer, parameters: take(plan.count(\.parameters), \.parameters),
        state: take(plan.count(\.state), \.state))
    }
  }

  private mutating func take(
    _ count: Int, _ list: WritableKeyPath<Reader, ArraySlice<Tensor>>
  ) -> [Tensor] {
    defer { self[keyPath: list] = self[keyPath: list].dropFirst(count) }
    return Array(self[keyPath: list].prefix(count))
  }
}
