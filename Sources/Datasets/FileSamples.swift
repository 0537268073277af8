import CKernels
import Tensors

/// Samples of an array that are read where they lie in a file, without a copy of it in memory.
struct FileSamples: SampleFile {
  private let file: MappedFile
  /// Where the first sample of the array begins.
  private let offset: Int
  private let format: NumberFormat
  private let isBigEndian: Bool
  /// The elements of a sample.
  let width: Int
  private var rows: Rows
  /// What each element is multiplied by.
  private(set) var factor: Float?
  /// Whether the elements are whole numbers from 0 to 255, which the factor takes to 0…1.
  private(set) var arePixels: Bool

  /// Which samples of the array these are.
  private enum Rows {
    case range(Range<Int>)
    case list([Int32])
  }

  /// Takes an array's samples; the file must have them all.
  init(
    _ file: MappedFile, offset: Int, _ format: NumberFormat, isBigEndian: Bool = false, shape: Shape
  ) {
    (self.file, self.offset, self.format, self.isBigEndian) = (file, offset, format, isBigEndian)
    width = shape.withoutFirst.count
    rows = .range(0..<shape[0])
    arePixels = format == .uint8
    factor = format == .uint8 ? 1 / 255 : nil
    file.expectRandomAccess()
    require(
      offset + shape[0] * width * format.byteCount <= file.bytes.count,
      "FileSamples: expected \(shape) elements of \(format), got \(file.bytes.count) bytes")
  }

  var count: Int {
    switch rows {
    case .range(let range): range.count
    case .list(let list): list.count
    }
  }

  /// The size of a sample in the file.
  var sampleBytes: Int { width * format.byteCount }

  /// Some of these samples; copies none.
  subscript(range: Range<Int>) -> FileSamples {
    var part = self
    switch rows {
    case .range(let all):
      part.rows = .range(all.lowerBound + range.lowerBound..<all.lowerBound + range.upperBound)
    case .list(let list): part.rows = .list(Array(list[range]))
    }
    return part
  }

  /// Some of these samples, in the order of their places; copies none.
  func picked(_ places: [Int]) -> FileSamples {
    var part = self
    part.rows = .list(places.map { Int32(row($0)) })
    return part
  }

  /// The same where elements are from 0 to 255 and become 0…1: pixels, where all are whole.
  func scaled(areWhole: Bool) -> FileSamples {
    var scaled = self
    (scaled.factor, scaled.arePixels) = (1 / 255, areWhole)
    return scaled
  }

  private func row(_ place: Int) -> Int {
    switch rows {
    case .range(let range): range.lowerBound + place
    case .list(let list): Int(list[place])
    }
  }

  // MARK: SampleFile

  var samplesAtOnce: Int { max(1, (1 << 20) / sampleBytes) }

  func fetch(_ samples: Range<Int>) { file.fetch(bytes(of: samples)) }

  func release(_ samples: Range<Int>) { file.release(bytes(of: samples)) }

  func check() throws { try file.check() }

  /// Where samples lie, and what is between the first and the last; they are in the order of the file.
  private func bytes(of samples: Range<Int>) -> Range<Int> {
    let known = samples.clamped(to: 0..<count)
    if known.isEmpty { return 0..<0 }
    let first = row(known.lowerBound)
    let end = max(first, row(known.upperBound - 1)) + 1
    return offset + first * sampleBytes..<offset + end * sampleBytes
  }

  // MARK: Elements

  /// How many rows are looked up at once; their numbers lie on the stack.
  private static let lookedUp = 128

  /// Writes columns of samples to the rows of a batch.
  func gather(
    _ indices: UnsafeBufferPointer<Int32>, columns: Range<Int>, into batch: MatrixView<Float>
  ) {
    switch rows {
    case .range(let range):
      gather(from: range.lowerBound, indices, columns: columns, into: batch)
    case .list(let list):
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.lookedUp) { found in
        for start in stride(from: 0, to: indices.count, by: Self.lookedUp) {
          let places = indices[start..<min(start + Self.lookedUp, indices.count)]
          for (index, place) in places.enumerated() { found[index] = list[Int(place)] }
          let rows = UnsafeBufferPointer(rebasing: found[..<places.count])
          let target = batch[rows: start..<start + places.count]
          gather(from: 0, rows, columns: columns, into: target)
        }
      }
    }
  }

  private func gather(
    from first: Int, _ rows: UnsafeBufferPointer<Int32>, columns: Range<Int>,
    into batch: MatrixView<Float>
  ) {
    guard let numbers = rows.baseAddress, !columns.isEmpty else { return }
    let size = format.byteCount
    let start =
      file.bytes.baseAddress! + offset + first * sampleBytes + columns.lowerBound * size
    let isAligned = Int(bitPattern: start).isMultiple(of: MemoryLayout<Float>.alignment)
    switch format {
    case .uint8:
      maru_gather_bytes(
        start.assumingMemoryBound(to: UInt8.self), width, numbers, rows.count, columns.count,
        factor ?? 1, batch.baseAddress, batch.stride)
      return
    case .float32 where !isBigEndian && isAligned:
      maru_gather_floats(
        start.assumingMemoryBound(to: Float.self), width, numbers, rows.count, columns.count,
        batch.baseAddress, batch.stride)
    default:
      for (index, row) in rows.enumerated() {
        let source = UnsafeRawBufferPointer(
          start: start + Int(row) * sampleBytes, count: columns.count * size)
        format.read(
          source, bigEndian: isBigEndian,
          into: UnsafeMutableBufferPointer(start: batch.row(index), count: columns.count))
      }
    }
    if let factor {
      for row in 0..<rows.count { scal(factor, batch.row(row), count: columns.count) }
    }
  }

  /// Calls `body` with the elements of all samples in turn, of some samples at a time, as long as it
  /// gives true.
  func forEachBlock(_ body: (_ first: Int, UnsafeBufferPointer<Float>) -> Bool) {
    let block = AlignedBuffer(uninitialized: min(samplesAtOnce, count) * width)
    forEachRange { body($0.lowerBound, elements(of: $0, in: block)) }
  }

  /// Calls `body` with all samples in turn as memory would keep them, pixels as bytes and others as floats,
  /// some at a time.
  func forEachStretch<Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    if format == .uint8 || format == .float32 && !isBigEndian && factor == nil {
      return try forEachRange { (samples) throws(Failure) in
        if case .range = rows {
          try body(UnsafeRawBufferPointer(rebasing: file.bytes[bytes(of: samples)]))
          return true
        }
        for place in samples {
          let row = bytes(of: place..<place + 1)
          try body(UnsafeRawBufferPointer(rebasing: file.bytes[row]))
        }
        return true
      }
    }
    let block = AlignedBuffer(uninitialized: min(samplesAtOnce, count) * width)
    try forEachRange { (samples) throws(Failure) in
      let values = elements(of: samples, in: block)
      guard arePixels else {
        try body(UnsafeRawBufferPointer(values))
        return true
      }
      let pixels = values.map { UInt8(($0 * 255).rounded()) }
      try pixels.withUnsafeBufferPointer { (pixels) throws(Failure) in
        try body(UnsafeRawBufferPointer(pixels))
      }
      return true
    }
  }

  /// The elements of some samples, written to a buffer.
  private func elements(
    of samples: Range<Int>, in block: AlignedBuffer
  ) -> UnsafeBufferPointer<Float> {
    let matrix = block.matrix(rows: samples.count, columns: width)
    samples.map { Int32($0) }.withUnsafeBufferPointer {
      gather($0, columns: 0..<width, into: matrix)
    }
    return UnsafeBufferPointer(start: block.floats, count: samples.count * width)
  }

  /// Calls `body` with the places of all samples in turn, about a mebibyte at a time, as long as it gives
  /// true; what comes next is read meanwhile.
  private func forEachRange<Failure: Error>(
    _ body: (Range<Int>) throws(Failure) -> Bool
  ) throws(Failure) {
    let (size, ahead) = (samplesAtOnce, 8 * samplesAtOnce)
    fetch(0..<ahead)
    for start in stride(from: 0, to: count, by: size) {
      fetch(start + ahead..<start + ahead + size)
      let samples = start..<min(start + size, count)
      let goesOn = try body(samples)
      release(samples)
      if !goesOn { return }
    }
  }
}
