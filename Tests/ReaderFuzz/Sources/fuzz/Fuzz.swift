import Datasets
import Foundation
import ModelFiles

/// The reader that `--reader=NAME` asks for; libFuzzer leaves flags with two hyphens alone.
private let reader: Reader = {
  let flag = "--reader="
  let name = CommandLine.arguments.first { $0.hasPrefix(flag) }?.dropFirst(flag.count)
  guard let reader = name.flatMap({ Reader.all[String($0)] }) else {
    fatalError("expected \(flag) and one of \(Reader.all.keys.sorted())")
  }
  return reader
}()

/// The file that each input is written to in turn.
private let path =
  FileManager.default.temporaryDirectory
  .appendingPathComponent("maru-fuzz-\(ProcessInfo.processInfo.processIdentifier)\(reader.ending)")
  .path

private let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)

/// Reads one input. The only failure that it may end in is an error that calls the file malformed;
/// sanitizers and libFuzzer's limits see to memory and time.
@_cdecl("LLVMFuzzerTestOneInput")
public func read(_ input: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let contents = reader.file(UnsafeRawBufferPointer(start: input, count: count))
  guard ftruncate(file, 0) == 0, pwrite(file, contents, contents.count, 0) == contents.count else {
    fatalError("\(path): cannot be written: \(String(cString: strerror(errno)))")
  }
  do {
    try reader.read(path)
  } catch let error as DatasetError where error.kind == .malformed {
  } catch let error as ModelFileError where error.kind == .malformed {
  } catch {
    fatalError("another error than one of a malformed file: \(error)")
  }
  return 0
}
