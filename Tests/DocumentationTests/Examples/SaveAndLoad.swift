import Foundation
import Maru

func save(_ model: Sequential, classNames: [String], to path: String) throws {
  try ModelFile(model, classNames: classNames).write(to: path)
}

func load(_ path: String, _ images: Images) throws -> String {
  let file = try ModelFile(contentsOf: path)
  let probabilities = try file.model.predict(images)
  print(file.classNames[probabilities[rows: 0..<1].argmax()])
  return file.classNames[probabilities[rows: 0..<1].argmax()]
}

func continueTraining(_ path: String, _ data: LabelledImages) throws {
  let model = try ModelFile(contentsOf: path).model
  model.compile(optimizer: .sgd(learningRate: 1e-3), loss: .softmaxCrossEntropy)
  try model.fit(data.images, data.labels, epochs: 1)
}

func trainWithCheckpoints(
  _ model: Sequential, _ data: LabelledImages, epochs: Int, path: String
) throws -> History {
  let state =
    FileManager.default.fileExists(atPath: path)
    ? try Checkpoint(contentsOf: path).state : nil
  return try model.fit(
    data.images, data.labels, epochs: epochs, validation: .last(0.2),
    callbacks: [EarlyStopping(patience: 3), Checkpoints(path, every: .steps(500))],
    resuming: state)
}

func saveHistory(_ history: History, to path: String) throws {
  try HistoryFile.write(history, parameters: ["optimizer": "adam"], to: path)
  let run = try HistoryFile.read(path)
  print(run.history.validationLoss, run.parameters)
}

func handleErrors(_ path: String) -> String {
  do {
    let file = try ModelFile(contentsOf: path)
    return file.model.summary()
  } catch {
    // error is a ModelFileError: its kind tells a missing file from a damaged one.
    return error.kind == .missing ? "no model yet" : "\(error)"
  }
}
