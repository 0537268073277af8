import Datasets
import FileTestSupport
import Foundation
import ModelFiles
import Testing
import Training

struct NumPyArchiveWriterTests {
  @Test func archiveIsReadToTheBit() throws {
    let tensors = [
      (name: "layers.0.weight", tensor: TinyLayer.weight),
      (name: "layers.0.bias", tensor: TinyLayer.bias),
      (name: "ünder", tensor: Tensor([.nan, -.infinity, .ulpOfOne], shape: [3, 1, 1])),
      (name: "none", tensor: Tensor(zeros: [0, 3])),
      (name: "number", tensor: Tensor([7], shape: [])),
    ]
    let folder = try TemporaryFolder()
    let contents = try NumPyFile.archive(of: tensors, for: "w")
    let archive = try NumPyArchive(contentsOf: folder.write(contents, to: "w.npz"))
    #expect(archive.names == tensors.map(\.name).sorted())
    for (name, tensor) in tensors {
      let array = try #require(try archive.array(name))
      #expect(array.elementType == .float32)
      #expect(TensorBits(array.tensor) == TensorBits(tensor), "\(name)")
    }
    // Nothing but the weights is in it, no time either.
    #expect(try NumPyFile.archive(of: tensors, for: "w") == contents)
  }

  @Test func archiveOfNothingIsSound() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(NumPyFile.archive(of: [], for: "w"), to: "w.npz")
    #expect(try NumPyArchive(contentsOf: path).names == [])
  }

  @Test func moreArraysThanAnArchiveCountsAreRefused() throws {
    let tensor = Tensor(zeros: [0])
    let tensors = (0..<65535).map { (name: "\($0)", tensor: tensor) }
    let error = #expect(throws: ModelFileError.self) {
      try NumPyFile.archive(of: tensors, for: "w")
    }
    #expect(
      error?.description
        == "w: cannot be written as npz, which holds less than 65,535 arrays and 4 GiB")
    #expect(try NumPyFile.archive(of: tensors.dropLast(), for: "w").count > 65534 * 200)
  }
}
