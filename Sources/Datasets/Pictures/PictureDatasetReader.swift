import Tensors

/// Reads pictures in a folder for each class.
struct PictureDatasetReader {
  let folder: PictureFolder
  /// The size to bring all to; nil for the size that all have.
  let size: PictureSize?
  /// How a model that is trained further takes pictures.
  var known: PicturePreparation?

  /// The samples of a part, the class of each, how they were made, and what has to be said.
  struct Part {
    let samples: LabelledImages
    let notes: [String]
  }

  /// All of it; where there is one part alone, some of it is held out to test with.
  func dataset(_ split: TableSplit) throws(DatasetError) -> Dataset {
    let classes = folder.train.classes
    guard classes.count >= 2 else {
      throw .malformed(
        folder.train.path, expected: "a folder of PNG or JPEG files for each class, two or more",
        found: classes.isEmpty ? "none" : "one, \(classes[0].name)")
    }
    var preparation = try preparation()
    let names = folder.train.classes.map(\.name)
    let train = try read(folder.train, classNames: names, preparation)
    let colours = preparation.channels == 1 ? "grey" : "red, green and blue"
    let what = "pictures of \(names.count) classes, \(preparation.size), \(colours)"
    if let test = folder.test {
      let test = try read(test, classNames: names, preparation)
      return Dataset(
        name: folder.path, classNames: names, train: train.samples, test: test.samples,
        preparation: nil, pictures: preparation,
        notes: ["\(train.samples.count) and \(test.samples.count) \(what)"] + train.notes
          + test.notes)
    }
    let checksum = train.samples.checksum
    let source = known?.source.flatMap { $0.checksum == checksum ? $0 : nil }
    let split = source?.split ?? split
    preparation.source = .init(checksum: checksum, split: split)
    let rows = split.rows(train.samples.count, labels: train.samples.labels)
    return Dataset(
      name: folder.path, classNames: names, train: train.samples.picked(rows.training),
      test: train.samples.picked(rows.heldOut), preparation: nil, pictures: preparation,
      notes: [
        "\(train.samples.count) \(what); \(rows.heldOut.count) of them are held out to test with"
      ] + train.notes)
  }

  /// What a model is to be scored on: the part to test with; of one part all, but of the one that the
  /// model was trained on only what was held out.
  func scored(
    by preparation: PicturePreparation, classNames: [String]
  ) throws(DatasetError) -> Dataset {
    let part = folder.test ?? folder.train
    guard !part.classes.isEmpty else {
      throw .malformed(
        part.path, expected: "a folder of PNG or JPEG files for each class", found: "none")
    }
    // Behind those of the model, which does not know them.
    let classNames = classNames + part.classes.map(\.name).filter { !classNames.contains($0) }
    let read = try read(part, classNames: classNames, preparation)
    var (samples, isHeldOut) = (read.samples, false)
    if folder.test == nil, let source = preparation.source, source.checksum == samples.checksum {
      samples = samples.picked(source.split.rows(samples.count, labels: samples.labels).heldOut)
      isHeldOut = true
    }
    return Dataset(
      name: folder.path, classNames: classNames, train: samples, test: samples, preparation: nil,
      isHeldOut: isHeldOut, pictures: preparation, notes: read.notes)
  }

  /// How all pictures become samples.
  func preparation() throws(DatasetError) -> PicturePreparation {
    if let known { return PicturePreparation(size: known.size, channels: known.channels) }
    let files = (folder.train.classes + (folder.test?.classes ?? [])).flatMap(\.files)
    let headers = forEachInOrder(files) { path throws(DatasetError) in
      let file = try PictureFile(path)
      return (size: file.uprightSize, isGrey: file.isGrey)
    }.compactMap { try? $0.get() }
    guard let first = headers.first else {
      throw .malformed(
        folder.path, expected: "pictures", found: "\(files.count) files, none of which can be read")
    }
    let sizes = Set(headers.map(\.size))
    if size == nil && sizes.count > 1 {
      let sorted = sizes.sorted { $0.width * $0.height < $1.width * $1.height }
      throw .malformed(
        folder.path, expected: "pictures of one size",
        found: "\(sizes.count) sizes, from \(sorted[0]) to \(sorted[sorted.count - 1]); "
          + "--image-size 64x64 brings them to one")
    }
    return PicturePreparation(
      size: size ?? first.size, channels: headers.allSatisfy(\.isGrey) ? 1 : 3)
  }

  func read(
    _ part: PictureFolder.Part, classNames: [String], _ preparation: PicturePreparation
  ) throws(DatasetError) -> Part {
    let files = part.classes.flatMap(\.files)
    let classes = part.classes.flatMap { entry in
      entry.files.map { _ in classNames.firstIndex(of: entry.name) ?? 0 }
    }
    let (images, places, failures) = preparation.samples(of: files)
    let labels = places.map { classes[$0] }
    if let empty = part.classes.first(where: {
      !labels.contains(classNames.firstIndex(of: $0.name) ?? 0)
    }) {
      throw failures.first
        ?? .malformed(part.path, expected: "pictures of \(empty.name)", found: "none")
    }
    let notes = failures.first.map {
      ["left out \(failures.count) of \(files.count) pictures in \(part.path): \($0)"]
    }
    return Part(samples: LabelledImages(images: images, labels: labels), notes: notes ?? [])
  }
}

extension Dataset {
  /// The pictures in a folder that a model which was trained on pictures is scored on: those of its part
  /// to test with, or all; of the folder that it was trained on only those held out.
  ///
  /// Its classes are those of the model, and behind them those that the model does not know. Throws where
  /// the folder holds no pictures.
  /// - Parameters:
  ///   - path: the folder
  ///   - preparation: how the model takes pictures
  ///   - classNames: the model's classes
  public init(
    scoredPictures path: String, by preparation: PicturePreparation, classNames: [String]
  ) throws(DatasetError) {
    self = try PictureDatasetReader(folder: PictureFolder(path), size: preparation.size)
      .scored(by: preparation, classNames: classNames)
  }
}

extension LabelledImages {
  /// Some of the samples, in the order of their places.
  func picked(_ places: [Int]) -> LabelledImages {
    let images = images.picked(places)
    if let targets { return LabelledImages(images: images, targets: targets.picked(places)) }
    return LabelledImages(images: images, labels: places.map { labels[$0] })
  }
}

extension Tensor {
  /// Some of the rows, in the order of their places.
  func picked(_ places: [Int]) -> Tensor {
    let width = shape.withoutFirst.count
    return Tensor(shape: Shape([places.count] + shape.withoutFirst.sizes)) { picked in
      withUnsafeBufferPointer { values in
        for (row, place) in places.enumerated() {
          for column in 0..<width { picked[row * width + column] = values[place * width + column] }
        }
      }
    }
  }
}
