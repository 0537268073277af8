import Datasets
import Testing

struct DatasetSourceTests {
  @Test func understandsNamesAndFolders() throws {
    let folder = try TemporaryFolder()
    #expect(try DatasetSource(parsing: "mnist") == .mnist)
    #expect(try DatasetSource(parsing: "fashion-mnist") == .fashionMNIST)
    #expect(try DatasetSource(parsing: "digits") == .digits)
    #expect(try DatasetSource(parsing: folder.path) == .directory(folder.path))
  }

  @Test(arguments: ["mnist", "fashion-mnist", "digits", "/tmp"])
  func descriptionIsWhatIsParsed(_ text: String) throws {
    #expect(try DatasetSource(parsing: text).description == text)
  }

  @Test func otherTextsAreRefused() throws {
    let choices =
      "expected mnist, fashion-mnist, digits, a folder with the four IDX files, with .npy files or with pictures in a folder for each class, a .npz file "
      + "or a table in a text file, found"
    let unknown = #expect(throws: DatasetError.self) { try DatasetSource(parsing: "minst") }
    #expect(unknown?.kind == .missingFile)
    #expect(unknown?.description == "minst: \(choices) no such file or folder")
    let folder = try TemporaryFolder()
    let file = try folder.write([1], to: "file")
    let wrong = #expect(throws: DatasetError.self) { try DatasetSource(parsing: file) }
    #expect(wrong?.kind == .malformed)
    #expect(wrong?.description == "\(file): \(choices) a file")
  }

  @Test func listTellsWhereEachSetIs() throws {
    let folder = try TemporaryFolder()
    try Pebbles.write(to: folder, under: "mnist", suffix: ".gz")
    try Pebbles.write(to: folder, under: "fashion-mnist", changing: [.testImages: []])
    let list = Dataset.list(environment: ["MARU_DATA": folder.path, "HOME": "/nowhere"])
    #expect(list.map(\.name) == ["mnist", "fashion-mnist", "digits"])
    let size = Pebbles.files.values.reduce(0) { $0 + gzip($1).count }
    #expect(list[0].location == .folder("\(folder.path)/mnist", byteCount: size))
    #expect(list[2].location == .generated(byteCount: 54_880_000))
    let first = Dataset.list(
      dataDirectory: folder.path + "/fashion-mnist", environment: ["HOME": "/nowhere"])
    #expect(
      first[0].location
        == .missing(searched: [
          "\(folder.path)/fashion-mnist/mnist", "\(folder.path)/fashion-mnist",
          "/nowhere/.cache/maru/mnist", "/usr/share/datasets/mnist",
        ]))
  }

  @Test func cacheDirectoryFollowsTheEnvironment() {
    #expect(Dataset.cacheDirectory(environment: ["XDG_CACHE_HOME": "/c/"]) == "/c/maru")
    #expect(
      Dataset.cacheDirectory(environment: ["XDG_CACHE_HOME": "c", "HOME": "/h"]) == "/h/.cache/maru"
    )
    #expect(Dataset.cacheDirectory(environment: [:]) == nil)
  }
}
