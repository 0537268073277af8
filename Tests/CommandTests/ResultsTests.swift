import FileTestSupport
import Foundation
import Maru
import Testing
import maru_cli

struct EvaluateTests {
  @Test func textHasTheFiguresTheReportAndTheMatrix() throws {
    let run = try StripesRun()
    let result = try Command.maru(["evaluate", run.path, "--dataset", run.data])
    expectSuccess(result)
    let first = try #require(result.outputLines.first)
    #expect(
      first.wholeMatch(of: /loss: 0\.\d{4} - accuracy: 1\.0000 over 20 test images/) != nil)
    // Every class has five images, all right: precision, recall, F1 and support, then the matrix.
    let words = result.outputLines.map { line in
      line.split { " │┃".contains($0) }.map(String.init)
    }
    for label in 0..<4 {
      let row = ["\(label)", "1.0000", "1.0000", "1.0000", "5"]
      #expect(words.contains(row), "\(result.output)")
      let counts = (0..<4).map { $0 == label ? "5" : "0" }
      #expect(words.contains(["\(label)"] + counts), "\(result.output)")
    }
  }

  @Test func jsonIsOneObject() throws {
    let run = try StripesRun()
    let result = try Command.maru(["evaluate", run.path, "--dataset", run.data, "--json"])
    expectSuccess(result)
    #expect(result.outputLines.count == 1)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(object.keys.sorted() == ["accuracy", "classes", "loss", "samples"])
    #expect(object["accuracy"] as? Double == 1 && object["samples"] as? Int == 20)
    let history = try run.folder.text(of: "run/history.json")
    // The same figures as at the end of training.
    #expect(history.contains("\"test_loss\" : \(try #require(object["loss"]))"))
  }
}

struct PredictTests {
  @Test func firstPredictionsAndTheScoreArePrinted() throws {
    let run = try StripesRun()
    let result = try Command.maru(
      ["predict", run.path, "--dataset", run.data, "--count", "12"])
    expectSuccess(result)
    #expect(result.outputLines.count == 13)
    for (index, line) in result.outputLines.dropLast().enumerated() {
      let label = index % 4
      let number = index < 10 ? " \(index)" : "\(index)"
      let pattern = try Regex("\(number)  ✓ \(label) [ \\d]\\d\\d%  \\(\(label)\\)")
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    }
    #expect(result.outputLines.last == "accuracy score: 1.0000")
  }

  @Test(arguments: [("0", 1), ("3", 4), ("9223372036854775807", 21)])
  func countIsHeeded(_ count: String, _ lines: Int) throws {
    let run = try StripesRun()
    let result = try Command.maru(
      ["predict", run.path, "--dataset", run.data, "--count", count])
    expectSuccess(result)
    #expect(result.outputLines.count == lines)
  }

  /// The floats behind the header of a `.npy` file of 20 rows and 4 columns.
  static func floats(_ file: Data) throws -> [Float] {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 4), }"
    try #require(file.count == 128 + 320)
    #expect(file[10..<10 + header.utf8.count] == Data(header.utf8))
    return stride(from: 128, to: 448, by: 4).map { offset in
      Float(
        bitPattern: file[offset..<offset + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
  }

  @Test func probabilitiesAreTheSoftmaxOfTheLogits() throws {
    let run = try StripesRun()
    let line = ["predict", run.path, "--dataset", run.data, "--output"]
    let plain = try Command.maru(line + [run.folder["p.npy"]])
    let scores = try Command.maru(line + [run.folder["s.npy"], "--logits"])
    expectSuccess(plain)
    // What is printed are probabilities either way.
    #expect(scores.output == plain.output)
    let probabilities = try Self.floats(run.folder.bytes(of: "p.npy"))
    let logits = try Self.floats(run.folder.bytes(of: "s.npy"))
    for row in stride(from: 0, to: 80, by: 4) {
      let exponentials = logits[row..<row + 4].map { exp(Double($0)) }
      let sum = exponentials.reduce(0, +)
      for column in 0..<4 {
        #expect(
          abs(exponentials[column] / sum - Double(probabilities[row + column])) < 1e-6)
      }
    }
    #expect(logits.contains { $0 < 0 || $0 > 1 })
  }
}

struct DataTests {
  @Test func listNamesEveryDataSetAndItsPlace() throws {
    let folder = try TemporaryFolder()
    let result = try Command.maru(["data", "list", "--data-directory", folder.path])
    expectSuccess(result)
    // Where Fashion-MNIST is depends on the machine: Debian has a package of it.
    let lines = result.outputLines
    #expect(lines.count == 6)
    #expect(
      lines[0] == "mnist          handwritten digits, by LeCun, Cortes and Burges, CC BY-SA 3.0")
    #expect(lines[1] == "               not found; get it by: maru data fetch mnist")
    #expect(lines[2] == "fashion-mnist  photographs of clothes, by Zalando, MIT")
    #expect(lines[4] == "digits         handwritten-looking digits, drawn by a program")
    #expect(lines[5] == "               generated when used (54.9 MB)")
    for name in Stripes.names { try folder.write([0, 0, 8, 1], to: "mnist/\(name)") }
    let found = try Command.maru(
      ["data", "list"], environment: ["MARU_DATA": folder.path])
    expectSuccess(found)
    #expect(found.outputLines.dropFirst().first == "               \(folder.path)/mnist (0.0 MB)")
  }

  @Test func showCountsEachClass() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(["data", "show", data])
    expectSuccess(result)
    #expect(
      result.output == """
        \(data): 80 training and 20 test images of 4×5, 4 classes
        training images [80, 4, 5], labels [80]
        test images [20, 4, 5], labels [20]
        class  training    test
        0  0        20       5
        1  1        20       5
        2  2        20       5
        3  3        20       5

        """)
  }

  /// A pipe gets characters: the bright row of each image, two rows per line.
  @Test func showDrawsImagesInTheTerminal() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      ["data", "show", data, "--count", "5"], environment: ["COLUMNS": "27"])
    expectSuccess(result)
    let lines = result.outputLines
    try #require(lines.count == 7)
    #expect(lines[0] == "0      1      2      3" && lines[3] == "" && lines[4] == "0")
    let bright = Array(lines[1...2]).map { line in line.map { "-=+*#%@".contains($0) } }
    for image in 0..<4 {
      let columns = image * 7..<image * 7 + 5
      for (line, shades) in bright.enumerated() {
        #expect(columns.allSatisfy { shades[$0] == (line == image / 2) }, "\(result.output)")
      }
    }
    let one = try Command.maru(["data", "show", data, "--index", "3"])
    expectSuccess(one)
    #expect(one.outputLines.count == 3 && one.outputLines[0] == "3")
    // No more than there are.
    let all = try Command.maru(["data", "show", data, "--count", "1000"])
    #expect(all.outputLines.filter { $0.contains("0") }.joined().count { $0 == "0" } == 20)
  }

  /// Both mirrors are asked through a proxy that is not there, so that no network is needed.
  @Test func fetchThatFailsNamesTheMirrorsAndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let proxy = "http://127.0.0.1:1"
    let result = try Command.maru(
      ["data", "fetch", "mnist", "--data-directory", folder["cache"]],
      environment: ["https_proxy": proxy, "http_proxy": proxy, "no_proxy": ""])
    #expect(result.exitCode == 74 && result.output == "")
    #expect(result.errorLines.count == 1)
    #expect(
      result.errors.hasPrefix(
        "maru: error: mnist/train-images-idx3-ubyte.gz: no mirror delivered it: https://"))
    #expect(!folder.contents.contains { $0.contains("mnist") })
  }

  /// The proxy takes the connection and says nothing; the interrupt comes once the folder is there.
  @Test func interruptedFetchEndsWith130AndLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let server = try SilentServer()
    let result = try Command.shell(
      #"https_proxy="$1" "$0" data fetch mnist --data-directory "$2" & "#
        + #"until [ -d "$2/mnist" ]; do sleep 0.05; done; kill -INT $!; wait $!"#,
      ["http://127.0.0.1:\(server.port)", folder.path])
    expectFailure(result, 130, "mnist: cancelled")
    #expect(folder.contents == [])
  }

  @Test func fetchWithoutAPlaceIsRefused() throws {
    let result = try Command.maru(["data", "fetch", "mnist"], environment: ["HOME": ""])
    expectFailure(result, 64, "data fetch: no HOME for a cache; expected --data-directory DIR")
  }
}

/// A port on loopback that takes connections and never answers.
private final class SilentServer {
  private let descriptor: Int32
  let port: Int

  init() throws {
    #if os(Linux)
      let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let socket = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &size) == 0
      }
    }
    descriptor = socket
    port = Int(UInt16(bigEndian: address.sin_port))
    try #require(isBound, "no port on loopback")
  }

  deinit { close(descriptor) }
}

struct MachineTests {
  @Test func doctorPrintsItsRows() throws {
    let result = try Command.maru("doctor")
    expectSuccess(result)
    try #require(result.outputLines.count >= 10)
    let labels = [
      "processor", "features", "usable processors", "load", "OpenBLAS", "parallel mode", "kernels",
      "threads", "peak", "sgemm 1024×1024",
    ]
    #expect(result.outputLines.prefix(10).map { $0.prefix(18).trimmed } == labels)
    #expect(
      result.outputLines[3].contains(
        #/ others use \d+\.\d of \d+ processors, load average \d+\.\d\d$/#))
    #expect(result.outputLines[4].contains("OpenBLAS 0."))
    let peak = try #require(result.outputLines[8].firstMatch(of: #/ ([\d.]+) GFLOP/s/#))
    let reached = try #require(
      result.outputLines[9].firstMatch(of: #/ (\d+) % of the peak, ([\d.]+) GFLOP/s$/#))
    let figures = [peak.1, reached.1, reached.2].compactMap { Double($0) }
    try #require(figures.count == 3)
    #expect(abs(figures[2] / figures[0] - figures[1] / 100) < 0.006)
  }

  @Test func affinityLimitsTheThreads() throws {
    let result = try Command.shell("taskset -c $(taskset -cp $$ | sed 's/.*[ ,-]//') $0 doctor", [])
    expectSuccess(result)
    #expect(result.output.contains("\nusable processors  1 (affinity 1, "))
    #expect(result.output.contains("\nthreads            1\n"))
  }

  /// The family whose kernels every processor runs.
  #if arch(x86_64)
    private static let oldest = "Prescott"
  #else
    private static let oldest = "ARMV8"
  #endif

  @Test func chosenKernelsAreRespected() throws {
    let chosen = ["OPENBLAS_CORETYPE": Self.oldest]
    let information = try Command.benchmarks("info", environment: chosen)
    #expect(information.output.lowercased().contains("\nkernels: \(Self.oldest.lowercased()), "))
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      Command.words("train --layers 4:softmax --epochs 2 --progress none")
        + ["--dataset", data, "--output", folder["run"]],
      environment: chosen)
    expectSuccess(result)
    #expect(
      try folder.text(of: "run/history.json").lowercased()
        .contains("\"core\" : \"\(Self.oldest.lowercased())\""))
  }

  /// A program that has no name any more starts anew with the right kernels all the same.
  @Test func aRemovedProgramFindsTheSameKernels() throws {
    let folder = try TemporaryFolder()
    let kernels = { (result: ProcessResult) in
      try #require(result.outputLines.first { $0.hasPrefix("kernels ") }, "\(result)")
    }
    let named = try Command.maru("doctor")
    let removed = try Command.shell(
      #"cp "$0" "$1" && exec 3<"$1" && rm "$1" && exec /proc/self/fd/3 doctor"#, [folder["maru"]])
    #expect(try kernels(removed) == kernels(named))
  }

  /// Where the processor has wider vectors than the kernels; the gain is told where it is worth it.
  @Test func olderKernelsAreTold() throws {
    let chosen = ["OPENBLAS_CORETYPE": Self.oldest]
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let line = Command.words("train --layers 4:softmax --epochs 1 --progress lines")
    let outputs = [
      try Command.maru(["doctor"], environment: chosen).outputLines,
      try Command.maru(line + ["--dataset", data], environment: chosen).errorLines,
    ]
    let pattern =
      /OpenBLAS uses its \w+ kernels; set OPENBLAS_CORETYPE=(SkylakeX|Haswell) for faster ones(: [\d.]+ times as fast on one thread in dgemm 256×256)?/
    let recommended = OpenBLAS.recommendedCore(
      inPlaceOf: Self.oldest, version: [0, 3, 21], extensions: OpenBLAS.extensions)
    for lines in outputs {
      let advice = lines.compactMap { $0.wholeMatch(of: pattern) }.first
      #expect(advice.map { String($0.1) } == recommended, "\(lines)")
    }
  }

  @Test(arguments: [
    (nil, "advice"), (0.4, "advice"), (1.049, "advice"),
    (1.05, "advice: 1.1 times as fast on one thread in dgemm 256×256"),
    (5.92, "advice: 5.9 times as fast on one thread in dgemm 256×256"),
  ])
  func onlyAGainThatCountsIsTold(_ gain: Double?, _ line: String) {
    #expect(KernelGain.line("advice", gain: gain) == line)
  }

}

extension Substring {
  fileprivate var trimmed: String {
    String(trimmingPrefix(" ").reversed().drop { $0 == " " }.reversed())
  }
}
