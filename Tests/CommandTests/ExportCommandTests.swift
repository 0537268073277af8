import FileTestSupport
import Foundation
import Maru
import Testing

/// Models go into single files for other programs, by the command.
struct ExportFileTests {
  private static let layers = "flatten,12:relu,dropout:0.5,4:softmax"

  @Test(arguments: ["onnx", "npz"])
  func oneFileIsWrittenOverAnOldOneAndNothingElse(form: String) throws {
    let run = try StripesRun(layers: Self.layers)
    let folder = try TemporaryFolder()
    try folder.write([1], to: "model")
    let result = try Command.maru([
      "export", run.path, "--to", form, "--force", "--output", folder["model"],
    ])
    expectSuccess(result)
    #expect(result.output == "saved: \(folder["model"])\n")
    #expect(folder.contents == ["model"])
    #expect(try folder.bytes(of: "model").count > 12 * 20 * 4)
  }

  /// An archive's channels are last, as Maru's; 3×3 windows of 3 channels fit either way.
  @Test(arguments: [Self.layers, "conv:3:3:same,conv:3:3:same:relu,flatten,4:softmax"])
  func weightsComeBackFromAnArchiveToTheBit(layers: String) throws {
    let run = try StripesRun(layers: layers)
    let folder = try TemporaryFolder()
    expectSuccess(
      try Command.maru(["export", run.path, "--to", "npz", "--output", folder["w.npz"]]))
    let images = layers.hasPrefix("conv")
    let result = try Command.maru(
      ["import", folder["w.npz"], "--layers", layers, "--output", folder["model"]]
        + (images ? ["--image", "4x5"] : []))
    #expect(result.exitCode == 0)
    let said = "channels are taken to be last, as in files of Maru's\n"
    #expect(result.errors == (images ? "\(folder["w.npz"]): \(said)" : ""))
    let before = try ModelFile(contentsOf: run.path + "/model.safetensors").model
    let after = try ModelFile(contentsOf: folder["model"]).model
    #expect(after.weightNames == before.weightNames)
    #expect(after.weights.map(\.shape) == before.weights.map(\.shape))
    let bits = { (model: Sequential) in model.weights.map { $0.elements.map(\.bitPattern) } }
    #expect(bits(after) == bits(before))
  }

  @Test(arguments: ["onnx", "npz"])
  func wrongOutputIsToldInALine(form: String) throws {
    let run = try StripesRun()
    let folder = try TemporaryFolder()
    let model = run.path + "/model.safetensors"
    let export = { (output: String) in
      try Command.maru(["export", run.path, "--to", form, "--output", output])
    }
    expectFailure(
      try export(folder.path), 74,
      "\(folder.path): cannot write: expected a file, found a folder or a device")
    expectFailure(
      try export(folder["none/model"]), 74,
      "\(folder["none/model"]): cannot write: No such file or directory")
    let before = try Data(contentsOf: URL(fileURLWithPath: model))
    expectFailure(try export(model), 64, "--output \(model): \(model) is the model itself")
    #expect(try Data(contentsOf: URL(fileURLWithPath: model)) == before)
    #expect(folder.contents == [])
  }
}

/// NumPy reads the archive.
@Suite(.enabled(if: Python.path != nil, Comment(rawValue: Python.reason)))
struct NumPyExportTests {
  @Test func archiveHoldsTheNamesAndBitsOfTheModel() throws {
    let run = try StripesRun(layers: "flatten,12:relu,4:softmax")
    let archive = run.folder["weights.npz"]
    expectSuccess(try Command.maru(["export", run.path, "--to", "npz", "--output", archive]))
    let result = try Python.run(
      """
      import sys, zipfile, numpy as np
      from safetensors.numpy import load_file
      run, archive = sys.argv[1:]
      expected, found = load_file(run + "/model.safetensors"), np.load(archive)
      assert zipfile.ZipFile(archive).testzip() is None
      assert set(found) == set(expected), list(found)
      for name, array in expected.items():
        assert found[name].dtype == np.float32 and found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()
      print(sorted(found))
      """, [run.path, archive])
    #expect(result.errors == "")
    #expect(
      result.output
        == "['layers.1.bias', 'layers.1.weight', 'layers.3.bias', 'layers.3.weight']\n")
  }

  /// What NumPy writes, compressed or not, is what it was.
  @Test(arguments: ["savez", "savez_compressed"])
  func archiveOfNumPyIsImportedToTheBit(function: String) throws {
    let folder = try TemporaryFolder()
    let made = try Python.run(
      """
      import sys, numpy as np
      random = np.random.default_rng(1)
      state = {f"layers.{i}.{name}": random.standard_normal(shape).astype(np.float32)
               for i, name, shape in [(0, "weight", (5, 3)), (0, "bias", 5), (2, "weight", (2, 5))]}
      state["layers.2.weight"] = np.asfortranarray(state["layers.2.weight"])
      state["layers.0.bias"] = state["layers.0.bias"].astype(">f4")
      getattr(np, sys.argv[2])(sys.argv[1] + "/w.npz", **state)
      from safetensors.numpy import save_file
      save_file({k: np.ascontiguousarray(v, "<f4") for k, v in state.items()}, sys.argv[1] + "/w")
      """, [folder.path, function])
    #expect(made.errors == "")
    expectSuccess(
      try Command.maru([
        "import", folder["w.npz"], "--layers", "5:relu,2:softmax", "--output", folder["model"],
      ]))
    let result = try Python.run(
      """
      import sys
      from safetensors.numpy import load_file
      found, expected = (load_file(sys.argv[1] + name) for name in ("/model", "/w"))
      print({k: v.tobytes() for k, v in found.items()} == {
        k: v.tobytes() for k, v in expected.items()})
      """, [folder.path])
    #expect(result.errors == "")
    #expect(result.output == "True\n")
  }
}

/// ONNX Runtime computes what the model computes.
@Suite(.enabled(if: Python.hasONNX, Comment(rawValue: Python.onnxReason)))
struct ONNXTests {
  private static let script = """
    import sys, numpy as np, onnx, onnxruntime
    folder, data, size = sys.argv[1], sys.argv[2], [int(n) for n in sys.argv[3].split(",")]
    model = onnx.load(folder + "/m.onnx")
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    assert inferred == model, "inferred shapes differ"
    assert model.ir_version == 9 and model.opset_import[0].version == 20
    names = {
      t.name for t in model.graph.initializer
      if not t.name.endswith((".ratio", ".sizes0", ".sizes2", ".pads"))}
    from safetensors.numpy import load_file
    # Batch normalisation right behind a convolution is a part of that.
    stored = set(load_file(folder + "/model.safetensors"))
    kept = {n.name for n in model.graph.node if n.op_type == "BatchNormalization"}
    layer = lambda name: name.rsplit(".", 1)[0]
    absorbed = {layer(n) for n in stored if n.endswith(".running_mean")} - kept
    assert len(absorbed) == int(sys.argv[4]), absorbed
    assert names == {n for n in stored if layer(n) not in absorbed}, names
    session = onnxruntime.InferenceSession(
      model.SerializeToString(), providers=["CPUExecutionProvider"])
    (source,), (target,) = session.get_inputs(), session.get_outputs()
    assert (source.name, source.shape) == ("input", ["batch"] + size), source.shape
    assert (target.name, target.shape) == ("output", ["batch", 4]), target.shape
    raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
    x = raw.reshape([-1] + size).astype(np.float32) / 255
    p = np.load(folder + "/p.npy")
    for batch in [1, 7, 64]:
      (q,) = session.run(None, {"input": x[:batch]})
      assert q.shape == (batch, 4) and np.abs(q - p[:batch]).max() < 1e-5, (batch, q - p[:batch])
    print(len(p), session.get_modelmeta().custom_metadata_map["class_names"])
    """

  @Test(arguments: [
    ("flatten,12:relu,dropout:0.5,4:softmax", "4,5"),
    ("flatten,9:gelu,8:tanh,7:softplus,6:sigmoid,5:leaky-relu,4:softmax", "4,5"),
    ("30:gelu,dropout:0,4:softmax", "20"),
    ("layernorm,flatten,layernorm,16:relu,batchnorm,4:softmax", "4,5"),
    ("conv:6:3:same:stride=2:relu,conv:5:2:tanh,flatten,dropout:0.5,4:softmax", "4,5"),
    (
      "maxpool:2:stride=1:same,conv:3:2:same,relu,layernorm,avgpool:2:stride=1:same,flatten,layernorm,"
        + "4:softmax", "4,5"
    ),
    ("conv:3:3:same:dilation=2:gelu,globalavgpool,4:softmax", "4,5"),
    (
      "batchnorm,pad:1,conv:6:3,batchnorm,silu,depthwise:3:same:stride=2,batchnorm,flatten,batchnorm,"
        + "4:softmax", "4,5"
    ),
  ])
  func exportedNetworkGivesTheSameProbabilities(layers: String, size: String) throws {
    let run = try StripesRun(layers: layers)
    let folder = try TemporaryFolder()
    let data = try Stripes.write(
      to: folder,
      changing: [
        Stripes.names[2]: idx([64, 4, 5], Stripes.pixels(64)),
        Stripes.names[3]: idx([64], Stripes.labels(64)),
      ])
    expectSuccess(
      try Command.maru(["export", run.path, "--to", "onnx", "--output", run.path + "/m.onnx"]))
    expectSuccess(
      try Command.maru([
        "predict", run.path, "--dataset", data, "--output", run.path + "/p.npy",
      ]))
    let result = try Python.run(
      Self.script, [run.path, data, size, layers.contains("pad") ? "2" : "0"])
    #expect(result.errors == "")
    #expect(result.output == "64 [\"0\",\"1\",\"2\",\"3\"]\n")
  }
}
