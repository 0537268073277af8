import Datasets
import Tensors
import Testing
import TestSupport

struct ImagesTests {
  let images = Images(pixels: (0..<60).map { UInt8($0) }, shape: [2, 5])

  @Test func countsImagesAndFindsTheirPixels() {
    #expect(images.count == 6)
    #expect(Array(images[0]) == Array(0..<10))
    #expect(Array(images[5]) == Array(50..<60))
  }

  @Test func sliceSharesThePixelsAndCountsFromZero() {
    let slice = images[2..<5][1..<3]
    #expect(slice.count == 2)
    #expect(slice.shape == [2, 5])
    #expect(Array(slice[0]) == Array(30..<40))
    let isShared = images.pixels.withUnsafeBufferPointer { whole in
      slice.pixels.withUnsafeBufferPointer { $0.baseAddress == whole.baseAddress! + 30 }
    }
    #expect(isShared)
    #expect(images[3..<3].count == 0)
  }

  @Test func flattenedKeepsTheBytes() {
    let flat = images[1..<4].flattened()
    #expect(flat.shape == [10])
    #expect(flat.sampleShape == [10])
    #expect(flat.sampleCount == 3)
    #expect(Array(flat[2]) == Array(30..<40))
  }

  @Test func gatherScalesEveryByteToTheNearestFloat() {
    let all = Images(pixels: (0...255).map { UInt8($0) }, shape: [1])
    let batch = AlignedBuffer(zeros: 256)
    (0...255).map { Int32($0) }.withUnsafeBufferPointer {
      all.gather($0, into: batch.matrix(rows: 256, columns: 1))
    }
    #expect(batch.floats[0] == 0)
    #expect(batch.floats[255] == 1)
    for pixel in 0...255 {
      #expect(batch.floats[pixel] == Float(pixel) * (1 / 255))
      #expect(abs(batch.floats[pixel] - Float(pixel) / 255) <= Float(pixel).ulp / 255)
    }
  }

  @Test func gatherOfASliceTakesItsOwnImagesInTheGivenOrder() {
    let batch = AlignedBuffer(zeros: 30)
    let indices: [Int32] = [2, 0, 2]
    indices.withUnsafeBufferPointer {
      images[3..<6].gather($0, into: batch.matrix(rows: 3, columns: 10))
    }
    let pixels = (0..<30).map { Int((batch.floats[$0] * 255).rounded()) }
    #expect(pixels == Array(50..<60) + Array(30..<40) + Array(50..<60))
  }

  @Test func gatherOfColumnsTakesThosePixels() {
    let batch = AlignedBuffer(zeros: 6)
    ([2, 0] as [Int32]).withUnsafeBufferPointer {
      images[3..<6].gather(
        $0, columns: 7..<9, into: batch.matrix(rows: 2, columns: 3)[columns: 0..<2])
    }
    let pixels = (0..<6).map { Int((batch.floats[$0] * 255).rounded()) }
    #expect(pixels == [57, 58, 0, 37, 38, 0])
  }

  @Test func gatherOfColumnsThatAreNotThereTraps() async {
    expectTrap(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let images = Images(pixels: Array(repeating: 1, count: 20), shape: [10])
        let batch = AlignedBuffer(zeros: 4)
        ([1] as [Int32]).withUnsafeBufferPointer {
          images.gather($0, columns: 8..<12, into: batch.matrix(rows: 1, columns: 4))
        }
      }, "Images.gather: expected columns in 0..<10, got 8..<12")
  }

  @Test func labelledSliceKeepsImagesAndLabelsTogether() {
    let labelled = LabelledImages(images: images, labels: [5, 4, 3, 2, 1, 0])
    let slice = labelled[2..<4]
    #expect(slice.count == 2)
    #expect(slice.labels == [3, 2])
    #expect(Array(slice.images[1]) == Array(30..<40))
  }
}
