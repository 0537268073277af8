import COpenBLAS

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension OpenBLAS {
  /// The processor family to name in `OPENBLAS_CORETYPE` where OpenBLAS uses kernels with narrower
  /// vectors than the processor has, or nil where it does not.
  ///
  /// An OpenBLAS older than the processor does not recognise it and may take kernels of 2004; an
  /// environment may force older ones, too. The kernels of Haswell (AVX2) and SkylakeX (AVX-512)
  /// are in every build that chooses at run time.
  public static var recommendedCore: String? {
    switch maru_vector_bits() {
    case 512: vectorBits(ofCore: coreName) < 512 ? "SkylakeX" : nil
    case 256: vectorBits(ofCore: coreName) < 256 ? "Haswell" : nil
    default: nil
    }
  }

  /// One line that says which variable to set for faster kernels, or nil where OpenBLAS already uses
  /// those that the processor can run.
  public static var kernelAdvice: String? {
    recommendedCore.map {
      "OpenBLAS uses its \(coreName) kernels, narrower than this processor's vectors; set OPENBLAS_CORETYPE=\($0) for faster ones"
    }
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
    var program = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &program, program.count - 1)
    setenv("OPENBLAS_CORETYPE", core, 1)
    // By its name first, since that is what the system lists the process under.
    if length > 0 { execv(program, arguments) }
    // A program that has been removed or replaced since it started has none.
    execv("/proc/self/exe", arguments)
    unsetenv("OPENBLAS_CORETYPE")
  }

  /// The width of the vectors in a family's single-precision kernels.
  static func vectorBits(ofCore name: String) -> Int {
    switch name.lowercased() {
    case "skylakex", "cooperlake", "sapphirerapids": 512
    case "haswell", "zen", "excavator": 256
    // Sandy Bridge and Bulldozer have 256-bit registers, but no AVX2; a Haswell kernel gains.
    default: 128
    }
  }
}
