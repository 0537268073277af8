import CKernels
import COpenBLAS

#if canImport(Glibc)
  // C's environ is a variable.
  @preconcurrency import Glibc
#else
  @preconcurrency import Darwin
#endif

extension OpenBLAS {
  /// The processor family to name in `OPENBLAS_CORETYPE` where OpenBLAS uses kernels with narrower
  /// vectors than the processor has, or slower ones than it could; nil where it does not.
  ///
  /// An OpenBLAS older than the processor does not recognise it and may take kernels of 2004; an
  /// environment may force older ones, too. The kernels of Haswell (AVX2) and SkylakeX (AVX-512)
  /// are in every build that chooses at run time.
  public static var recommendedCore: String? {
    recommendedCore(inPlaceOf: coreName, version: version, extensions: extensions)
  }

  /// One line that says which variable to set for faster kernels, or nil where OpenBLAS already uses
  /// those that the processor can run.
  public static var kernelAdvice: String? {
    recommendedCore.map {
      "OpenBLAS uses its \(coreName) kernels; set OPENBLAS_CORETYPE=\($0) for faster ones"
    }
  }

  /// One line that says that the version of OpenBLAS has a fault which may give wrong results, and what
  /// helps; nil where none is known.
  public static var versionProblem: String? { versionProblem(of: version) }

  /// The line of ``versionProblem`` for a version.
  package static func versionProblem(of version: [Int]) -> String? {
    guard version == [0, 3, 30] else { return nil }
    return """
      OpenBLAS 0.3.30 has a race in products of several threads, taken out again in 0.3.31, that may \
      give wrong results; set OPENBLAS_NUM_THREADS=1, or take another version
      """
  }

  /// One line that says that OpenBLAS uses kernels which this processor cannot run, so that its first
  /// product would end the program by an illegal instruction, and what helps; nil where all is well.
  ///
  /// So it is where `OPENBLAS_CORETYPE` names a newer processor, as it may after a move to another
  /// machine, and where OpenBLAS was built for one family alone.
  public static var kernelProblem: String? {
    let variable = getenv("OPENBLAS_CORETYPE").map { String(cString: $0) }
    return kernelProblem(ofCore: coreName, chosenBy: variable, extensions: extensions)
  }

  /// Starts the running program anew with ``recommendedCore`` in `OPENBLAS_CORETYPE`, where there is
  /// one and the variable is not set.
  ///
  /// OpenBLAS reads the variable only as it is loaded, so a program that wants the right kernels
  /// calls this first of all. It returns where nothing is to be gained, where the user has chosen,
  /// and where the system refuses; then all goes on with the kernels at hand.
  /// - Parameter arguments: the command line, as `CommandLine.unsafeArgv` gives it
  public static func restartWithRecommendedCore(
    arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  ) {
    guard let core = recommendedCore, getenv("OPENBLAS_CORETYPE") == nil else { return }
    setenv("OPENBLAS_CORETYPE", core, 1)
    maru_start_anew(arguments, environ)
    unsetenv("OPENBLAS_CORETYPE")
  }

  // MARK: Families

  /// The extensions of instructions that the processor and the system offer, of those that families
  /// of kernels are made of, by the names that Linux lists them under.
  package static let extensions: Set<String> = {
    let known = ["Opteron", "Excavator", "Haswell", "SapphireRapids", "ARMV8SVE"]
    return Set(known.flatMap { extensions(ofCore: $0) }.filter { maru_has_extension($0) != 0 })
  }()

  private static let avx512 = ["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"]

  /// What a family's kernels need beyond what every processor has, by OpenBLAS's own conditions for
  /// choosing it; `femms` of the Opteron kernels is 3DNow!'s.
  package static func extensions(ofCore name: String) -> [String] {
    switch name.lowercased() {
    case "opteron", "opteron_sse3": ["3dnow"]
    case "sandybridge": ["avx"]
    case "bulldozer": ["avx", "fma4"]
    case "piledriver", "steamroller", "excavator": ["avx", "fma", "fma4"]
    case "haswell", "zen": ["avx", "fma", "avx2"]
    case "skylakex": ["avx", "fma", "avx2"] + avx512
    case "cooperlake", "sapphirerapids": ["avx", "fma", "avx2"] + avx512 + ["avx512_bf16"]
    case "armv8sve", "a64fx", "neoversev1", "neoversen2": ["sve"]
    default: []
    }
  }

  /// The width of the vectors in a family's single-precision kernels.
  static func vectorBits(ofCore name: String) -> Int {
    let needs = extensions(ofCore: name)
    if needs.contains("avx512f") { return 512 }
    // Sandy Bridge and Bulldozer have 256-bit registers, but no AVX2; a Haswell kernel gains.
    return needs.contains("avx2") || name.lowercased() == "excavator" ? 256 : 128
  }

  /// The widest family that every build has and that a processor with these extensions can run, where
  /// a family's vectors are narrower.
  ///
  /// Version 0.3.21 is slower as Zen than as Haswell, as measured.
  package static func recommendedCore(
    inPlaceOf core: String, version: [Int], extensions: Set<String>
  ) -> String? {
    let widest = ["SkylakeX", "Haswell"].first { missing(for: $0, of: extensions).isEmpty }
    return widest.flatMap {
      let isSlow = $0 == "Haswell" && core == "Zen" && version == [0, 3, 21]
      return isSlow || vectorBits(ofCore: core) < vectorBits(ofCore: $0) ? $0 : nil
    }
  }

  /// What a family's kernels need and a processor with these extensions does not have.
  private static func missing(for core: String, of extensions: Set<String>) -> [String] {
    self.extensions(ofCore: core).filter { !extensions.contains($0) }
  }

  /// The line of ``kernelProblem`` for a family, the variable's value, and a processor's extensions.
  package static func kernelProblem(
    ofCore core: String, chosenBy variable: String?, extensions: Set<String>
  ) -> String? {
    let missing = missing(for: core, of: extensions)
    if missing.isEmpty { return nil }
    let want = "this processor cannot run, since it has no \(missing.joined(separator: ", "))"
    guard let variable, variable.lowercased() == core.lowercased() else {
      return "OpenBLAS uses its \(core) kernels, which \(want); "
        + "take a build of OpenBLAS that chooses them at run time (DYNAMIC_ARCH)"
    }
    return "OPENBLAS_CORETYPE=\(variable) names kernels that \(want); unset it"
  }
}
