import COpenBLAS

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
