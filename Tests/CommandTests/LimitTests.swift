import FileTestSupport
import Foundation
import Maru
import Testing

import maru_cli

/// What the system refuses the command, and processors that cannot do what they are told.
@Suite("the command where the system refuses") struct LimitTests {
  private let folder: TemporaryFolder
  /// A training of some steps; no program that draws is there.
  private let train: String

  init() throws {
    folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    train =
      #"env PATH= "$0" train --dataset \#(data) --layers 260:relu,4:softmax --epochs 2 --seed 1 "#
  }

  // MARK: Address space

  /// From too little for one thread to plenty; in between OpenBLAS used to wait for ever.
  @Test(arguments: [170_000, 240_000, 300_000, 400_000, 500_000, 600_000])
  func addressSpaceIsEnoughOrRefusedInALine(_ kilobytes: Int) throws {
    let result = try Command.shell(
      #"ulimit -v \#(kilobytes); exec \#(train) --progress none --threads 2"#, [])
    if result.exitCode == 0 { return expectSuccess(result) }
    #expect(result.exitCode == 64 && result.output == "")
    let line =
      /maru: error: .* (are left for that|of memory) \(ulimit -v (\d+)\)(; raise the limit)?\n/
    let match = try #require(result.errors.wholeMatch(of: line), "\(result.errors)")
    #expect(match.2 == "\(kilobytes)")
    #expect(kilobytes < 600_000)
  }

  /// Every command that multiplies, on as many images as MNIST has, has enough at all bounds from one
  /// on, and says in a line that it has not at all below, whatever of its memory is refused.
  @Test(
    arguments: [
      "train --exercise mlp --batch-size 512 --epochs 1 --progress none --dataset $1 --threads 2",
      "train --exercise mlp --batch-size 512 --epochs 1 --progress none --dataset $1 --threads 8",
      "fit-linear --ridge 1 --dataset $1", "evaluate $2 --dataset $1",
      "predict $2 --dataset $1 --count 1", "doctor",
    ])
  func anyAddressSpaceIsEnoughOrToldInALine(_ line: String) throws {
    let arguments = [try largeData(), folder["m"]]
    let model = try Sequential(inputShape: [28, 28], [Flatten(), Dense(10), Softmax()], seed: 1)
    try ModelFile(model).write(to: arguments[1])
    var successes = 0
    for kilobytes in [150, 200, 250, 310, 350, 390, 440, 520, 600, 700, 800].map({ $0 * 1_000 }) {
      let result = try Command.shell(
        #"ulimit -v \#(kilobytes); exec "$0" \#(line)"#, arguments)
      if result.exitCode == 0 {
        successes += 1
        continue
      }
      #expect([64, 74].contains(result.exitCode) && successes == 0, "\(kilobytes)")
      let expected =
        /maru: error: .*(are left for that|of memory|are refused) \(ulimit -v (\d+)\)(; raise the limit)?\n/
      let match = try #require(
        result.errors.wholeMatch(of: expected), "\(kilobytes): \(result.errors)")
      #expect(match.2 == "\(kilobytes)" && result.output == "")
    }
    #expect(successes >= 5)
  }

  /// 60,000 black images of ten classes, and 10,000.
  private func largeData() throws -> String {
    for (part, count) in [("train", 60_000), ("t10k", 10_000)] {
      let images = try folder.write(
        idx([count, 28, 28], []), to: "large/\(part)-images-idx3-ubyte")
      #expect(truncate(images, 16 + count * 784) == 0)
      try folder.write(
        idx([count], (0..<count).map { UInt8($0 % 10) }), to: "large/\(part)-labels-idx1-ubyte")
    }
    return folder["large"]
  }

  @Test func commandsThatDoNotMultiplyNeedNone() throws {
    let result = try Command.shell(#"ulimit -v 150000; exec "$0" --version"#, [])
    expectSuccess(result)
    #expect(result.output == "0.1.0\n")
  }

  @Test func layersAreRefusedByTheBoundsOfTheProcess() throws {
    let result = try Command.shell(
      #"ulimit -v 600000; exec \#(train) --threads 1 --layers 40000,4000,4:softmax"#, [])
    #expect(result.exitCode == 64 && result.output == "")
    let line =
      /maru: error: --layers: these layers and this batch size take at least [12].\d GB, there are \d+ MB of memory \(ulimit -v 600000\)\n/
    #expect(result.errors.wholeMatch(of: line) != nil, "\(result.errors)")
  }

  /// What OpenBLAS takes counts, too: of 24 MB of weights two or four arenas, and in the end a copy, fit
  /// below the bound, but not beside that.
  @Test(arguments: ["sgd", "adam"], [250_000, 300_000, 350_000, 500_000])
  func layersHaveRoomOrAreRefusedBesideOpenBLAS(_ optimizer: String, _ kilobytes: Int) throws {
    let rows = (0..<2_000).map { "\($0 % 7),\($0 % 11),\($0 / 400)\n" }.joined()
    let table = try folder.write(Array(rows.utf8), to: "table.csv")
    let result = try Command.shell(
      #"ulimit -v \#(kilobytes); exec "$0" train --dataset "$1" --layers 3000:relu,2000:relu,5 "#
        + "--optimizer \(optimizer) --epochs 1 --progress none", [table])
    if result.exitCode == 0 { return expectSuccess(result) }
    #expect(result.exitCode == 64 && result.output == "" && kilobytes < 500_000)
    let line =
      /maru: error: .*(are left for that|of memory) \(ulimit -v \d+\)(; raise the limit)?\n/
    #expect(result.errors.wholeMatch(of: line) != nil, "\(result.errors)")
  }

  /// An allocation that nobody foresaw, of 400 MB of text.
  @Test func memoryThatIsRefusedIsToldInALine() throws {
    let table = try folder.write([], to: "table.csv")
    #expect(truncate(table, 400_000_000) == 0)
    let result = try Command.shell(
      #"ulimit -v 300000; exec "$0" data show "$1""#, [table])
    #expect(result.exitCode == 74 && result.output == "")
    let line =
      /maru: error: out of memory: \d+ bytes more are refused \(ulimit -v 300000\); raise the limit\n/
    #expect(result.errors.wholeMatch(of: line) != nil, "\(result.errors)")
  }

  /// The digits are generated, and need no file.
  @Test(arguments: 4...7) func fewDescriptorsAreEnoughToTrainOnDigits(_ count: Int) throws {
    let result = try Command.shell(
      #"ulimit -n \#(count); exec "$0" train --dataset digits --epochs 1 --progress none"#, [])
    expectSuccess(result)
  }

  @Test func fewerThreadsTrainTheSameModel() throws {
    try expectTheSameModel("ulimit -v 480000; exec ", progress: "lines") { result in
      let said = /[12] of 3 threads compute: OpenBLAS takes 128 MiB of address space per thread, .*/
      #expect(result.errorLines.contains { $0.wholeMatch(of: said) != nil }, "\(result.errors)")
    }
  }

  // MARK: Threads

  /// OpenBLAS is refused its own threads as it is loaded, or the command those that train.
  @Test(arguments: [1, 2, 3]) func refusedThreadsChangeNothing(_ processes: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
    // The superuser is refused no thread.
    let user = getuid() == 0 ? "setpriv --reuid=54321 --regid=54321 --clear-groups" : ""
    let bound = "exec \(user) prlimit --nproc=\(processes) "
    try expectTheSameModel(bound, progress: "none") { _ in }
    let fit = try Command.shell(#"\#(bound) "$0" fit-linear --dataset digits --threads 3"#, [])
    #expect(fit.exitCode == 0 && fit.outputLines.count == 2, "\(fit.errors)")
  }

  /// Trains with three threads twice, once below a bound, and compares the files.
  private func expectTheSameModel(
    _ bound: String, progress: String, _ check: (ProcessResult) -> Void
  ) throws {
    let line = train + " --progress \(progress) --threads 3 --output $1"
    let models = try ["", bound].enumerated().map { index, bound in
      let result = try Command.shell(bound + line, [folder["run\(index)"]])
      #expect(result.exitCode == 0, "\(result.errors)")
      if !bound.isEmpty { check(result) }
      return try folder.bytes(of: "run\(index)/model.safetensors")
    }
    #expect(models[0] == models[1])
  }

  // MARK: Kernels

  /// Every family of OpenBLAS 0.3.21 for x86-64; an unknown name is as none.
  private static let cores = [
    "Prescott", "Atom", "Core2", "Penryn", "Dunnington", "Nehalem", "Opteron", "Opteron_SSE3",
    "Barcelona", "Nano", "Sandybridge", "Bobcat", "Bulldozer", "Piledriver", "Steamroller",
    "Excavator", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", "Unheard-of",
  ]

  /// No processor runs all of them: those with `fma4` have no AVX-512.
  @Test(arguments: cores) func kernelsRunOrAreRefusedInALine(_ core: String) throws {
    let environment = "OPENBLAS_CORETYPE=\(core) "
    let result = try Command.shell(environment + train + " --progress none", [])
    let measured = try Command.benchmarks("info", environment: ["OPENBLAS_CORETYPE": core])
    if result.exitCode == 0 {
      expectSuccess(result)
      #expect(measured.exitCode == 0)
      return
    }
    let line =
      /maru: error: OPENBLAS_CORETYPE=(.*) names kernels that this processor cannot run, since it has no (.*); unset it\n/
    #expect(result.exitCode == 64 && result.output == "")
    let match = try #require(result.errors.wholeMatch(of: line), "\(result.errors)")
    #expect(match.1 == core)
    let information = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    for name in match.2.split(separator: ", ") {
      #expect(!information.contains(" \(name) "), "\(name)")
    }
    #expect(measured.exitCode == 64 && measured.output == "")
    #expect(
      measured.errors.contains(result.errors.dropFirst("maru: error: ".count).dropLast()),
      "\(measured.errors)")
  }

  // MARK: Load

  /// Two threads on a processor that others have for the most part, and one.
  @Test(arguments: [2, 1]) func trainingBesideOthersNamesOneThread(_ threads: Int) throws {
    let result = try Command.shell(
      #"""
      exec 3>&2
      taskset -cp $(taskset -cp $$ | sed 's/.*[ ,-]//') $$ >/dev/null
      timeout 100 sh -c 'while :; do :; done' & one=$!
      timeout 100 sh -c 'while :; do :; done' & two=$!
      nice -n 5 "$0" train --dataset digits --seed 1 --epochs 8 --progress lines --threads \#(threads) 2>&3; code=$?
      kill $one $two
      exit $code
      """#, [])
    #expect(result.exitCode == 0, "\(result.errors)")
    let said =
      /training took ([\d.]+) s for ([\d.]+) s of processor time, since other programs use [\d.]+ processors/
    let lines = result.errorLines.compactMap { $0.wholeMatch(of: said) }
    #expect(lines.count == threads - 1, "\(result.errors)")
  }

  @Test(
    arguments: [
      // On an idle machine threads compute all the time, and so they may where many wait for a disk.
      (ProcessorLoad(elapsed: 10, own: 19, others: 0.5), 2, nil),
      (ProcessorLoad(elapsed: 10, own: 2, others: 0.5), 2, nil),
      // Beside others, a team that still gets more done than one thread does not hear of it.
      (ProcessorLoad(elapsed: 10, own: 12, others: 8), 2, nil),
      (ProcessorLoad(elapsed: 1, own: 0.2, others: 1), 2, nil),
      (ProcessorLoad(elapsed: 420, own: 5.8, others: 800), 1, nil),
      (
        ProcessorLoad(elapsed: 420, own: 5.8, others: 798), 2,
        "training took 420.0 s for 5.8 s of processor time, since other programs use 1.9 processors"
      ),
    ] as [(ProcessorLoad, Int, String?)])
  func onlyASlowdownThatCountsIsTold(_ load: ProcessorLoad, _ threads: Int, _ line: String?) {
    #expect(load.slowdown(threads: threads) == line)
  }

  @Test(arguments: [
    (ProcessorLoad(elapsed: 0.3, own: 0, others: 0.1), 2, false),
    (ProcessorLoad(elapsed: 0.3, own: 0, others: 0.2), 2, true),
    (ProcessorLoad(elapsed: 0.3, own: 0, others: 0.3), 1, false),
  ])
  func doctorAdvisesOnlyWhereOthersAreBusy(_ load: ProcessorLoad, _ threads: Int, _ advises: Bool) {
    #expect((load.advice(threads: threads) != nil) == advises)
  }
}
