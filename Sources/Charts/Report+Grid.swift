import Text

extension Report {
  /// A picture of predictions cut at its cells, so that as many of them stand side by side as the
  /// page has room for; nothing where there is no picture, or where there are no predictions.
  func grid(_ picture: String?, _ predictions: [Prediction]) -> HTML {
    guard let picture, !predictions.isEmpty,
      let canvas = picture.firstMatch(of: #/<g id="([\w-]+-gnuplot_canvas)"/#)?.1
    else { return "" }
    let cells = Chart.predictionCells(predictions.count, dataset.test.images.shape)
    let views = predictions.enumerated().map { position, prediction -> HTML in
      let (x, y) = cells.place(position)
      let left = x - (cells.pitch - cells.width) / 2
      let box = [left, y - 4, cells.pitch, cells.height + 42].map { $0.fixed(1) }
      let names = [prediction.predicted, prediction.label].map { dataset.classNames[$0] }
      return """
        <svg role="img" aria-label="\(prediction.isRight ? "✓" : "✗") \(names[0]) (\(names[1]))" \
        viewBox="\(box.joined(separator: " "))"><use href="#\(String(canvas))"/></svg>
        """
    }
    return """
      <figure class="grid">
      <div class="source" aria-hidden="true">
      \(HTML(stringLiteral: picture))
      </div>
      <div class="cells">
      \(views)
      </div>
      <figcaption>✓ and blue: right, ✗ and red: wrong; in brackets the true class. The bars are the \
      probability of \(Chart.classesWithBars(of: dataset.classNames.count)), 0 to 1, the true one \
      blue.</figcaption>
      </figure>
      """
  }
}
