import Layers

/// Limited-memory BFGS: minimises the loss over all samples at once, by steps that follow its
/// curvature.
///
/// Each iteration goes along `p = −H·g` to `θ + α·p`, where H approximates the inverse of the
/// Hessian from the last changes of the parameters and of the gradient (Nocedal and Wright 2006,
/// *Numerical Optimization*, algorithms 7.4 and 7.5), and α meets the strong Wolfe conditions
/// (3.5 and 3.6 there). A loss without local minima, as that of softmax regression, gets to its
/// lowest value in some hundreds of passes over the samples, with nothing to tune.
///
/// ```swift
/// model.compile(optimizer: .lbfgs(), loss: .softmaxCrossEntropy)
/// let history = try model.fit(images, labels, epochs: 100)
/// ```
///
/// An epoch is one iteration: most often one pass over the samples, a second and more where the
/// first α does not do. Its loss and metrics are those of the weights that it ends with. Training
/// ends early at the tolerance, and where rounding hides every lower loss, which is where no step is
/// found, or 20 in a row have lowered neither the loss nor the gradient; ``History/stopReason`` tells.
/// `fit` starts with an empty memory.
///
/// The loss has to be one function of the weights, so there is no batch size, no learning rate, no
/// clipping, and `fit` throws ``ModelError`` for a model with ``/Layers/Dropout``.
public struct LBFGS: Sendable {
  /// How many changes are remembered; two arrays as large as the parameters each.
  public let memory: Int
  /// Training ends where the gradient's Euclidean norm is at most this part of what it was at the
  /// start of `fit`.
  public let tolerance: Double

  /// Creates the settings.
  /// - Parameters:
  ///   - memory: at least 1; 10 unless given, as in SciPy (3 to 20 are usual)
  ///   - tolerance: from 0 to below 1; 1e-5 unless given. Single precision may hide what lies below
  ///     some 1e-6.
  public init(memory: Int = 10, tolerance: Double = 1e-5) {
    require(memory >= 1, "LBFGS: expected a memory from 1, got \(memory)")
    require(
      0 <= tolerance && tolerance < 1,
      "LBFGS: expected a tolerance from 0 to below 1, got \(tolerance)")
    self.memory = memory
    self.tolerance = tolerance
  }

  /// L-BFGS; see ``LBFGS``.
  public static func lbfgs(memory: Int = 10, tolerance: Double = 1e-5) -> LBFGS {
    LBFGS(memory: memory, tolerance: tolerance)
  }

  /// How many samples each thread has as floats at a time.
  package static let rowsAThread = BlockRunner.blockSize

  /// How many numbers of single precision training keeps for each parameter.
  package func numbersAParameter(threads: Int) -> Int {
    LBFGSSolver.arenas(memory: memory) + FullBatch.arenas * threads + 2
  }
}

extension Sequential {
  /// Sets that the model is trained by L-BFGS, and forgets earlier training except for the
  /// parameters.
  /// - Parameters:
  ///   - optimizer: `.lbfgs()`
  ///   - loss: what is minimised, such as `.softmaxCrossEntropy`
  ///   - metrics: what is reported beside the loss; unless given, accuracy where the loss is of classes
  ///     or decisions, and nothing for a regression
  ///   - classWeights: what the samples of each class weigh in training; nil where all weigh 1
  public func compile(
    optimizer: LBFGS, loss: any Loss, metrics: [any Metric]? = nil, classWeights: [Float]? = nil
  ) {
    compilation = Compilation(
      model: self, method: .fullBatch(optimizer), loss: loss, metrics: metrics,
      classWeights: classWeights, clipNorm: nil)
  }
}
