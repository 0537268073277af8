import BLAS
import Foundation
import Testing

@Suite("which kernels a processor runs")
struct KernelTests {
  static let avx512: Set = ["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"]

  /// What a processor has, and the families among all that it can run beyond those that every one can.
  struct Machine: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let extensions: Set<String>
    let runs: Set<String>
    /// What is recommended in place of kernels of 2004.
    let recommended: String?
  }

  /// The families of OpenBLAS 0.3.29 for x86-64, and those of others that need more than the least.
  static let demanding: Set = [
    "Opteron", "Opteron_SSE3", "Sandybridge", "Bulldozer", "Piledriver", "Steamroller",
    "Excavator", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", "ARMV8SVE", "A64FX",
    "NEOVERSEV1", "NEOVERSEN2",
  ]
  static let undemanding = [
    "Prescott", "Atom", "Core2", "Penryn", "Dunnington", "Nehalem", "Barcelona", "Nano", "Bobcat",
    "ARMV8", "CORTEXA72", "NEOVERSEN1", "THUNDERX2T99", "VORTEX", "POWER9", "generic",
  ]

  static let machines = [
    Machine(testDescription: "Nehalem, 2008", extensions: [], runs: [], recommended: nil),
    Machine(
      testDescription: "Opteron, 2003", extensions: ["3dnow"], runs: ["Opteron", "Opteron_SSE3"],
      recommended: nil),
    Machine(
      testDescription: "Sandy Bridge, 2011", extensions: ["avx"], runs: ["Sandybridge"],
      recommended: nil),
    Machine(
      testDescription: "Bulldozer, 2011", extensions: ["avx", "fma4"],
      runs: ["Sandybridge", "Bulldozer"], recommended: nil),
    Machine(
      testDescription: "Excavator, 2015", extensions: ["avx", "fma4", "fma", "avx2"],
      runs: [
        "Sandybridge", "Bulldozer", "Piledriver", "Steamroller", "Excavator", "Haswell", "Zen",
      ], recommended: "Haswell"),
    Machine(
      testDescription: "a virtual machine with AVX2 and no FMA", extensions: ["avx", "avx2"],
      runs: ["Sandybridge"], recommended: nil),
    Machine(
      testDescription: "Haswell, 2013, and Zen, 2017", extensions: ["avx", "fma", "avx2"],
      runs: ["Sandybridge", "Haswell", "Zen"], recommended: "Haswell"),
    Machine(
      testDescription: "Knights Landing, 2016: AVX-512 without BW, DQ and VL",
      extensions: ["avx", "fma", "avx2", "avx512f", "avx512cd"],
      runs: ["Sandybridge", "Haswell", "Zen"], recommended: "Haswell"),
    Machine(
      testDescription: "Skylake-X, 2017", extensions: avx512.union(["avx", "fma", "avx2"]),
      runs: ["Sandybridge", "Haswell", "Zen", "SkylakeX"], recommended: "SkylakeX"),
    Machine(
      testDescription: "Cooper Lake, 2020, and Zen 4, 2022",
      extensions: avx512.union(["avx", "fma", "avx2", "avx512_bf16"]),
      runs: ["Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"],
      recommended: "SkylakeX"),
    Machine(
      testDescription: "ARM with SVE", extensions: ["sve"],
      runs: ["ARMV8SVE", "A64FX", "NEOVERSEV1", "NEOVERSEN2"], recommended: nil),
  ]

  @Test(
    "a family is told of where, and only where, the processor lacks what it needs",
    arguments: machines)
  func problems(_ machine: Machine) {
    for core in Self.demanding.union(Self.undemanding) {
      let isRun = machine.runs.contains(core) || Self.undemanding.contains(core)
      for variable in [nil, core, core.lowercased(), "Foo"] {
        let problem = OpenBLAS.kernelProblem(
          ofCore: core, chosenBy: variable, extensions: machine.extensions)
        #expect((problem == nil) == isRun, "\(core)")
        let isChosen = variable?.lowercased() == core.lowercased()
        #expect(problem?.contains("OPENBLAS_CORETYPE") != !isChosen, "\(core), \(variable ?? "")")
      }
    }
  }

  @Test(
    "a faster family is recommended only where the present one is narrower, or is Zen's of 0.3.21",
    arguments: machines, [[0, 3, 20], [0, 3, 21], [0, 3, 21, 1]])
  func recommendations(_ machine: Machine, version: [Int]) {
    for core in Self.demanding.union(Self.undemanding) {
      let wide = ["SkylakeX", "Cooperlake", "SapphireRapids"].contains(core)
      let middling = ["Haswell", "Zen", "Excavator"].contains(core)
      let expected =
        switch machine.recommended {
        case "SkylakeX": wide ? nil : "SkylakeX"
        case "Haswell" where core == "Zen" && version == [0, 3, 21]: "Haswell"
        case "Haswell": wide || middling ? nil : "Haswell"
        default: nil as String?
        }
      #expect(
        OpenBLAS.recommendedCore(
          inPlaceOf: core, version: version, extensions: machine.extensions) == expected, "\(core)")
    }
  }

  @Test("the version with a race is named, and no other")
  func versions() {
    for version in [[0, 3, 29], [0, 3, 31], [0, 3, 21], [0, 3], []] {
      #expect(OpenBLAS.versionProblem(of: version) == nil)
    }
    let problem = OpenBLAS.versionProblem(of: [0, 3, 30])
    #expect(problem?.hasPrefix("OpenBLAS 0.3.30 has a race") == true)
  }

  @Test("the line names the variable, what is missing, and what helps")
  func lines() {
    let haswell: Set = ["avx", "fma", "avx2"]
    #expect(
      OpenBLAS.kernelProblem(ofCore: "SkylakeX", chosenBy: "skylakex", extensions: haswell) == """
        OPENBLAS_CORETYPE=skylakex names kernels that this processor cannot run, since it has no \
        avx512f, avx512cd, avx512bw, avx512dq, avx512vl; unset it
        """)
    #expect(
      OpenBLAS.kernelProblem(ofCore: "Haswell", chosenBy: nil, extensions: ["avx"]) == """
        OpenBLAS uses its Haswell kernels, which this processor cannot run, since it has no fma, \
        avx2; take a build of OpenBLAS that chooses them at run time (DYNAMIC_ARCH)
        """)
  }

  @Test("what is known of this processor is what the system lists")
  func processor() throws {
    let information = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let listed = Set(information.split { " \n\t".contains($0) }.map(String.init))
    for core in Self.demanding {
      let runs = OpenBLAS.extensions(ofCore: core).allSatisfy { OpenBLAS.extensions.contains($0) }
      #expect(
        runs == OpenBLAS.extensions(ofCore: core).allSatisfy(listed.contains), "\(core)")
    }
    #expect(OpenBLAS.kernelProblem == nil, "no test could run")
  }

  @Test("OpenBLAS names its core and describes its build")
  func description() {
    #expect(!OpenBLAS.coreName.isEmpty)
    #expect(OpenBLAS.buildDescription.contains("OpenBLAS"))
  }
}
