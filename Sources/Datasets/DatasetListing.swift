import Foundation

/// One line of a list of the data sets that can be named.
public struct DatasetListing: Sendable, Hashable {
  /// Where the bytes of a data set come from.
  public enum Location: Sendable, Hashable {
    /// A folder that holds the four files, of that many bytes as they are stored.
    case folder(String, byteCount: Int)
    /// A program that draws them, that many bytes of pixels.
    case generated(byteCount: Int)
    /// Nowhere: none of these folders holds them all.
    case missing(searched: [String])
  }

  /// The name to load the set by.
  public let name: String
  /// What the set is, in a line.
  public let summary: String
  /// Where it is.
  public let location: Location
}

extension Dataset {
  /// The data sets that can be named, and where each is.
  ///
  /// ``load(_:dataDirectory:environment:table:memory:)`` finds them there with the same arguments. Looks for
  /// files, reads none.
  public static func list(
    dataDirectory: String? = nil,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> [DatasetListing] {
    let published = PublishedDataset.all.map { dataset in
      let folders = DatasetFolder.candidates(
        for: dataset.name, dataDirectory: dataDirectory, environment: environment)
      let found = folders.lazy.map { DatasetFolder($0) }.first(where: \.isComplete)
      return DatasetListing(
        name: dataset.name, summary: dataset.summary,
        location: found.map { .folder($0.path, byteCount: $0.byteCount) }
          ?? .missing(searched: folders))
    }
    return published + [GeneratedDigits.listing]
  }
}

extension GeneratedDigits {
  fileprivate static var listing: DatasetListing {
    DatasetListing(
      name: "digits", summary: "handwritten-looking digits, drawn by a program",
      location: .generated(byteCount: (trainCount + testCount) * shape.count))
  }
}
