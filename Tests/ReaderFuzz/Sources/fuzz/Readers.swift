import Datasets
import ModelFiles
import Training

/// What reads a file of a path, to its last byte.
struct Reader: Sendable {
  /// What the name of a file must end in to be read.
  var ending = ""
  /// The file that is made of an input; the input itself unless given.
  var file: @Sendable (UnsafeRawBufferPointer) -> [UInt8] = { Array($0) }
  let read: @Sendable (_ path: String) throws -> Void

  /// The readers by name. Another one is a line here, and a folder of small sound files under its
  /// name in `Seeds`.
  static let all: [String: Reader] = [
    "idx": Reader { _ = try IDXArray(contentsOf: $0) },
    "gzip": Reader { _ = try IDXArray(contentsOf: $0) },
    "npy": Reader { read(try NumPyArray(contentsOf: $0)) },
    "npz": Reader { path in
      let archive = try NumPyArchive(contentsOf: path)
      for name in archive.names { if let array = try archive.array(name) { read(array) } }
    },
    "npz-dataset": Reader(ending: ".npz") { _ = try Dataset.load(DatasetSource(parsing: $0)) },
    "csv": Reader(ending: ".csv") { _ = try Dataset.load(DatasetSource(parsing: $0)) },
    "table": Reader { path in
      let table = try Table(contentsOf: path)
      // What can't be trained on is found out without an error.
      _ = Dataset.findings(of: table)
      for column in table.columns {
        for row in 0..<table.rowCount { _ = table.text(row, of: column) }
      }
    },
    "png": Reader { _ = try GreyImage(contentsOf: $0) },
    "jpeg": Reader { path in
      _ = try Picture(contentsOf: path)
      _ = try GreyImage(contentsOf: path)
    },
    "safetensors": Reader { _ = try ModelFile(stateDictOf: $0, layers: [Dense(2), Dense(2)]) },
    "model": Reader { _ = try ModelFile(contentsOf: $0) },
    "history": Reader { _ = try HistoryFile.read($0) },
    "checkpoint": Reader { _ = try Checkpoint(contentsOf: $0) },
    "checkpoint-sections": Reader(file: SectionedCheckpoint.file) {
      try SectionedCheckpoint.read($0)
    },
  ]

  /// Looks at an array in both ways.
  private static func read(_ array: NumPyArray) {
    _ = array.tensor
    _ = array.integers
  }
}
