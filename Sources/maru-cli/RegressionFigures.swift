import Maru

extension Sequential {
  /// The loss and the metrics over samples. Of numbers these are the errors in the units of the data,
  /// for which the model is compiled anew.
  func scored(_ part: LabelledImages, _ preparation: Preparation?) throws -> Figures {
    guard part.targets != nil else { return try evaluate(part.images, part.goal) }
    let unit = Double(preparation?.label.deviation ?? 1)
    let errors: [any Metric] = [MeanAbsoluteError(), RootMeanSquaredError()]
    compile(optimizer: .sgd(), loss: .meanSquaredError, metrics: errors + [R2()])
    let inUnits = Set(errors.map(\.name))
    return Figures(
      try evaluate(part.images, part.goal).map { name, value in
        (name, inUnits.contains(name) ? value * unit : value)
      })
  }
}
