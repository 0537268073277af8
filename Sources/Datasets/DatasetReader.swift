import Tensors

/// Reads the four files of a data set and checks that they belong together.
struct DatasetReader {
  let folder: DatasetFolder
  /// The set that the files must be, if it is known.
  let published: PublishedDataset?
  let memory: MemoryBudget

  func read() throws(DatasetError) -> Dataset {
    let train = try part(.trainImages, .trainLabels)
    let test = try part(.testImages, .testLabels)
    guard train.images.shape == test.images.shape else {
      throw .malformed(
        file(.testImages), expected: "images of \(train.images.shape), as those to train with",
        found: "\(test.images.shape)")
    }
    if let published {
      return Dataset(
        name: published.name, classNames: published.classNames, train: train, test: test)
    }
    let classes = IDXClasses(train.labels + test.labels, of: folder)
    return Dataset(
      name: folder.prefix.isEmpty
        ? folder.path : DatasetFolder.join(folder.path, String(folder.prefix.dropLast())),
      classNames: classes.names, train: classes.counted(train), test: classes.counted(test),
      preparation: nil, notes: IDXClasses.notes(folder, train.labels + test.labels))
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
    let path = file(part)
    let meaning = "images: three axes of type uint8"
    if memory.isReadInPlace(path), !folder.isTransposed {
      let file = try MappedFile(path)
      if !Gzip.isArchive(file.bytes.prefix(2)) {
        return try images(in: file, meaning)
      }
    }
    let (pixels, shape) = try elements(part, in: plainBytes(part), axes: 3, meaning)
    let imageShape = try imageShape(shape, path)
    guard folder.isTransposed else { return Images(pixels: pixels, shape: imageShape) }
    return Images(
      pixels: Self.transposed(pixels, imageShape), shape: [imageShape[1], imageShape[0]])
  }

  /// The shape of one image, which that of a known set must have.
  private func imageShape(_ shape: Shape, _ path: String) throws(DatasetError) -> Shape {
    let shape = shape.withoutFirst
    if let published, published.imageShape != shape {
      throw .malformed(path, expected: "images of \(published.imageShape)", found: "\(shape)")
    }
    return shape
  }

  /// Images that are read where they lie.
  private func images(in file: MappedFile, _ meaning: String) throws(DatasetError) -> Images {
    let place = try IDXArray.place(in: file)
    guard place.type == .uint8, place.shape.rank == 3, place.shape.count > 0 else {
      throw .malformed(
        file.path, expected: meaning, found: "\(place.shape) elements of type \(place.type)")
    }
    let shape = try imageShape(place.shape, file.path)
    let samples = FileSamples(file, offset: place.offset, .uint8, shape: place.shape)
    return Images(samples, shape: shape, blockShuffle: memory.shuffle(of: samples))
  }

  /// Images whose columns lie one after the other, row by row.
  private static func transposed(_ pixels: ArraySlice<UInt8>, _ shape: Shape) -> [UInt8] {
    let (columns, rows) = (shape[0], shape[1])
    var result = [UInt8](repeating: 0, count: pixels.count)
    pixels.withUnsafeBufferPointer { pixels in
      for first in stride(from: 0, to: pixels.count, by: rows * columns) {
        for row in 0..<rows {
          for column in 0..<columns {
            result[first + row * columns + column] = pixels[first + column * rows + row]
          }
        }
      }
    }
    return result
  }

  private func labels(_ part: PublishedDataset.Part) throws(DatasetError) -> [Int] {
    let bytes = try plainBytes(part)
    guard let published else { return try numbers(part, bytes) }
    let (labels, _) = try elements(part, in: bytes, axes: 1, "labels: one axis of type uint8")
    let count = published.classNames.count
    if let index = labels.firstIndex(where: { $0 >= count }) {
      throw .malformed(
        file(part), expected: "labels in 0..<\(count)",
        found: "\(labels[index]) at index \(index - labels.startIndex)")
    }
    try refuseOther(than: published, part, bytes)
    return labels.map(Int.init)
  }

  /// Labels of unsigned bytes or of 32 bits; of two axes, as QMNIST's, those of the first column.
  private func numbers(
    _ part: PublishedDataset.Part, _ bytes: [UInt8]
  ) throws(DatasetError) -> [Int] {
    let array = try IDXArray(bytes, path: file(part))
    let axes = array.shape.rank
    let numbers: [Int]
    switch array.elements {
    case .uint8(let labels) where axes == 1: numbers = labels.map(Int.init)
    case .int32(let labels) where axes == 1: numbers = labels.map(Int.init)
    case .int32(let labels) where axes == 2 && array.shape[1] > 0:
      numbers = stride(from: 0, to: labels.count, by: array.shape[1]).map { Int(labels[$0]) }
    default:
      throw .malformed(
        file(part), expected: "labels: one axis of type uint8 or int32, or QMNIST's two of int32",
        found: "\(array.shape) elements of type \(array.elementType)")
    }
    guard !numbers.isEmpty else {
      throw .malformed(file(part), expected: "labels", found: "none, \(array.shape)")
    }
    if let index = numbers.firstIndex(where: { !(0...IDXClasses.highest ~= $0) }) {
      throw .malformed(
        file(part), expected: "labels in 0...\(IDXClasses.highest)",
        found: "\(numbers[index]) at index \(index)")
    }
    return numbers
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
