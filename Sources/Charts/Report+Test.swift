import Text
import Training

extension Report {
  /// What the model makes of the test samples.
  func testing(_ matrix: ConfusionMatrix) -> HTML {
    """
    <section>
    <h2>On \(matrix.sampleCount.grouped) test \(dataset.noun)</h2>
    <h3>Precision and recall</h3>
    \(classes(matrix))
    <h3>Confusion matrix</h3>
    \(confusion(matrix))
    <h3>First predictions</h3>
    \(shown(first, pictures.predictions))
    <h3>Most confident mistakes</h3>
    \(mistakes.isEmpty ? "<p>There are none.</p>" : shown(mistakes, pictures.mistakes))
    </section>
    """
  }

  /// What scikit-learn's `classification_report` tells; of many classes, of the worst.
  private func classes(_ matrix: ConfusionMatrix) -> HTML {
    let samples = matrix.sampleCount.grouped
    let shown = matrix.shownClasses
    let table = HTMLTable(
      columns: [
        ("class", false), ("precision", true), ("recall", true), ("F1", true), ("support", true),
      ],
      rows: shown.map { label in
        [dataset.classNames[label]] + matrix.figures(label).map { $0.fixed(4) }
          + [matrix.support(label).grouped]
      },
      foot: [
        ["macro average"] + matrix.macroFigures.map { $0.fixed(4) } + [samples],
        ["accuracy", "", "", matrix.accuracy.fixed(4), samples],
      ])
    if !matrix.isLarge { return table.html }
    return """
      <p>Of \(matrix.classCount.grouped) classes the \("\(shown.count)") of the lowest F1; the means \
      are over all.</p>
      \(table.html)
      """
  }

  /// The matrix; of many classes, the pairs that were confused most often.
  private func confusion(_ matrix: ConfusionMatrix) -> HTML {
    if !matrix.isLarge { return whole(matrix) }
    let names = dataset.classNames
    let pairs = matrix.shownPairs
    if pairs.isEmpty { return "<p>No class was taken for another.</p>" }
    return HTMLTable(
      columns: [
        ("most often confused", false), ("predicted", false), ("count", true),
        ("of the class", true),
      ],
      rows: pairs.map { pair in
        [
          names[pair.label], names[pair.prediction], pair.count.grouped,
          "\((100 * matrix.shareOfClass(pair)).fixed(1)) %",
        ]
      }
    ).html
  }

  private func whole(_ matrix: ConfusionMatrix) -> HTML {
    let names = dataset.classNames
    // Long names stand upright above their columns.
    let style = names.contains { $0.count > 3 } ? "confusion long" : "confusion"
    let heads = names.map { "<th scope=\"col\"><span>\($0)</span></th>" as HTML }
    let rows = matrix.counts.enumerated().map { label, counts in
      let cells = names.indices.map { cell(label, $0, counts[$0], of: matrix.support(label)) }
      return "<tr>\n<th scope=\"row\">\(names[label])</th>\n\(cells)\n</tr>" as HTML
    }
    return """
      <div class="wide">
      <table class="\(style)">
      <caption>A row is a true class, a column a predicted one. Right is blue and wrong orange, \
      the deeper the larger the share of the row.</caption>
      <thead><tr>
      <td></td>
      \(heads)
      </tr></thead>
      <tbody>
      \(rows)
      </tbody>
      </table>
      </div>
      """
  }

  private func cell(_ label: Int, _ predicted: Int, _ count: Int, of support: Int) -> HTML {
    let share = Double(count) / Double(max(1, support))
    // A root, so that the few wrong ones among many show.
    let depth = (100 * share.squareRoot()).rounded()
    let style =
      switch (label == predicted, count) {
      case (_, 0): "zero"
      case (true, _): depth > 75 ? "hit deep" : "hit"
      case (false, _): "miss"
      }
    return "<td class=\"\(style)\" style=\"--depth: \(depth.fixed(0))%\">\(count.grouped)</td>"
  }

  /// A picture of predictions, and what it shows as a table, opened where there is no picture.
  private func shown(_ predictions: [Prediction], _ picture: String?) -> HTML {
    let table = HTMLTable(
      columns: [
        (String(dataset.noun.dropLast()), true), ("predicted", false), ("probability", true),
        ("true class", false), ("right", false),
      ],
      rows: predictions.map { prediction in
        let names = dataset.classNames
        return [
          "\(prediction.index)", names[prediction.predicted],
          "\((100 * prediction.confidence).fixed(1)) %", names[prediction.label],
          prediction.predicted == prediction.label ? "✓" : "✗",
        ]
      })
    return """
      \(grid(picture, predictions))
      <details\(picture == nil ? " open=\"\"" : "" as HTML)>
      <summary>As a table</summary>
      \(table.html)
      </details>
      """
  }

  // MARK: Numbers

  /// How far the predictions of numbers are from the truth.
  func testing(_ scores: RegressionScores) -> HTML {
    let names = Self.targetNames(of: dataset)
    let row = { (name: String, figures: RegressionScores.Figures) in
      [name, figures.mae.significant(5), figures.rmse.significant(5), figures.r2.fixed(4)]
    }
    let table = HTMLTable(
      columns: [
        ("target", false), ("mean absolute error", true), ("root mean squared error", true),
        ("R²", true),
      ],
      rows: zip(names, scores.targets).map(row),
      foot: names.count > 1 ? [row("mean", scores.mean)] : [])
    return """
      <section>
      <h2>On \(dataset.test.count.grouped) test \(dataset.noun)</h2>
      \(table.html)
      \(pictures.targets.map(shown))
      </section>
      """
  }

  private func shown(_ target: (name: String, againstTruth: String?, residuals: String?)) -> HTML {
    let most = PredictedNumbers.mostPoints
    let part = dataset.test.count > most ? ", of at most \(most.grouped) \(dataset.noun)" : ""
    return """
      <h3>\(target.name)</h3>
      <div class="columns">
      \(figure(target.againstTruth, "\(target.name): predicted against true\(part)"))
      \(figure(target.residuals, "\(target.name): predicted minus true, against predicted\(part)"))
      </div>
      """
  }
}
