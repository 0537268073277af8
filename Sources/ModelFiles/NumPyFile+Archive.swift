import CLibdeflate
import Foundation
import Tensors

extension NumPyFile {
  /// The contents of an archive of tensors, each an array of `float32` under its name; errors name
  /// `path`.
  ///
  /// Throws where there are more arrays, or more bytes, than a zip archive without ZIP64 can hold:
  /// 65,534 and 4 GiB.
  public static func archive(
    of tensors: [(name: String, tensor: Tensor)], for path: String
  ) throws(ModelFileError) -> Data {
    var (archive, directory) = (Data(), Data())
    for (name, tensor) in tensors {
      let (file, name) = (array(tensor), Data((name + ".npy").utf8))
      let start = archive.count
      let entry = try zipEntry(file, name: name, path: path)
      archive += little(UInt32(0x0403_4B50)) + entry + little(UInt16(0)) + name + file
      // Behind the entry: no extra field, no comment, the first part, no attributes.
      directory += little(UInt32(0x0201_4B50)) + little(zipVersion) + entry + Data(count: 12)
      directory += little(UInt32(truncatingIfNeeded: start)) + name
    }
    guard tensors.count < UInt16.max, archive.count + directory.count < UInt32.max else {
      throw tooLarge(path)
    }
    let (count, start) = (little(UInt16(tensors.count)), little(UInt32(archive.count)))
    archive += directory
    archive += little(UInt32(0x0605_4B50)) + Data(count: 4) + count + count
    return archive + little(UInt32(directory.count)) + start + little(UInt16(0))
  }

  /// What the two headers of a file in a zip archive share: from the version that it takes to the
  /// length of its name (PKWARE's APPNOTE, 4.3.7).
  private static func zipEntry(
    _ file: Data, name: Data, path: String
  ) throws(ModelFileError) -> Data {
    guard let size = UInt32(exactly: file.count), let nameCount = UInt16(exactly: name.count) else {
      throw tooLarge(path)
    }
    let checksum = file.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
    // The name is UTF-8; stored; at midnight on 1 January 1980, so that the same weights give the
    // same file.
    let (flags, method, time, date) = (UInt16(1 << 11), UInt16(0), UInt16(0), UInt16(0x21))
    return little(zipVersion) + little(flags) + little(method) + little(time) + little(date)
      + little(UInt32(checksum)) + little(size) + little(size) + little(nameCount)
  }

  private static let zipVersion: UInt16 = 20

  private static func tooLarge(_ path: String) -> ModelFileError {
    ModelFileError(
      .malformed, path: path,
      "cannot be written as npz, which holds less than 65,535 arrays and 4 GiB")
  }

  /// A number as zip has it, least significant byte first.
  private static func little(_ number: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: number.littleEndian) { Data($0) }
  }
}
