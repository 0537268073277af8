import ArgumentParser
import Maru

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, and save it with its history.",
    discussion: """
      Without --exercise, the settings that are not given are those of the softmax exercise, and for a \
      table (.csv, .tsv, .txt) 64:relu and adam. \
      Progress goes to standard error, results to standard output.
      """)

  @Option(help: "The lesson's settings; any other option changes one of them.")
  var exercise: Exercise?
  @Option(
    help:
      "mnist, fashion-mnist, digits, a folder with four IDX files, a .npz file or a table (.csv).")
  var dataset: String?
  @OptionGroup var data: DataOptions
  @Option(
    help: """
      Layers, first to last: UNITS[:ACTIVATION], dropout:RATE, batchnorm, layernorm, flatten, as \
      128:relu,10:softmax; for images conv:FILTERS:SIZE[:same][:stride=N][:ACTIVATION], \
      maxpool:SIZE, avgpool:SIZE, globalavgpool, as conv:16:3:relu,maxpool:2,flatten,10:softmax.
      """)
  var layers: String?
  @Option(
    help: ArgumentHelp(
      "Begin with the weights of a model, and keep what it has learned of its data; where other classes or "
        + "numbers are predicted, the last layer is new. Without --layers, the layers are the model's.",
      valueName: "model"))
  var initial: String?
  @Option(
    help: ArgumentHelp(
      "What is minimised: \(LossName.allValueStrings.joined(separator: ", ")). DELTA, 1 unless given, is the "
        + "error from which on Huber's loss is absolute, in standard deviations of the numbers. (default: "
        + "crossentropy of classes, squared of numbers)", valueName: "loss"))
  var loss: LossName?
  @OptionGroup var table: TableArguments
  @OptionGroup var components: ComponentOptions
  @Option(help: "How weights are updated.")
  var optimizer: OptimizerName?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The learning rate: RATE; cosine:RATE[:warmup=EPOCHS][:floor=RATE], which rises to RATE and falls along "
        + "half a cosine; step:RATE[:factor=F][:every=EPOCHS], in stairs by F, 0.1 unless given; "
        + "exponential:RATE[:factor=F][:every=EPOCHS], smoothly by F, 0.9 unless given. (default: that of "
        + "the optimizer in Keras)", valueName: "rate"))
  var learningRate: RateSchedule?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The factor of the penalty on the squared weights of all layers.", valueName: "factor"))
  var l2: Float?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Samples per step, or full for all of them.", valueName: "n|full"))
  var batchSize: BatchSize?
  @Option(
    parsing: .unconditional,
    help: "How often the training samples are gone through; for lbfgs, the most iterations.")
  var epochs: Int?
  @Option(
    parsing: .unconditional,
    help:
      "The part of its first norm at which the gradient is small enough for lbfgs. (default: 1e-5)"
  )
  var tolerance: Double?
  @Option(
    parsing: .unconditional,
    help: "The part of the training samples held out for validation, from 0 to below 1.")
  var validationSplit: Double?
  @Option(help: "Which part is held out. (default: last)")
  var split: SplitName?
  @Option(
    help: """
      How an epoch mixes samples: full mixes all, blocks those of some blocks at a time, which is read fast \
      from data larger than memory. (default: blocks for samples in files of more than half of the memory)
      """)
  var shuffle: ShuffleName?
  @Option(
    parsing: .unconditional,
    help: "What initial weights, shuffling, dropout and the split follow from. (default: 0)")
  var seed: UInt64?
  @Option(
    parsing: .unconditional,
    help: "Threads to use. (default: all processors that this process may use)")
  var threads: Int?
  @Flag(help: "Give the same bytes for any number of threads, at some cost.")
  var deterministic = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End training when the validation loss has not improved for so many epochs, and keep the "
        + "weights of the best one.", valueName: "epochs"))
  var earlyStopping: Int?
  @Option(help: ArgumentHelp("The folder to save the run in.", valueName: "dir"))
  var output: String?
  @OptionGroup var force: ForceOption
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Save the state of training in that folder after every so many steps, or each epoch.",
      valueName: "n|epoch"))
  var checkpointEvery: CheckpointInterval?
  @Option(
    help: ArgumentHelp(
      "Go on with the interrupted run in a folder, or for more --epochs with one that has ended; only "
        + "--epochs, --learning-rate, --threads, --data-directory and --checkpoint-every may be changed.",
      valueName: "run"))
  var resume: String?
  @Option(help: "How to report progress.")
  var progress: ProgressMode = .auto
  @Flag(help: "Print where the time of a step goes, by layer and kind of work.")
  var profile = false

  /// Whether the data are a table, which has settings of its own where no exercise is named.
  private var isOfTable: Bool {
    if case .csv = source { true } else { false }
  }

  /// Whether the data are a file or a folder of the user's, of which some may be held out.
  private var source: DatasetSource? { dataset.flatMap { try? DatasetSource(parsing: $0) } }

  /// Those of how files become samples; nil for data that are known by name.
  private var fileSettings: TableSettings? {
    switch source {
    case .csv, .directory, .numPyArchive: table.settings(seed: seed ?? 0, split: split)
    case .published, .digits, nil: nil
    }
  }

  /// The options, completed by the settings of the exercise, or by those of tables, which are also those of
  /// numbers to predict.
  private func settings(ofNumbers: Bool = false) -> TrainingSettings {
    let (base, isOfTable) = (exercise ?? .softmax, isOfTable)
    let isPlainTable = (isOfTable || ofNumbers) && exercise == nil
    let optimizer = optimizer ?? (isPlainTable ? TrainingSettings.tableOptimizer : base.optimizer)
    let size = isPlainTable ? TrainingSettings.tableBatch : base.batchSize
    return TrainingSettings(
      dataset: dataset ?? base.dataset, dataDirectory: data.dataDirectory,
      layers: LayerList(
        text: layers ?? (isPlainTable ? TrainingSettings.tableLayers : base.layers), l2: l2 ?? 0),
      loss: loss, optimizer: optimizer,
      learningRate: learningRate
        ?? (self.optimizer == nil && !isPlainTable
          ? base.learningRate(epochs: epochs ?? base.epochs) : nil)
          ?? optimizer.learningRate.map { RateSchedule($0) },
      tolerance: tolerance ?? LBFGS().tolerance,
      batchSize: batchSize ?? (optimizer == .lbfgs ? .full : .samples(size)),
      epochs: epochs ?? base.epochs,
      validationSplit: validationSplit ?? base.validationSplit,
      // In folders the classes come one after the other.
      split: split ?? (isOfTable || source?.isOfPictures == true ? .stratified : .last),
      seed: seed ?? 0, threads: threads ?? Processors.usable, isDeterministic: deterministic,
      earlyStopping: earlyStopping, checkpointEvery: checkpointEvery, pca: components.pca,
      whitens: components.whiten,
      table: fileSettings, shuffle: shuffle)
  }

  /// The settings of an interrupted run, with what may be changed.
  private func changed(_ settings: TrainingSettings) -> TrainingSettings {
    var settings = settings
    settings.learningRate = learningRate ?? settings.learningRate
    settings.epochs = epochs ?? settings.epochs
    settings.threads = threads ?? settings.threads
    settings.checkpointEvery = checkpointEvery ?? settings.checkpointEvery
    settings.dataDirectory = data.dataDirectory ?? settings.dataDirectory
    return settings
  }

  /// Where the layers come from, for errors.
  private var layersOption: String {
    if layers != nil { return "--layers" }
    if let initial { return "--initial \(initial)" }
    if let resume { return "--resume \(resume): the layers of the run" }
    return "the layers of the \((exercise ?? .softmax).rawValue) exercise"
  }

  /// An option that was given, but that an interrupted run has its own value of.
  private var optionAgainstResume: String? {
    let given: [(String, Bool)] = [
      ("--exercise", exercise != nil), ("--dataset", dataset != nil), ("--layers", layers != nil),
      ("--initial", initial != nil), ("--loss", loss != nil),
      ("--optimizer", optimizer != nil), ("--tolerance", tolerance != nil), ("--l2", l2 != nil),
      ("--batch-size", batchSize != nil), ("--validation-split", validationSplit != nil),
      ("--split", split != nil), ("--shuffle", shuffle != nil), ("--seed", seed != nil),
      ("--deterministic", deterministic),
      ("--early-stopping", earlyStopping != nil),
      ("--output", output != nil), ("--force", force.isGiven), ("--pca", components.pca != nil),
    ]
    return given.first { $0.1 }?.0 ?? table.given.first
  }

  func validate() throws {
    if let resume {
      if let option = optionAgainstResume {
        throw ValidationError("\(option): cannot be changed by --resume")
      }
      if resume.isEmpty { throw ValidationError("--resume: expected a folder, got an empty name") }
    } else {
      try force.check(with: output)
      if tolerance != nil && optimizer != .lbfgs {
        throw ValidationError("--tolerance: expected with --optimizer lbfgs, which it ends")
      }
    }
    if initial != nil && components.pca != nil {
      throw ValidationError(
        "--pca: expected without --initial, whose layers come without components")
    }
    let settings = settings()
    let problem = settings.problem ?? (epochs == nil ? nil : settings.problemOfEpochs)
    if let problem { throw ValidationError(problem) }
    if checkpointEvery != nil && output == nil && resume == nil {
      throw ValidationError("--checkpoint-every: expected with --output, where it is saved")
    }
  }

  func run() throws {
    if let output { try RunFolder.refuseFinishedRun(in: output, unless: force) }
    let interrupted = try resume.map { try InterruptedRun(in: $0) }
    var settings = interrupted.map { changed($0.settings) } ?? settings()
    if let problem = settings.problem { throw Failure.usage(problem) }
    try interrupted?.check(epochs: settings.epochs)
    interrupted?.tellOfThreads(settings.threads)
    let begun = try initial.map { try InitialModel.read($0) }
    if let begun { settings.initial = begun.initial }
    _ = try settings.madeLayers()
    let file = begun?.file ?? settings.initial?.file
    let dataset = try loadData(&settings, for: file)
    dataset.findings?.tell(lines: progress.isForPeople)
    for note in dataset.notes { Messages.print("\(note)") }
    if interrupted == nil { try complete(&settings, for: dataset, begun?.file) }
    if let problem = settings.problemOfEpochs { throw Failure.usage(problem) }
    let layers = try settings.madeLayers()
    try interrupted?.check(dataset)
    let run = try TrainingRun(
      settings, layers, dataset, beginningWith: begun?.file, layersOption: layersOption,
      keepingState: (resume ?? output) != nil, telling: progress.isForPeople)
    guard let path = resume ?? output else {
      try introduce(run, resuming: nil)
      return try train(run, nil, resuming: nil)
    }
    do {
      try Interrupts.noted {
        let folder = try RunFolder(checking: path, resuming: resume != nil, replacing: force)
        defer { folder.removeIfEmpty() }
        try introduce(run, resuming: interrupted?.state)
        try train(run, folder, resuming: interrupted?.state)
      }
    } catch let interrupt as InterruptWatch.Interrupted {
      Messages.print("\(interrupt.message)")
      throw ExitCode(128 + interrupt.signal)
    }
  }

  /// Settles what follows from the data: the last layer, and how long a table is trained on.
  private func complete(
    _ settings: inout TrainingSettings, for dataset: Dataset, _ initial: ModelFile?
  ) throws {
    if dataset.isOfNumbers {
      let (name, initial) = (settings.dataset, settings.initial)
      settings = self.settings(ofNumbers: true)
      (settings.dataset, settings.initial) = (name, initial)
    }
    if let initial, layers == nil {
      try settings.initial?.complete(initial, for: dataset, l2: l2)
      settings.layers = LayerList(describing: try settings.madeLayers(), l2: settings.layers.l2)
    } else {
      settings.layers = settings.layers.completed(
        outputs: dataset.outputs, isOfClasses: !dataset.isOfNumbers)
    }
    if let initial, progress.isForPeople {
      let isSame = try initial.predictsLike(dataset)
      let last = isSame ? "all layers" : "all layers but the last, which is new, since"
      let reason =
        isSame ? "" : dataset.isOfNumbers ? " other numbers are predicted" : " the classes differ"
      Messages.print("begins with the weights of \(self.initial ?? ""): \(last)\(reason)")
    }
    if (isOfTable || dataset.isOfNumbers) && epochs == nil && exercise == nil
      && settings.optimizer != .lbfgs
    {
      settings.epochs = TrainingSettings.tableEpochs(
        rows: dataset.train.count, batch: settings.batchSize.count(of: dataset.train.count))
      if earlyStopping == nil && settings.validationSplit > 0 {
        settings.earlyStopping = TrainingSettings.tablePatience
      }
      if let patience = settings.earlyStopping, progress.isForPeople {
        Messages.print(
          """
          trains for \(settings.epochs) epochs, or until val_loss has not improved for \(patience) \
          (--epochs, --early-stopping)
          """)
      }
    }
  }

  /// Tells people what is trained on what.
  private func introduce(_ run: TrainingRun, resuming state: TrainingState?) throws {
    guard progress.isForPeople else { return }
    for line in run.overview { Messages.print("\(line)") }
    if let line = run.shuffleLine(resuming: state) { Messages.print("\(line)") }
    if let line = run.rateLine(resuming: state) { Messages.print("\(line)") }
    if let advice = KernelGain.advice { Messages.print("\(advice)") }
    Results.print(lines: try run.completed().summary(width: Terminal.standardOutput.limit))
  }

  /// Trains, and prints and saves what came out.
  private func train(
    _ run: TrainingRun, _ folder: RunFolder?, resuming state: TrainingState?
  ) throws {
    let profile = profile ? StepProfile() : nil
    let trained = try run.train(
      reporting: progress, profile: profile, saving: folder, resuming: state)
    // Before anything else, which may fail or be cut off.
    try folder?.save(trained)
    let result = try trained.tested()
    Results.print("\(result.testLine)")
    if let profile { Results.print(lines: profile.table(width: Terminal.standardOutput.limit)) }
    let unwritten = folder.map { show(result, in: $0) } ?? []
    // The numbers are there to be looked at, and a judgement may be wrong; success it is not.
    if let problem = result.problem {
      throw Failure.data(problem + (folder == nil ? "" : "; the model is saved all the same"))
    }
    try folder?.check(unwritten)
  }

  /// Writes what shows a model that is saved, and gives what of that could not be written.
  private func show(_ result: TrainingResult, in folder: RunFolder) -> [RunFolder.Unwritten] {
    var unwritten = folder.writeTexts(of: result)
    Results.print("saved: \(folder.path)")
    unwritten += Interrupts.endingAtOnce { folder.writeReport(of: result) }
    if progress != .json, let lack = unwritten.first(where: \.isForLackOfGnuplot) {
      Messages.print("no pictures: \(lack.error)")
    }
    return unwritten.filter { !$0.isForLackOfGnuplot }
  }

  /// The data asked for. Where the exercise's own are not there and none were named, generated
  /// digits take their place, and a line says so.
  /// - Parameter initial: the model that is trained further, by which data become samples
  private func loadData(
    _ settings: inout TrainingSettings, for initial: ModelFile?
  ) throws -> Dataset {
    let name = settings.dataset
    do {
      let source = try DatasetSource(parsing: name)
      if resume == nil { try table.check(with: source) }
      let kept = try initial?.learnedInputs ?? LearnedInputs()
      if let option = table.given(against: kept, source) {
        throw Failure.usage("\(option): expected without --initial, whose model has its own")
      }
      let dataset = try Dataset.load(
        source, dataDirectory: settings.dataDirectory, table: settings.table ?? TableSettings(),
        keeping: kept)
      guard let initial else { return dataset }
      let ordered = initial.orderedLikeModel(dataset)
      try initial.checkInputs(ordered, "--initial \(settings.initial?.path ?? "")")
      return ordered
    } catch let error as DatasetError {
      let isAskedFor = dataset != nil || resume != nil || data.dataDirectory != nil
      guard error.kind == .missingFile && !isAskedFor else { throw error }
      Messages.print(
        "\(name) was not found, so the generated digits are used; to get it: maru data fetch \(name)"
      )
      settings.dataset = "digits"
      return try Dataset.load(.digits)
    }
  }
}
