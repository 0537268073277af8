/// Files of other programs that people take for models, told by their first bytes.
enum ForeignFormat {
  /// What a file is, and how its weights get into one that can be read; nil where it may be one.
  static func description(of bytes: some Collection<UInt8>) -> String? {
    formats.first { bytes.starts(with: $0.start) }?.description
  }

  private static let fromTorch =
    "in Python, safetensors.torch.save_file(model.state_dict(), \"model.safetensors\") writes one that "
    + "maru import reads"

  private static let formats: [(start: [UInt8], description: String)] = [
    (
      [0x50, 0x4B, 0x03, 0x04],
      "a zip archive, as torch.save and Keras's .keras are, and no safetensors file; \(fromTorch)"
    ),
    (
      [0x80, 0x02],
      "a pickle of Python's, as torch.save wrote, and no safetensors file; \(fromTorch)"
    ),
    ([0x80, 0x03], "a pickle of Python's, and no safetensors file; \(fromTorch)"),
    ([0x80, 0x04], "a pickle of Python's, and no safetensors file; \(fromTorch)"),
    ([0x80, 0x05], "a pickle of Python's, and no safetensors file; \(fromTorch)"),
    (
      [0x89, 0x48, 0x44, 0x46],
      "an HDF5 file, as Keras writes, and no safetensors file; numpy.savez of each Dense layer's "
        + "kernel.T and bias as 0.weight, 0.bias, 1.weight … makes a .npz that maru import reads"
    ),
    (
      [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59],
      "one NumPy array, and no safetensors file; numpy.savez of 0.weight, 0.bias, 1.weight … makes a "
        + ".npz that maru import reads"
    ),
    (
      [0x1F, 0x8B], "compressed by gzip, and no safetensors file; gunzip it first"
    ),
  ]
}
