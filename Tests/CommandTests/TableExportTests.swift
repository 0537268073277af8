import FileTestSupport
import Foundation
import Testing

/// What other programs are given of a model of a table: a network that takes the numbers as they are.
struct TableExportTests {
  /// Numbers with gaps, with marks between thousands, as percents, and yes or no: each field as it is
  /// written, and what another program is given for it.
  private static let rows: [[(text: String, number: String)]] = (0..<90).map { row in
    let income = 1000 + row * 977 % 8000
    let text = "\(income / 1000),\(String(format: "%03d", income % 1000))"
    return [
      row % 7 == 3 ? ("", "nan") : ("\(row * 31 % 50).5", "\(row * 31 % 50).5"),
      row % 11 == 2 ? ("NA", "nan") : ("\"\(text)\"", "\(income)"),
      row % 13 == 4 ? ("?", "nan") : ("\(row * 17 % 101) %", "\(row * 17 % 101)"),
      row % 9 == 5 ? ("", "nan") : row % 2 == 0 ? ("yes", "1") : ("no", "0"),
      ("\(row * 7 % 23)", "\(row * 7 % 23)"),
    ]
  }

  private static func text(_ rows: [[String]], _ names: [String]) -> String {
    ([names] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  private static let labels = [
    "classes": ["kind"], "number": ["price"], "numbers": ["price", "rent"],
  ]

  /// Trains on the rows, and lays beside the run what it predicts of them, and their numbers.
  private func run(_ folder: TemporaryFolder, _ task: String) throws {
    let names = ["age", "income", "share", "member", "visits"]
    let rows = Self.rows.map { $0.map(\.text) }
    let labels = try #require(Self.labels[task])
    let labelled = rows.enumerated().map { row, fields in
      let values = [
        "kind": ["ant", "bee"][row % 3 % 2], "price": "\(row * 1000 % 70_000)",
        "rent": "\(row % 9).5",
      ]
      return fields + labels.compactMap { values[$0] }
    }
    let data = try folder.write(Array(Self.text(labelled, names + labels).utf8), to: "data.csv")
    // No row to learn from lacks a number of visits, but one to predict does.
    let last = Self.rows[0].dropLast() + [("", "nan")]
    let others = try folder.write(
      Array(Self.text(rows + [last.map(\.text)], names).utf8), to: "rows.csv")
    let numbers = (Self.rows + [Array(last)]).map { $0.map(\.number).joined(separator: ",") + "\n" }
    try folder.write(Array(numbers.joined().utf8), to: "numbers.csv")
    expectSuccess(
      try Command.maru(
        "train --epochs 20 --progress none --label \(labels.joined(separator: ",")) --dataset",
        [data, "--output", folder["run"]]))
    let predicted = try Command.maru(
      "predict --output", [folder["p.csv"], folder["run"], "--dataset", others])
    #expect(predicted.exitCode == 0, "\(predicted.errors)")
  }

  /// What another program computes of the same numbers, beside what was predicted.
  private func check(_ folder: TemporaryFolder, _ script: String) throws {
    let result = try Python.run(
      """
      import sys, numpy as np
      folder = sys.argv[1]
      x = np.genfromtxt(folder + "/numbers.csv", delimiter=",", dtype=np.float32)
      rows = [line.split(",") for line in open(folder + "/p.csv").read().splitlines()]
      p = np.array([[float(v) for v in row[1 + (rows[0][1] == "class"):]] for row in rows[1:]])
      \(script)
      assert np.isnan(x).sum() > 30 and q.shape == p.shape, (q.shape, p.shape)
      print((np.abs(q - p) <= 1e-5 * np.maximum(1, np.abs(p))).all())
      """, [folder.path])
    #expect(result.errors == "")
    #expect(result.output == "True\n")
  }

  @Test(
    .enabled(if: Python.hasONNX, Comment(rawValue: Python.onnxReason)),
    arguments: labels.keys.sorted())
  func graphOfONNXTakesTheNumbers(task: String) throws {
    let folder = try TemporaryFolder()
    try run(folder, task)
    expectSuccess(
      try Command.maru("export --to onnx --output", [folder["m.onnx"], folder["run"]]))
    try check(
      folder,
      """
      import json, onnx, onnxruntime
      model = onnx.load(folder + "/m.onnx")
      onnx.checker.check_model(model, full_check=True)
      inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
      assert inferred == model, "inferred shapes differ"
      session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
      columns = json.loads(session.get_modelmeta().custom_metadata_map["columns"])
      assert columns == ["age", "income", "share", "member", "visits"], columns
      (q,) = session.run(None, {"input": x})
      """)
  }

  @Test(
    .enabled(if: Python.hasTorch, Comment(rawValue: Python.torchReason)),
    arguments: labels.keys.sorted())
  func networkOfPyTorchTakesTheNumbers(task: String) throws {
    let folder = try TemporaryFolder()
    try run(folder, task)
    expectSuccess(
      try Command.maru("export --to pytorch --output", [folder["torch"], folder["run"]]))
    try check(
      folder,
      """
      import torch
      sys.path.insert(0, folder + "/torch")
      import network
      with torch.no_grad(): q = network.network()(torch.tensor(x)).numpy()
      """)
  }

  @Test(arguments: ["onnx", "pytorch"])
  func categoriesAreRefusedByName(form: String) throws {
    let folder = try TemporaryFolder()
    let rows = (0..<60).map {
      ["\($0 * 7 % 31)", "abc".map(String.init)[$0 % 3], $0 % 4 == 0 ? "" : "north", "\($0 % 2)"]
    }
    let data = try folder.write(
      Array(Self.text(rows, ["size", "kind", "side", "label"]).utf8), to: "data.csv")
    expectSuccess(
      try Command.maru(
        "train --epochs 1 --progress none --dataset", [data, "--output", folder["run"]]))
    expectFailure(
      try Command.maru("export --to \(form) --output", [folder["m"], folder["run"]]), 65,
      "--to \(form): a network for other programs takes numbers, and these columns have categories: "
        + "'kind', 'side'; maru predict takes them, --to npz writes the weights alone, and a model trained "
        + "with --ignore does without")
    #expect(!folder.contents.contains("m"))
  }
}
