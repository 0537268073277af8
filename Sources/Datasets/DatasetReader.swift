import Tensors

/// Reads the four files of a data set and checks that they belong together.
struct DatasetReader {
  let folder: DatasetFolder
  /// The set that the files must be, if it is known.
  let published: PublishedDataset?

  func read() throws(DatasetError) -> Dataset {
    let train = try part(.trainImages, .trainLabels)
    let test = try part(.testImages, .testLabels)
    guard train.images.shape == test.images.shape else {
      throw .malformed(
        file(.testImages), expected: "images of \(train.images.shape), as those to train with",
        found: "\(test.images.shape)")
    }
    let classCount = (train.labels + test.labels).reduce(0) { max($0, $1 + 1) }
    return Dataset(
      name: published?.name ?? folder.path,
      classNames: published?.classNames ?? (0..<classCount).map(String.init),
      train: train, test: test)
  }

  private func file(_ part: PublishedDataset.Part) -> String {
    folder.files[part] ?? DatasetFolder.join(folder.path, part.fileName)
  }

  private func part(
    _ imagesPart: PublishedDataset.Part, _ labelsPart: PublishedDataset.Part
  ) throws(DatasetError) -> LabelledImages {
    let labels = try labels(labelsPart)
    let images = try images(imagesPart)
    guard images.count == labels.count else {
      throw .malformed(
        file(labelsPart), expected: "\(images.count) labels, one per image",
        found: "\(labels.count)"
      )
    }
    return LabelledImages(images: images, labels: labels)
  }

  /// The bytes of a file, inflated if they are an archive.
  private func plainBytes(_ part: PublishedDataset.Part) throws(DatasetError) -> [UInt8] {
    // The known size bounds the memory for a set known by name: an archive of more is refused early.
    let limit = published?.files[part]?.byteCount ?? IDXArray.defaultLimit
    return try IDXArray.plainBytes(of: file(part), limit: limit)
  }

  /// The elements of a file that must be unsigned bytes, and their shape.
  private func elements(
    _ part: PublishedDataset.Part, in bytes: [UInt8], axes: Int, _ meaning: String
  ) throws(DatasetError) -> (ArraySlice<UInt8>, Shape) {
    let array = try IDXArray(bytes, path: file(part))
    guard case .uint8(let elements) = array.elements, array.shape.rank == axes else {
      throw .malformed(
        file(part), expected: meaning,
        found: "\(array.shape) elements of type \(array.elementType)")
    }
    guard array.shape.count > 0 else {
      throw .malformed(file(part), expected: meaning, found: "none, \(array.shape)")
    }
    return (elements, array.shape)
  }

  private func images(_ part: PublishedDataset.Part) throws(DatasetError) -> Images {
    let (pixels, shape) = try elements(
      part, in: plainBytes(part), axes: 3, "images: three axes of type uint8")
    let imageShape = shape.withoutFirst
    if let published, published.imageShape != imageShape {
      throw .malformed(
        file(part), expected: "images of \(published.imageShape)", found: "\(imageShape)")
    }
    return Images(pixels: pixels, shape: imageShape)
  }

  private func labels(_ part: PublishedDataset.Part) throws(DatasetError) -> [Int] {
    let bytes = try plainBytes(part)
    let (labels, _) = try elements(part, in: bytes, axes: 1, "labels: one axis of type uint8")
    if let published {
      let count = published.classNames.count
      if let index = labels.firstIndex(where: { $0 >= count }) {
        throw .malformed(
          file(part), expected: "labels in 0..<\(count)",
          found: "\(labels[index]) at index \(index - labels.startIndex)")
      }
      try refuseOther(than: published, part, bytes)
    }
    return labels.map(Int.init)
  }

  /// Makes sure that the file is not that of another set, which looks alike.
  ///
  /// MNIST's digits would train as clothes without a word. The few bytes of the labels tell the sets apart.
  private func refuseOther(
    than published: PublishedDataset, _ part: PublishedDataset.Part, _ bytes: [UInt8]
  ) throws(DatasetError) {
    let hash = sha256(bytes[...])
    let others = PublishedDataset.all.filter { $0.name != published.name }
    if let other = others.first(where: { $0.files[part]?.sha256 == hash }) {
      throw .malformed(
        file(part), expected: "the labels of \(published.name)", found: "those of \(other.name)")
    }
  }
}
