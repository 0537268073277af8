import ArgumentParser
import Maru
import Text

/// How many principal components go into a network, and how.
struct ComponentOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Train on so many principal components of the training part, or on as many as hold a share "
        + "of its variance, as 0.95; they become the model's first layer.", valueName: "k|share"))
  var pca: KeptComponents?
  @Flag(help: "Divide each principal component by its standard deviation.")
  var whiten = false

  func validate() throws {
    if whiten && pca == nil { throw ValidationError("--whiten: expected with --pca") }
  }
}

/// A number of components, or the share of the variance that they are to hold, which has a point.
struct KeptComponents: ExpressibleByArgument, RawRepresentable, Codable {
  let text: String
  let count: ComponentCount

  var rawValue: String { text }

  init?(argument: String) { self.init(rawValue: argument) }

  init?(rawValue argument: String) {
    text = argument
    if let number = Int(argument), number >= 1 {
      count = .count(number)
    } else if argument.contains("."), let share = Double(argument), 0 < share && share <= 1 {
      count = .variance(share)
    } else {
      return nil
    }
  }
}

/// The principal components of the training part, in which a network is trained, and which become
/// the first layer of the finished model.
///
/// That layer is fixed, so that the samples are projected once, not in each step.
struct Projection {
  /// All training samples, those held out too, as scores.
  let scores: Tensor
  private let principal: PrincipalComponents<Float>
  private let isWhitening: Bool

  /// Fits to the samples that are trained on, and projects all, or throws a failure that names the
  /// option that is to blame.
  init(_ kept: KeptComponents, whitening: Bool, _ settings: TrainingSettings, _ dataset: Dataset)
    throws
  {
    let images = dataset.train.images
    let inputs = images.shape.count
    try MemoryNeed(covarianceOf: inputs).check(
      "--pca: the covariance of \(inputs.grouped) inputs takes", threads: settings.threads,
      telling: false)
    let indices: [Int32]
    do {
      indices = try settings.validation(of: dataset).split(dataset.train.goal, seed: settings.seed)
        .training
    } catch {
      throw Failure.usage("--validation-split: \(error)")
    }
    let most = min(indices.count, inputs)
    if case .count(let count) = kept.count, count > most {
      throw Failure.usage(
        "--pca: expected 1 to \(most) components of \(indices.count) samples with "
          + "\(inputs) inputs, got \(count)")
    }
    // Parts of the samples are summed by each thread.
    OpenBLAS.threads = settings.isDeterministic ? 1 : settings.threads
    do {
      principal = try PrincipalComponents(
        images, indices: indices, keeping: kept.count, whitening: whitening)
    } catch {
      throw Failure.data("--pca: \(error)")
    }
    scores = principal.transform(images)
    isWhitening = whitening
  }

  var count: Int { principal.components.rows }

  /// The components as the first item of a list of layers.
  var text: String { "pca:\(count)\(isWhitening ? ":whiten" : "")" }

  /// How much of the samples is left, for people.
  var overview: String {
    let share = principal.explainedVarianceRatio.reduce(0, +)
    return "principal components: \(count) of \(principal.mean.count), "
      + "with \(Double(share).fixed(4)) of the variance"
  }

  /// The network behind the projection, its weights as they are now.
  func completed(_ model: Sequential, inputShape: Shape) throws -> Sequential {
    let (weight, bias) = principal.projection
    let layer = Dense(weight: Tensor(weight), bias: Tensor(bias))
    let flatten: [any Layer] = inputShape.rank > 1 ? [Flatten()] : []
    // Scores are flat already.
    let layers = model.layers.drop { $0 is Flatten }
    let completed = try Sequential(
      inputShape: inputShape, flatten + [layer] + layers, seed: model.seed)
    completed.allWeights = Array(completed.weights.prefix(2)) + model.allWeights
    completed.threads = model.threads
    return completed
  }
}
