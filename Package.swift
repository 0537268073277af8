// swift-tools-version: 6.2
import PackageDescription

/// The tests of a module; scripts that made golden numbers lie beside them and are no source.
func tests(of name: String, scripts: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"], exclude: scripts)
}

/// For tests that start commands and wait for them: the compiler takes a third of the time.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"])]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
  name: "Maru",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Maru", targets: ["Maru"]),
    .library(name: "BLAS", targets: ["BLAS"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "LinearAlgebra", targets: ["LinearAlgebra"]),
    .library(name: "Layers", targets: ["Layers"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "ModelFiles", targets: ["ModelFiles"]),
    .library(name: "ONNXFiles", targets: ["ONNXFiles"]),
    .library(name: "Charts", targets: ["Charts"]),
    .executable(name: "maru", targets: ["maru-cli"]),
    .executable(name: "benchmarks", targets: ["benchmarks"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m")]),
    .target(name: "BLAS", dependencies: ["COpenBLAS", "CKernels"]),
    .target(name: "Text", dependencies: ["BLAS"]),
    .target(name: "Parallel", dependencies: ["BLAS", "CKernels"]),
    .target(name: "Tensors", dependencies: ["BLAS", "CKernels"]),
    .systemLibrary(
      name: "CLibdeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .target(
      name: "Datasets",
      dependencies: [
        "Tensors", "Text", "CLibdeflate", "CZlib", "CCrypto", "CPNG", "CTurboJPEG",
      ]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: [
        "Datasets", "Training", "CLibdeflate", "CTurboJPEG", "TestSupport", "FileTestSupport",
      ]),
    .systemLibrary(
      name: "CLAPACKE", pkgConfig: "lapacke",
      providers: [.apt(["liblapacke-dev"]), .brew(["lapack"])]),
    .target(name: "LinearAlgebra", dependencies: ["Tensors", "CKernels", "CLAPACKE"]),
    .testTarget(
      name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "CKernels", "TestSupport"],
      exclude: ["Goldens"]),
    .target(name: "Layers", dependencies: ["Tensors"]),
    .target(name: "Training", dependencies: ["Layers", "Parallel", "Text"]),
    .target(name: "ModelFiles", dependencies: ["Training", "Text", "CLibdeflate"]),
    // Not in the umbrella: who links that builds no protobuf.
    .target(
      name: "ONNXFiles", dependencies: ["ModelFiles", protobuf], exclude: ["onnx.proto"]),
    .testTarget(
      name: "ONNXFilesTests",
      dependencies: ["ONNXFiles", "TestSupport", "FileTestSupport", protobuf],
      exclude: ["Goldens"]),
    .target(name: "Charts", dependencies: ["Training", "Datasets", "Text"]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts", "FileTestSupport"]),
    .target(
      name: "Maru",
      dependencies: [
        "BLAS", "Tensors", "LinearAlgebra", "Layers", "Training", "Datasets", "ModelFiles",
        "Charts",
      ]),
    .target(name: "CStartup", dependencies: ["CKernels"]),
    .executableTarget(
      name: "maru-cli", dependencies: ["Maru", "Text", "ONNXFiles", "CStartup", argumentParser]),
    .target(name: "DirectGemm", dependencies: ["COpenBLAS"], path: "Benchmarks/DirectGemm"),
    .executableTarget(
      name: "benchmarks",
      dependencies: ["Maru", "Parallel", "Text", "DirectGemm", "CStartup", argumentParser],
      path: "Benchmarks", exclude: ["DirectGemm", "Peers"]),
    .target(name: "TestSupport", dependencies: ["Training"], path: "Tests/TestSupport"),
    .target(
      name: "FileTestSupport", dependencies: ["CLibdeflate", "AllocationCounter"],
      path: "Tests/FileTestSupport"),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: ["ModelFiles", "Datasets", "TestSupport", "FileTestSupport", "WriteLog"],
      exclude: ["Goldens"]),
    .testTarget(
      name: "CommandTests", dependencies: ["maru-cli", "benchmarks", "Maru", "FileTestSupport"],
      swiftSettings: unoptimized),
    .testTarget(
      name: "DocumentationTests",
      dependencies: ["Maru", "ONNXFiles", "TestSupport", "FileTestSupport"],
      swiftSettings: unoptimized),
    .testTarget(name: "BenchmarksTests", dependencies: ["benchmarks", "Maru"]),
    .testTarget(name: "BLASTests", dependencies: ["BLAS", "TestSupport", "FileTestSupport"]),
    tests(of: "Text"),
    tests(of: "Tensors", scripts: ["Goldens"]),
    tests(of: "Layers", scripts: ["Goldens"]),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .target(name: "WriteLog", path: "Tests/WriteLog"),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["Training", "Parallel", "TestSupport", "AllocationCounter"],
      exclude: [
        "Goldens/logistic_goldens.py", "Goldens/make_goldens.py", "Goldens/metric_goldens.py",
      ]),
  ],
  cLanguageStandard: .c17
)

// `make docs` alone needs the plugin; who depends on this package shall not have to fetch it.
if Context.environment["MARU_DOCUMENTATION"] != nil {
  package.dependencies.append(
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}
