import CCrypto
import Tensors

/// The SHA-256 of some bytes (FIPS 180-4), as 64 hexadecimal digits in lower case.
package func sha256(_ bytes: ArraySlice<UInt8>) -> String {
  var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
  var length: UInt32 = 0
  let isDone = bytes.withUnsafeBytes {
    EVP_Digest($0.baseAddress, $0.count, &digest, &length, EVP_sha256(), nil)
  }
  require(isDone == 1, "sha256: expected a digest from OpenSSL, got the result \(isDone)")
  let digits = Array("0123456789abcdef")
  return String(
    digest.prefix(Int(length)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
