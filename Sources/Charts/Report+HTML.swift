import Foundation
import Text
import Training

extension Report {
  /// The report as one HTML file, which needs no other file, no network and no script.
  public func html() -> String {
    let document: HTML = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>\(title)</title>
      <style>
      \(HTML(stringLiteral: ReportStyle.css))
      </style>
      </head>
      <body>
      <header>
      <h1>\(title)</h1>
      <p class="soft">\(dataset.overview)</p>
      <p class="soft"><time>\(date.formatted(Self.dateStyle))</time>, Maru \(Release.version)</p>
      \(command.map { ["<pre><code>\($0)</code></pre>"] } ?? [])
      \(headline)
      </header>
      <main>
      \([training, matrix.map(testing), scores.map(testing), network, circumstances].compactMap { $0 })
      </main>
      <footer><p class="soft">Written by Maru.</p></footer>
      </body>
      </html>

      """
    return document.markup
  }

  private static let dateStyle = Date.ISO8601FormatStyle(dateTimeSeparator: .space)

  private var title: String { "Training on \(dataset.name)" }

  /// What one looks for first.
  private var headline: HTML {
    let quality =
      matrix.map { [("test accuracy", "\((100 * $0.accuracy).fixed(2)) %")] }
      ?? test.filter { $0.name != "loss" }.map { ("test \($0.name)", $0.value.significant(5)) }
    let figures =
      quality + [
        ("test loss", test.loss.fixed(4)),
        ("epochs", "\(history.epochs.count)"),
        ("training time", "\(history.seconds.reduce(0, +).fixed(2)) s"),
        ("parameters", model.parameterCount.grouped),
      ]
    let items = figures.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>" as HTML }
    return "<dl class=\"figures\">\n\(items)\n</dl>"
  }

  // MARK: Training

  private var training: HTML {
    let stop = history.stopReason.map { "<p>Training ended early: \($0).</p>" as HTML }
    let note = pictureError.map { "<p class=\"note\">\($0.description)</p>" as HTML }
    return """
      <section>
      <h2>Training</h2>
      \([stop, note].compactMap { $0 })
      <div class="columns">
      \(figure(pictures.narrowAccuracy, course("accuracy")))
      \(figure(pictures.narrowLoss, course("loss")))
      </div>
      <details>
      <summary>The figures of every epoch</summary>
      \(epochs)
      </details>
      </section>
      """
  }

  /// How a figure changed over the epochs, in words.
  private func course(_ name: String) -> String {
    let parts = [("training", name), ("validation", "val_" + name)]
    let courses = parts.compactMap { part, name -> String? in
      let values = history[name]
      guard let first = values.first, let last = values.last else { return nil }
      return "\(part) from \(first.fixed(4)) to \(last.fixed(4))"
    }
    return "\(name): \(courses.joined(separator: ", "))"
  }

  private var epochs: HTML {
    let columns = ["epoch"] + history.names + ["seconds"]
    return HTMLTable(
      columns: columns.map { ($0, true) },
      rows: history.epochs.map { record in
        ["\(record.epoch)"] + record.values.map { $0.value.fixed(4) } + [record.seconds.fixed(3)]
      }
    ).html
  }

  /// A picture with a line below it; nothing where there is no picture.
  func figure(_ picture: String?, _ caption: String) -> HTML {
    guard let picture else { return "" }
    return """
      <figure>
      \(HTML(stringLiteral: picture))
      <figcaption>\(caption)</figcaption>
      </figure>
      """
  }

  // MARK: Model, settings and machine

  private var network: HTML {
    let layers = model.layerSummaries
    let table = HTMLTable(
      columns: [
        ("layer (type)", false), ("output shape", false), ("parameters", true),
        ("operations", true),
      ],
      rows: layers.map {
        [$0.title, $0.outputShape, $0.parameterCount.grouped, Int($0.operations).grouped]
      },
      foot: [
        [
          "total", "", layers.reduce(0) { $0 + $1.parameterCount }.grouped,
          Int(layers.reduce(0) { $0 + $1.operations }).grouped,
        ]
      ])
    return """
      <section>
      <h2>Model</h2>
      \(table.html)
      </section>
      """
  }

  /// The machine's name, as it calls itself.
  private static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private var circumstances: HTML {
    let machine = [
      ("host", Self.host),
      ("processor", Processors.name ?? "unknown"),
      ("usable processors", "\(Processors.usable)"),
      ("threads", "\(model.threads)"),
      ("BLAS", OpenBLAS.buildDescription),
      ("kernels", OpenBLAS.coreName),
    ]
    let parts = [("Settings", settings.map { ($0, $1) }), ("Machine", machine)]
    let sections = parts.filter { !$0.1.isEmpty }.map { title, pairs -> HTML in
      let rows = pairs.map { "<tr><th scope=\"row\">\($0)</th><td>\($1)</td></tr>" as HTML }
      return """
        <section>
        <h2>\(title)</h2>
        <table class="pairs">
        \(rows)
        </table>
        </section>
        """
    }
    return "<div class=\"columns\">\n\(sections)\n</div>"
  }
}
