import FileTestSupport
import Foundation
import Testing

/// Another program computes what the model computes.
@Suite(.enabled(if: Python.path != nil, Comment(rawValue: Python.reason)))
struct PythonTests {
  /// Forward in NumPy, from the file alone: products, biases and ReLU, then the softmax.
  private static let script = """
    import sys, numpy as np
    from safetensors.numpy import load_file
    run, data = sys.argv[1:]
    w = load_file(run + "/model.safetensors")
    raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
    x = raw.reshape(-1, w["layers.1.weight"].shape[1]).astype(np.float32) / 255
    h = np.maximum(x @ w["layers.1.weight"].T + w["layers.1.bias"], 0)
    s = h @ w["layers.3.weight"].T + w["layers.3.bias"]
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    logits, probabilities = np.load(run + "/s.npy"), np.load(run + "/p.npy")
    assert logits.dtype == probabilities.dtype == np.float32
    assert logits.shape == s.shape, (logits.shape, s.shape)
    print(len(s), np.abs(logits - s).max() < 1e-4, np.abs(probabilities - p).max() < 1e-4)
    """

  private static func check(_ run: String, data: String, model: [String]) throws -> ProcessResult {
    for (name, flags) in [("p.npy", []), ("s.npy", ["--logits"])] {
      expectSuccess(
        try Command.maru(["predict", run] + model + ["--output", "\(run)/\(name)"] + flags))
    }
    return try Python.run(script, [run, data])
  }

  @Test func numPyComputesTheSameLogitsFromTheFile() throws {
    let run = try StripesRun(layers: "flatten,12:relu,4:softmax")
    let result = try Self.check(run.path, data: run.data, model: ["--dataset", run.data])
    #expect(result.errors == "")
    #expect(result.output == "20 True True\n")
  }

  @Test(
    .enabled(
      if: LessonData.mnist != nil, "MNIST was not found: maru data fetch mnist, or set MARU_DATA"))
  func numPyComputesTheSameLogitsOnMNIST() throws {
    let directory = try #require(LessonData.mnist)
    let folder = try TemporaryFolder()
    let mnist = ["--dataset", "mnist", "--data-directory", directory]
    expectSuccess(
      try Command.maru(
        Command.words("train --layers flatten,32:relu,10:softmax --epochs 1 --progress none")
          + mnist + ["--output", folder["run"]]))
    let result = try Self.check(
      folder["run"], data: try LessonData.plainTestImages(directory, in: folder), model: mnist)
    #expect(result.errors == "")
    #expect(result.output == "10000 True True\n")
  }
}
