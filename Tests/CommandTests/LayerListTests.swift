import FileTestSupport
import Foundation
import Testing

/// The option `--layers`, whose value needs data to be checked against.
struct LayerListTests {
  private static let expected =
    "expected UNITS, UNITS:ACTIVATION, conv:FILTERS:SIZE, conv:FILTERS:SIZE:ACTIVATION, "
    + "depthwise:SIZE, maxpool:SIZE, avgpool:SIZE, globalavgpool, pad:SIZE, flatten, batchnorm, layernorm, "
    + "dropout:RATE or an activation "
    + "(relu, leaky-relu[:SLOPE], sigmoid, tanh, softplus, gelu, silu, softmax, linear)"

  @Test(arguments: [
    "", ",4:softmax", "4:softmax,", "0:softmax", "-4", "1000001", "4.5", "4:cube", "4:relu:relu",
    "conv", "dropout", "dropout:1", "dropout:-0.1", "dropout:nan", "flatten:2", "relu:4",
    "99999999999999999999", "leaky-relu:0", "leaky-relu:-0.1", "4:leaky-relu:nan", "leaky-relu:",
    "leaky-relu:inf", "batchnorm:1", "conv:3", "conv:0:3", "conv:3:0", "conv:3:3:stride=0",
    "maxpool", "conv:3:3:cube", "conv:3:3:relu:same", "maxpool:2:relu", "maxpool:2:dilation=2",
    "globalavgpool:2", "depthwise:3:4", "pad:1:same", "pad:0", "4:leaky-relu:0.1:0.1",
    "softmax:linear", "relu:0.1", "4:",
  ])
  func itemThatIsNoLayerIsNamed(_ item: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      ["train", "--dataset", data, "--layers=\(item)", "--output", folder["run"]])
    if item.isEmpty {
      expectFailure(
        result, 64, "Missing value for '--layers <layers>'", hint: "maru train --help")
    } else {
      let wrong = item.split(separator: ",", omittingEmptySubsequences: false)
        .first { $0 != "4:softmax" }
      expectFailure(result, 64, "--layers: '\(wrong ?? "")' is no layer; \(Self.expected)")
    }
    #expect(folder.contents.allSatisfy { $0.hasPrefix("data") })
  }

  /// Trained, saved, scored: running values too, and images as they are.
  @Test(arguments: [
    "batchnorm,20:relu,layernorm,4:softmax",
    "conv:3:3:same:relu,maxpool:2,conv:4:2:stride=2:dilation=1:tanh,avgpool:2:stride=1:same,flatten",
    "batchnorm,pad:1,conv:6:3,batchnorm,silu,dropout:0.1,depthwise:3:same:swish,globalavgpool",
  ])
  func layersTrainAndAreScored(_ layers: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let run = try Command.maru(
      [
        "train", "--dataset", data, "--layers", layers, "--optimizer", "adam", "--epochs", "3",
        "--seed", "1", "--progress", "none", "--output", folder["run"],
      ])
    expectSuccess(run)
    let scored = try Command.maru(["evaluate", folder["run"], "--dataset", data])
    #expect(scored.exitCode == 0, "\(scored.errors)")
    let line = try #require(run.outputLines.first { $0.hasPrefix("test loss: ") })
    #expect(
      scored.outputLines.first?.hasPrefix(line.replacing("test ", with: "")) == true,
      "\(line), \(scored.output)")
  }

  @Test(arguments: [
    "10:softmax", "4:softmax,dropout:0.1", "4:softmax,softmax", "3", "8:relu,3",
  ])
  func endThatDoesNotFitTheClassesIsRefused(_ layers: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      ["train", "--dataset", data, "--layers", layers, "--output", folder["run"]])
    expectFailure(
      result, 64,
      "--layers: expected to end in 4:softmax or 4, an output for each class of the data, "
        + "got '\(layers)'")
    #expect(!folder.contents.contains("run"))
  }

  @Test(arguments: [
    "1000000,1000000,4:softmax", "1000000,4:softmax,1000000,1000000,1000000,4",
  ])
  func layersThatMemoryCannotHoldAreRefused(_ layers: String) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(
      ["train", "--dataset", data, "--layers", layers, "--output", folder["run"]])
    #expect(result.exitCode == 64)
    #expect(result.errorLines.count == 1 && result.output == "")
    let pattern =
      /maru: error: --layers: these layers and this batch size take at least (\d+\.\d) GB, there are \d+(?:\.\d G| M)B of memory(?: in this container| \(ulimit -[vd] \d+\))?\n/
    let match = try #require(result.errors.wholeMatch(of: pattern))
    // The weights alone: 10¹² (or twice as many) floats, and their gradients.
    #expect(try #require(Double(match.1)) >= 8000)
    #expect(!folder.contents.contains("run"))
  }

  /// Who gave no layers is told whose they are.
  @Test(arguments: [
    ("", "softmax", "10:softmax"), ("--exercise mlp", "mlp", "flatten,128:relu,10:softmax"),
  ])
  func layersThatWereNotGivenAreThoseOfTheExercise(
    _ option: String, _ exercise: String, _ layers: String
  ) throws {
    let folder = try TemporaryFolder()
    let data = try Stripes.write(to: folder)
    let result = try Command.maru(Command.words("train \(option) --dataset") + [data])
    expectFailure(
      result, 64,
      "the layers of the \(exercise) exercise: expected to end in 4:softmax or 4, an output for "
        + "each class of the data, got '\(layers)'")
  }

  @Test func batchThatMemoryCannotHoldIsRefused() throws {
    let result = try Command.maru(
      "train --dataset digits --batch-size full --layers "
        + String(repeating: "1000000:gelu,10,", count: 9) + "10:softmax")
    #expect(result.exitCode == 64)
    #expect(result.errors.hasPrefix("maru: error: --layers: these layers and this batch size take"))
  }

  @Test(arguments: [
    "4", "4:softmax", "4,softmax", "linear,4:softmax", "flatten,8:relu,dropout:0.2,4:softmax",
    "flatten,8:gelu,flatten,4", "8:leaky-relu,4:softmax", "8:leaky-relu:0.05,leaky-relu:0.5,4",
    "8:sigmoid,8:tanh,4:softmax",
    "8:softplus,silu,4:softmax", "8,gelu,dropout:0,4:softmax", "relu,8,4:linear,softmax",
  ])
  func layersTrainAndAreStored(_ layers: String) throws {
    let run = try StripesRun(layers: layers)
    #expect(try run.folder.text(of: "run/history.json").contains("\"layers\" : \"\(layers)\""))
    let result = try Command.maru(["evaluate", run.path, "--dataset", run.data])
    expectSuccess(result)
    let summary = try Command.maru(["summary", run.path])
    expectSuccess(summary)
    let rows = summary.outputLines.filter { $0.hasPrefix("│") }
    let types = rows.map { $0.split(separator: "(")[1].split(separator: ")")[0] }
    let activations: [Substring: String] = [
      "relu": "ReLU", "leaky-relu": "LeakyReLU, slope 0.3", "sigmoid": "Sigmoid", "tanh": "Tanh",
      "softplus": "Softplus", "gelu": "GELU", "silu": "SiLU", "softmax": "Softmax",
    ]
    let expected = layers.split(separator: ",").flatMap { item in
      let parts = item.split(separator: ":")
      if let slope = Float(parts.last ?? ""), parts.dropLast().last == "leaky-relu" {
        return (parts.count == 3 ? ["Dense"] : []) + ["LeakyReLU, slope \(slope)"]
      }
      return parts.first == "dropout"
        ? ["Dropout"]
        : parts.compactMap {
          Int($0) != nil ? "Dense" : $0 == "flatten" ? "Flatten" : activations[$0]
        }
    }
    #expect(types.map(String.init) == expected)
  }
}
