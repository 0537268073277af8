import Foundation

/// A Python that has NumPy and safetensors, to read with other programs what Maru writes.
public enum Python {
  /// Its path: `$MARU_PYTHON`, or `python3` on the PATH; nil where that lacks the modules.
  public static let path = program(with: "numpy, safetensors.numpy")

  /// Whether it has PyTorch too.
  public static let hasTorch = path != nil && program(with: "torch, safetensors.torch") != nil

  /// Whether it has ONNX and ONNX Runtime too.
  public static let hasONNX = path != nil && program(with: "onnx, onnxruntime") != nil

  private static func program(with modules: String) -> String? {
    let environment = ProcessInfo.processInfo.environment
    let program = environment["MARU_PYTHON"] ?? "python3"
    let result = try? ChildProcess.run(
      "/usr/bin/env", [program, "-c", "import \(modules)"], environment: environment)
    return result?.exitCode == 0 ? program : nil
  }

  /// What to do where there is none.
  public static let reason =
    "no python3 with NumPy and safetensors: pip install numpy safetensors, or set MARU_PYTHON"

  /// What to do where PyTorch is missing.
  public static let torchReason =
    "no python3 with PyTorch, NumPy and safetensors: pip install torch numpy safetensors, "
    + "or set MARU_PYTHON"

  /// What to do where ONNX or its runtime is missing.
  public static let onnxReason =
    "no python3 with ONNX, ONNX Runtime, NumPy and safetensors: "
    + "pip install onnx onnxruntime numpy safetensors, or set MARU_PYTHON"

  /// Runs a script with arguments.
  public static func run(_ script: String, _ arguments: [String]) throws -> ProcessResult {
    try ChildProcess.run(
      "/usr/bin/env", [path ?? "python3", "-c", script] + arguments,
      environment: ProcessInfo.processInfo.environment)
  }
}
