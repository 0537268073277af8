/// A layer of units that may have a bias, and whose `weight` has for each unit a number for each value of
/// its input, or of a window over it: so they can be in another order if the values are.
package protocol UnitLayer: Layer {
  /// The same layer with a bias or without one.
  func with(bias: Bool) -> Self
}

extension Dense: UnitLayer {
  package func with(bias: Bool) -> Dense { Dense(units, bias: bias, l2: l2) }
}

extension Conv2D: UnitLayer {
  package func with(bias: Bool) -> Conv2D { Conv2D(filters, window, bias: bias, l2: l2) }
}

extension DepthwiseConv2D: UnitLayer {
  package func with(bias: Bool) -> DepthwiseConv2D { DepthwiseConv2D(window, bias: bias, l2: l2) }
}

/// A layer that in inference gives `factor·x + offset`, with numbers for each unit of the layer before.
package protocol UnitScale: Layer {
  /// The factors and the offsets of the layer with its parameters and its state.
  func scale(_ parameters: [Tensor], _ state: [Tensor]) -> [(factor: Double, offset: Double)]
}

extension BatchNorm: UnitScale {
  package func scale(
    _ parameters: [Tensor], _ state: [Tensor]
  ) -> [(factor: Double, offset: Double)] {
    (0..<parameters[0].count).map { unit in
      let variance = Double(state[1][unit]) + Double(epsilon)
      let factor = Double(parameters[0][unit]) / variance.squareRoot()
      return (factor, Double(parameters[1][unit]) - factor * Double(state[0][unit]))
    }
  }
}

/// What is left of a layer that another has taken over: `Y = X`.
package struct Absorbed: Layer {
  package init() {}

  package func plan(_ input: Shape, _ context: PlanContext) -> LayerPlan {
    var plan = LayerPlan(output: input)
    plan.layout = nil
    return plan
  }
}

/// A layer made of others, one after the other.
package protocol LayerChain: Layer {
  var layers: [any Layer] { get }
  init(_ layers: [any Layer])
}

extension Residual: LayerChain {}

/// A layer with what it has learned.
package struct LearnedLayer {
  package let layer: any Layer
  package let parameters, state: [Tensor]

  package init(layer: any Layer, parameters: [Tensor], state: [Tensor]) {
    (self.layer, self.parameters, self.state) = (layer, parameters, state)
  }

  /// The layer with each unit scaled and moved as another layer does it.
  fileprivate func scaled(_ scale: [(factor: Double, offset: Double)]) -> LearnedLayer? {
    guard let layer = layer as? any UnitLayer, let weight = parameters.first,
      weight.shape[0] == scale.count
    else { return nil }
    let columns = weight.count / scale.count
    let scaled = Tensor(shape: weight.shape) { target in
      weight.withUnsafeBufferPointer { source in
        for index in target.indices {
          target[index] = Float(Double(source[index]) * scale[index / columns].factor)
        }
      }
    }
    let bias = scale.indices.map { unit in
      let before = parameters.count == 2 ? Double(parameters[1][unit]) : 0
      return Float(before * scale[unit].factor + scale[unit].offset)
    }
    return LearnedLayer(
      layer: layer.with(bias: true), parameters: [scaled, Tensor(bias)], state: [])
  }
}

extension [LearnedLayer] {
  /// The same function in inference, within rounding, with layers that scale taken over by those before
  /// them; each keeps its place.
  package var folded: [LearnedLayer] {
    var (result, units) = (self, Int?.none)
    for index in indices {
      if let scale = self[index].layer as? any UnitScale, let before = units,
        let scaled = result[before].scaled(scale.scale(self[index].parameters, self[index].state))
      {
        result[before] = scaled
        result[index] = LearnedLayer(layer: Absorbed(), parameters: [], state: [])
      } else {
        units = self[index].layer is any UnitLayer ? index : nil
      }
    }
    return result
  }
}
