import FileTestSupport
import Foundation
import Testing

/// The page that `train` leaves; what is on it is tested with the library.
struct ReportCommandTests {
  @Test func runHasAReportOfItsSettingsAndFigures() throws {
    let run = try StripesRun(layers: "8:relu,4:softmax", more: "--split shuffled --threads 1")
    let html = try run.folder.text(of: "run/report.html")
    #expect(html.hasPrefix("<!DOCTYPE html>\n") && html.hasSuffix("</html>\n"))
    // Two curves, the grid of the first predictions and its 15 cells; there are no mistakes.
    #expect(html.components(separatedBy: "<svg ").count == 1 + 2 + 1 + 15)
    #expect(html.contains("<p>There are none.</p>"))
    for (name, value) in [
      ("layers", "8:relu,4:softmax"), ("optimizer", "sgd"), ("learning rate", "0.5"),
      ("batch size", "16"), ("steps per epoch", "4"), ("epochs", "20"), ("seed", "1"),
      ("validation", "shuffled, 0.2 of the training images"), ("threads", "1"),
    ] {
      #expect(html.contains("<tr><th scope=\"row\">\(name)</th><td>\(value)</td></tr>"), "\(name)")
    }
    let summary = try run.folder.text(of: "run/summary.txt")
    let loss = try #require(summary.firstMatch(of: /test loss: (\S+)/)).1
    #expect(html.contains("<dt>test loss</dt><dd>\(loss)</dd>"))
  }

  @Test func reportHasTheCommandThatMadeIt() throws {
    let run = try StripesRun(more: "--threads 1")
    let html = try run.folder.text(of: "run/report.html")
    let command = try #require(html.firstMatch(of: #/<code>maru (.*)</code>/#)).1
    #expect(command.hasPrefix("train --layers 4:softmax --epochs 20 --learning-rate 0.5"))
    #expect(command.hasSuffix("--threads 1 --dataset \(run.data) --output \(run.path)"))
    let version = try Command.maru("--version").outputLines[0]
    #expect(html.contains("</time>, Maru \(version)</p>"))
    #expect(html.contains("<th scope=\"row\">host</th>"))
  }

  @Test func withoutGnuplotTheReportSaysWhatToInstall() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let line = "apt install gnuplot-nox"
    for mode in ["lines", "none", "json"] {
      let result = try Command.maru(
        Command.words("train --layers 4:softmax --epochs 1 --progress \(mode)")
          + ["--dataset", data, "--output", folder[mode]],
        environment: ["PATH": folder.path])
      #expect(result.exitCode == 0)
      // JSON is for programs, which can see that there are no pictures.
      let told = result.errorLines.filter { $0.hasPrefix("no pictures: ") && $0.hasSuffix(line) }
      #expect(told.count == (mode == "json" ? 0 : 1), "\(result.errors)")
      let html = try folder.text(of: "\(mode)/report.html")
      #expect(html.contains(line) && !html.contains("<svg"))
      #expect(html.contains("<h3>Confusion matrix</h3>"))
    }
  }

  @Test func namesOfAPathStayText() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let name = "<script>'한글'<"
    try FileManager.default.moveItem(atPath: data, toPath: folder[name])
    let result = try Command.shell(
      #"cd "$1" && exec "$0" train --dataset "./$2" --layers 4 --epochs 1 --progress none --output r"#,
      [folder.path, name])
    expectSuccess(result)
    let html = try folder.text(of: "r/report.html")
    #expect(html.contains("<title>Training on ./&lt;script&gt;&#39;한글&#39;&lt;</title>"))
    #expect(!html.contains("<script"))
  }
}
