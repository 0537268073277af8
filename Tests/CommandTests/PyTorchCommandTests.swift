import FileTestSupport
import Foundation
import Maru
import Testing

/// Models go to PyTorch and come from it, by the commands.
struct ExportTests {
  @Test func filesAreWrittenAndNothingElse() throws {
    let run = try StripesRun(layers: "flatten,12:relu,4:softmax")
    let folder = try TemporaryFolder()
    let result = try Command.maru(
      ["export", run.path, "--to", "pytorch", "--output", folder["a/b"]])
    expectSuccess(result)
    #expect(
      result.output
        == "saved: \(folder["a/b"])/weights.safetensors\nsaved: \(folder["a/b"])/network.py\n")
    #expect(
      folder.contents == ["a", "a/b", "a/b/network.py", "a/b/weights.safetensors"])
  }

  @Test func whatIsWrittenIsImportedAgain() throws {
    let run = try StripesRun(layers: "flatten,12:relu,4:softmax")
    let folder = try TemporaryFolder()
    expectSuccess(
      try Command.maru(["export", run.path, "--to", "pytorch", "--output", folder.path]))
    expectSuccess(
      try Command.maru([
        "import", folder["weights.safetensors"], "--layers", "flatten,12:relu,4:softmax",
        "--output", folder["model"],
      ]))
    for model in [run.path, folder["model"]] {
      let name = model == run.path ? "before.npy" : "after.npy"
      expectSuccess(
        try Command.maru(["predict", model, "--dataset", run.data, "--output", folder[name]]))
    }
    #expect(try folder.bytes(of: "before.npy") == folder.bytes(of: "after.npy"))
  }

  @Test func wrongUseIsToldInALine() throws {
    let run = try StripesRun(layers: "4:softmax")
    let folder = try TemporaryFolder()
    let weights = run.path + "/model.safetensors"
    expectFailure(
      try Command.maru([
        "import", weights, "--layers", "5:softmax", "--output", folder["model"],
      ]), 65, "\(weights): expected modules for Dense(5), found layers.0 [4, 20]")
    expectFailure(
      try Command.maru(["import", weights, "--layers", "4", "--output", weights]), 64,
      "--output \(weights): expected another file than the one to read")
    expectFailure(
      try Command.maru([
        "import", folder["none"], "--layers", "4", "--output", folder["model"],
      ]), 66, "\(folder["none"]): cannot read: No such file or directory")
    try folder.write([], to: "file")
    expectFailure(
      try Command.maru(["export", run.path, "--to", "pytorch", "--output", folder["file"]]), 74,
      "--output \(folder["file"]): expected a folder, found a file")
    #expect(folder.contents == ["file"])
  }
}

/// What other programs' files are, told by the commands that are given one.
struct ForeignFileTests {
  /// A state dict in double precision: 2 → 3 → 2.
  @Test func doublesAreRoundedAndSaidSo() throws {
    let folder = try TemporaryFolder()
    let sizes = [
      ("fc1.weight", [3, 2]), ("fc1.bias", [3]), ("fc2.weight", [2, 3]), ("fc2.bias", [2]),
    ]
    var (header, values) = ([String](), [Double]())
    for (name, sizes) in sizes {
      let start = values.count * 8
      values += (0..<sizes.reduce(1, *)).map { Double($0) / 3 - 0.5 }
      header.append(
        #""\#(name)":{"dtype":"F64","shape":\#(sizes),"data_offsets":[\#(start),\#(values.count * 8)]}"#
      )
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
    let state = try folder.write(
      length + text + values.withUnsafeBytes { Array($0) }, to: "state.safetensors")
    let result = try Command.maru(
      "import --layers 3:relu,2:softmax --output", [folder["model"], state])
    #expect(result.exitCode == 0)
    #expect(
      result.errorLines == [
        "modules in the order of the layers: fc1, fc2", "fc1.weight and 3 more: rounded to float32",
      ])
    let model = try ModelFile(contentsOf: folder["model"]).model
    #expect(model.weights.flatMap(\.elements) == values.map { Float($0) })
  }

  /// A `.pth` is a zip archive, or a pickle in old ones; whatever command it is given to.
  @Test(arguments: [
    "import --layers 2 --output m", "evaluate --dataset digits", "export --to onnx --output m",
    "summary",
  ])
  func filesOfTorchSaveAreNamedWithWhatHelps(command: String) throws {
    let folder = try TemporaryFolder()
    for (bytes, name) in [
      ([0x50, 0x4B, 3, 4], "a zip archive, as torch.save and Keras's .keras are"),
      ([0x80, 2], "a pickle of Python's, as torch.save wrote"),
    ] as [([UInt8], String)] {
      let path = try folder.write(bytes + Array(repeating: 0, count: 100), to: "net.pth")
      let words = Command.words(command).map { $0 == "m" ? folder["m"] : $0 }
      expectFailure(
        try Command.maru(words + [path]), 65,
        "\(path): this is \(name), and no safetensors file; in Python, "
          + "safetensors.torch.save_file(model.state_dict(), \"model.safetensors\") writes one that maru "
          + "import reads")
      #expect(folder.contents == ["net.pth"])
    }
  }
}

/// PyTorch computes what the model computes.
@Suite(.enabled(if: Python.hasTorch, Comment(rawValue: Python.torchReason)))
struct PyTorchTests {
  @Test(arguments: [
    "flatten,12:relu,dropout:0.5,4:softmax",
    "flatten,9:gelu,8:tanh,7:softplus,6:sigmoid,5:leaky-relu,4:softmax",
    "layernorm,flatten,9:relu,batchnorm,8:tanh,layernorm,4:softmax",
    "conv:6:3:same:stride=2:relu,conv:5:2:tanh,flatten,dropout:0.5,4:softmax",
    "maxpool:2:stride=1:same,conv:3:2:same,relu,layernorm,avgpool:2:same,flatten,layernorm,4:softmax",
    "conv:3:3:same:dilation=2:gelu,globalavgpool,4:softmax",
    "batchnorm,pad:1,conv:6:3,batchnorm,silu,depthwise:3:same:stride=2,batchnorm,flatten,batchnorm,4:softmax",
  ])
  func exportedNetworkGivesTheSameProbabilities(layers: String) throws {
    let run = try StripesRun(layers: layers)
    let folder = try TemporaryFolder()
    expectSuccess(
      try Command.maru(["export", run.path, "--to", "pytorch", "--output", folder.path]))
    expectSuccess(
      try Command.maru(["predict", run.path, "--dataset", run.data, "--output", folder["p.npy"]]))
    let result = try Python.run(
      """
      import sys, numpy as np, torch
      folder, data = sys.argv[1:]
      sys.path.insert(0, folder)
      import network
      raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
      x = torch.tensor(raw.reshape(-1, 4, 5).astype(np.float32) / 255)
      with torch.no_grad():
        p = network.network()(x).numpy()
      print(p.shape, np.abs(p - np.load(folder + "/p.npy")).max() < 1e-5, network.CLASSES)
      """, [folder.path, run.data])
    #expect(result.errors == "")
    #expect(result.output == "(20, 4) True ['0', '1', '2', '3']\n")
  }

  /// Running values, and PyTorch's ε where none is given.
  @Test func normalisationOfPyTorchGivesTheSameProbabilities() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let made = try Python.run(
      """
      import sys, numpy as np, torch
      from safetensors.torch import save_file
      from torch import nn
      folder, data = sys.argv[1:]
      torch.manual_seed(2)
      model = nn.Sequential(
        nn.Linear(20, 9), nn.BatchNorm1d(9), nn.LeakyReLU(), nn.Linear(9, 6), nn.LayerNorm(6),
        nn.Tanh(), nn.Linear(6, 4))
      raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
      x = torch.tensor(raw.reshape(-1, 20).astype(np.float32) / 255)
      for _ in range(5): model(x * 3)
      model.eval()
      save_file(model.state_dict(), folder + "/state.safetensors")
      np.save(folder + "/p.npy", torch.softmax(model(x), 1).detach().numpy())
      """, [folder.path, data])
    #expect(made.errors == "")
    let result = try Command.maru([
      "import", folder["state.safetensors"], "--layers",
      "9,batchnorm,leaky-relu,6,layernorm,tanh,4:softmax", "--output", folder["model"],
    ])
    #expect(result.exitCode == 0)
    #expect(result.errors.contains("ε 1e-05 is taken, PyTorch's unless told otherwise\n"))
    expectSuccess(
      try Command.maru([
        "predict", folder["model"], "--dataset", data, "--output", folder["q.npy"],
      ]))
    let difference = try Python.run(
      """
      import sys, numpy as np
      p, q = (np.load(sys.argv[1] + name) for name in ("/p.npy", "/q.npy"))
      print(np.abs(p - q).max() < 1e-5)
      """, [folder.path])
    #expect(difference.output == "True\n")
  }

  @Test func convolutionsOfPyTorchGiveTheSameProbabilities() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let made = try Python.run(
      """
      import sys, numpy as np, torch
      from safetensors.torch import save_file
      from torch import nn
      folder, data = sys.argv[1:]
      torch.manual_seed(3)
      model = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 5, (2, 2), bias=False),
        nn.Tanh(), nn.Flatten(), nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 4))
      wide = nn.Sequential(nn.Conv2d(1, 3, 2), nn.Flatten(), nn.Linear(36, 4))
      norm = nn.Sequential(
        nn.ZeroPad2d(1), nn.Conv2d(1, 3, 3, stride=2, bias=False), nn.BatchNorm2d(3), nn.SiLU(),
        nn.Conv2d(3, 3, 3, padding=1, groups=3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))
      raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
      x = torch.tensor(raw.reshape(-1, 1, 4, 5).astype(np.float32) / 255)
      for _ in range(5): norm(x * 3)
      norm.eval()
      for name, network in ("deep", model), ("wide", wide), ("norm", norm):
        save_file(network.state_dict(), f"{folder}/{name}.safetensors")
        np.save(f"{folder}/{name}.npy", torch.softmax(network(x), 1).detach().numpy())
      """, [folder.path, data])
    #expect(made.errors == "")
    for (name, layers) in [
      ("deep", "conv:6:3:same:relu,maxpool:2,conv:5:2:tanh,flatten,7:relu,4:softmax"),
      ("wide", "conv:3:2,flatten,4:softmax"),
      (
        "norm",
        "pad:1,conv:3:3:stride=2,batchnorm,silu,depthwise:3:same,globalavgpool,4:softmax"
      ),
    ] {
      let command = [
        "import", folder["\(name).safetensors"], "--layers", layers, "--output", folder["model"],
        "--force",
      ]
      let imported = try Command.maru(command + ["--image", "4x5"])
      #expect(imported.exitCode == 0, "\(imported.errors)")
      expectFailure(
        try Command.maru(command), 64,
        "--layers: convolutions do not tell the size of their images: give --image, as 28x28 or 32x32x3"
      )
      expectSuccess(
        try Command.maru([
          "predict", folder["model"], "--dataset", data, "--output", folder["q.npy"], "--force",
        ]))
      let difference = try Python.run(
        """
        import sys, numpy as np
        p, q = (np.load(sys.argv[1] + name) for name in (f"/{sys.argv[2]}.npy", "/q.npy"))
        print(np.abs(p - q).max() < 1e-5)
        """, [folder.path, name])
      #expect(difference.output == "True\n", "\(name)")
    }
  }

  @Test func networkOfPyTorchGivesTheSameProbabilities() throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let made = try Python.run(
      """
      import sys, numpy as np, torch
      from safetensors.torch import save_file
      from torch import nn
      folder, data = sys.argv[1:]
      torch.manual_seed(1)
      model = nn.Sequential(
        nn.Linear(20, 9), nn.ReLU(), nn.Linear(9, 6, bias=False), nn.Tanh(), nn.Linear(6, 4))
      save_file(model.state_dict(), folder + "/state.safetensors")
      raw = np.fromfile(data + "/t10k-images-idx3-ubyte", dtype=np.uint8)[16:]
      x = torch.tensor(raw.reshape(-1, 20).astype(np.float32) / 255)
      np.save(folder + "/p.npy", torch.softmax(model(x), 1).detach().numpy())
      half = {k: v.half() for k, v in model.state_dict().items()}
      save_file(half, folder + "/half.safetensors")
      np.savez(folder + "/state.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
      save_file({k: v.double() for k, v in model.state_dict().items()}, folder + "/double.safetensors")
      names = {"0": "entry", "2": "middle", "4": "exit"}
      named = {names[k[0]] + k[1:]: v for k, v in model.state_dict().items()}
      save_file(named, folder + "/named.safetensors")
      """, [folder.path, data])
    #expect(made.errors == "")
    for (name, tolerance, said) in [
      ("state.safetensors", "1e-5", ""), ("state.npz", "1e-5", ""),
      ("half.safetensors", "1e-2", ""),
      (
        "double.safetensors", "1e-5", "0.bias and 4 more: rounded to float32\n"
      ),
      (
        "named.safetensors", "1e-5", "modules in the order of the layers: entry, middle, exit\n"
      ),
    ] {
      let imported = try Command.maru([
        "import", folder[name], "--layers", "9:relu,6:tanh,4:softmax", "--output",
        folder["model"], "--force",
      ])
      #expect(imported.exitCode == 0 && imported.errors == said)
      expectSuccess(
        try Command.maru([
          "predict", folder["model"], "--dataset", data, "--output", folder["q.npy"],
          "--force",
        ]))
      let result = try Python.run(
        """
        import sys, numpy as np
        p, q = (np.load(sys.argv[1] + name) for name in ("/p.npy", "/q.npy"))
        print(np.abs(p - q).max() < float(sys.argv[2]))
        """, [folder.path, tolerance])
      #expect(result.output == "True\n", "\(name)")
    }
  }
}
