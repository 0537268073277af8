import ModelFiles
import Training

/// What lies behind the checksums of a checkpoint, which hardly any change to its bytes gets past.
enum SectionedCheckpoint {
  /// What no text has, and a number seldom.
  private static let separator: UInt8 = 255

  /// A checkpoint of sections, each a name, a line feed and its contents, with a separator between
  /// two.
  static func file(_ sections: UnsafeRawBufferPointer) -> [UInt8] {
    sections.split(separator: separator).reduce(into: Array("maru checkpoint 1\n".utf8)) {
      let parts = $1.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
      let (name, body) = (Array(parts[0]), parts.count > 1 ? Array(parts[1]) : [])
      // The lengths and the checksum; that of the contents takes two.
      for number in [UInt32(name.count), checksum(name + body), UInt32(body.count), 0] {
        $0 += withUnsafeBytes(of: number.littleEndian) { Array($0) }
      }
      $0 += name + body
    }
  }

  /// Reads a checkpoint, and goes on from its state.
  static func read(_ path: String) throws {
    let state = try Checkpoint(contentsOf: path).state
    try goOn(from: state, batchSize: 2, callbacks: [ReduceOnPlateau(monitor: "loss", patience: 2)])
    {
      $0.compile(optimizer: .adam(), loss: .meanSquaredError, metrics: [])
    }
    try goOn(from: state) { $0.compile(optimizer: .lbfgs(), loss: .meanSquaredError, metrics: []) }
  }

  /// CRC-32 as in zlib.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum >> 1 ^ (sum & 1) &* 0xEDB8_8320 }
    }
  }

  /// Trains a small model on; the state may be of another one, or be refused.
  private static func goOn(
    from state: TrainingState, batchSize: Int? = nil, callbacks: [any Callback] = [],
    compile: (Sequential) -> Void
  ) throws {
    let model = try Sequential(inputShape: [1], [Dense(1)], seed: 1)
    model.threads = 1
    compile(model)
    let samples = Tensor([0, 1, 2, 3], shape: [4, 1])
    do {
      try model.fit(
        samples, .values(samples), epochs: 3, batchSize: batchSize,
        callbacks: [EarlyStopping(monitor: "loss", patience: 2)] + callbacks, resuming: state)
    } catch is ModelError {}
  }
}
