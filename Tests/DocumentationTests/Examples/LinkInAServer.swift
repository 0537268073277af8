import Dispatch
import Maru

/// Answers requests from one model, as many at once as there are.
struct Classifier: Sendable {
  private let predictor: Predictor
  private let classNames: [String]

  init(contentsOf path: String) throws {
    let file = try ModelFile(contentsOf: path)
    predictor = Predictor(file.model)
    classNames = file.classNames
  }

  /// The class of each sample; blocks the thread that calls.
  func classes(of samples: Tensor) throws(ModelError) -> [String] {
    try predictor.predict(samples).argmaxOfRows().map { classNames[$0] }
  }
}

extension Classifier {
  /// The class of each sample, computed away from the threads that run tasks.
  func classes(ofMany samples: Tensor) async throws -> [String] {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try classes(of: samples) })
      }
    }
  }
}

func trainInATask(_ model: Sequential, _ images: Images, _ labels: [Int]) async throws -> [Double] {
  var losses: [Double] = []
  let training = try model.training(images, labels, epochs: 30, validation: .last(0.2))
  for try await epoch in training {
    losses.append(epoch.values.loss)
    if losses.count == 3 { break }
  }
  return losses
}

func makeBatch(_ requests: [[Float]]) -> Tensor {
  let batch = Tensor(requests.joined().map { $0 }, shape: [requests.count, requests[0].count])
  return batch
}
