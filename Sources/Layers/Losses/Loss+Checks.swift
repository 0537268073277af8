extension Loss {
  /// Traps where outputs and gradient are not of one shape without gaps, or targets not of theirs.
  func check(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, _ gradient: MatrixView<Float>,
    _ type: StaticString
  ) {
    require(
      outputs.isContiguous && gradient.isContiguous && outputs.rows == gradient.rows
        && outputs.columns == gradient.columns,
      "\(type): expected outputs and gradient of one shape without gaps, got \(outputs.rows)×\(outputs.columns), stride \(outputs.stride), and \(gradient.rows)×\(gradient.columns), stride \(gradient.stride)"
    )
    require(
      targets.columns == outputs.columns,
      "\(type): expected \(outputs.columns) targets per row, got \(targets.columns)")
  }

  /// The target values, for a loss that takes no labels; traps where there are none as well.
  func checkedValues(
    _ outputs: MatrixView<Float>, _ targets: TargetRows, _ gradient: MatrixView<Float>,
    _ type: StaticString
  ) -> UnsafePointer<Float> {
    check(outputs, targets, gradient, type)
    guard let values = targets.values else {
      fatalError("\(type): expected values as targets, got labels")
    }
    return values
  }
}
