import Testing
import Training

@Suite struct ProfileTests {
  @Test(arguments: [1, 2])
  func theRowsAreTheWorkOfAStep(threads: Int) throws {
    let (profile, _) = try profile(threads: threads)
    let work = profile.rows.map { "\($0.layer ?? "") \($0.work.rawValue)" }
    #expect(
      work == [
        " gather", "dense forward", "re_lu forward", "dense_1 forward", " loss",
        "dense_1 weight gradient", "dense_1 data gradient", "re_lu data gradient",
        "dense weight gradient", " update", " waiting",
      ])
    #expect(profile.steps == 10)
  }

  /// GFLOP/s times the time in BLAS are the operations, which follow from the sizes.
  @Test(arguments: [1, 2])
  func theOperationsAreThoseOfTheProducts(threads: Int) throws {
    let (profile, _) = try profile(threads: threads)
    let (lower, upper) = (2.0 * 16 * 90 * 140, 2.0 * 16 * 140 * 10)
    let expected = [
      "dense forward": lower, "dense weight gradient": lower, "dense_1 forward": upper,
      "dense_1 weight gradient": upper, "dense_1 data gradient": upper,
    ]
    for row in profile.rows {
      let operations = expected["\(row.layer ?? "") \(row.work.rawValue)"]
      guard let gigaflops = row.gigaflops, let operations else {
        #expect(row.gigaflops == nil && operations == nil && row.productMicroseconds == 0)
        continue
      }
      #expect(abs(gigaflops * row.productMicroseconds * 1e3 / operations - 1) < 1e-9)
      #expect(row.productMicroseconds <= row.microseconds)
    }
  }

  @Test(arguments: [1, 2])
  func convolutionsAreProductsAndLayoutsAreNamed(threads: Int) throws {
    let model = try Sequential(
      inputShape: [6, 5, 2],
      [ReLU(), Conv2D(3, Window2D(3, padding: .same)), MaxPool2D(2), Flatten(), Dense(4)])
    model.threads = threads
    model.fixedParts = threads
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    let profile = StepProfile()
    try model.fit(
      randomSamples([40, 6, 5, 2], seed: 1), randomLabels(40, classes: 4, seed: 1), batchSize: 20,
      profile: profile)
    #expect(
      profile.rows.map { "\($0.layer ?? "") \($0.work.rawValue)" } == [
        " gather", "re_lu forward", "conv2d forward", "max_pool2d forward", "dense layout",
        "dense forward", " loss", "dense weight gradient", "dense data gradient",
        "max_pool2d data gradient", "conv2d weight gradient", " update", " waiting",
      ])
    // Of six rows four meet three rows of the filter and two meet two; of five columns likewise.
    let meetings = (4 * 3 + 2 * 2) * (3 * 3 + 2 * 2)
    let (samples, channels, filters) = (20, 2, 3)
    let operations = Double(2 * samples * meetings * channels * filters)
    for row in profile.rows where row.layer == "conv2d" && row.work != .layout {
      let gigaflops = try #require(row.gigaflops)
      #expect(abs(gigaflops * row.productMicroseconds * 1e3 / operations - 1) < 1e-9)
    }
  }

  /// The stages follow each other without a gap, so together they are not longer than the epochs.
  @Test func theStepsAreNotLongerThanTheEpochs() throws {
    let (profile, history) = try profile(threads: 2)
    let seconds = profile.microseconds * Double(profile.steps) / 1e6
    #expect(seconds > 0 && seconds <= history.seconds.reduce(0, +))
  }

  @Test func noStepsAreNoRows() throws {
    let model = try Sequential(inputShape: [3], [Dense(2)])
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let profile = StepProfile()
    #expect(profile.rows.isEmpty && profile.microseconds == 0 && profile.description == "")
  }

  @Test func theTableShowsEachRowAndTheStep() throws {
    let (profile, _) = try profile(threads: 1)
    let lines = profile.description.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("│") } == profile.rows.count + 1)
    #expect(lines.contains { $0.contains("│ dense_1 │ data gradient") })
    #expect(lines.contains { $0.contains("step") && $0.contains("100.0 %") })
  }

  /// Two epochs of five steps, on batches of 16.
  private func profile(threads: Int) throws -> (StepProfile, History) {
    let model = try Sequential(inputShape: [90], [Dense(140), ReLU(), Dense(10), Softmax()])
    model.threads = threads
    model.compile(optimizer: .adam(), loss: .softmaxCrossEntropy)
    let profile = StepProfile()
    let history = try model.fit(
      randomSamples([80, 90], seed: 1), randomLabels(80, classes: 10, seed: 2), epochs: 2,
      batchSize: 16, profile: profile)
    return (profile, history)
  }
}
