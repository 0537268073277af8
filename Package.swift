// swift-tools-version: 6.2
import PackageDescription

/// An engine module: everything up to Training, and free of third-party packages.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies)
}

func tests(of name: String, excluding files: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"], exclude: files)
}

let package = Package(
  name: "Maru",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Maru", targets: ["Maru"]),
    .library(name: "BLAS", targets: ["BLAS"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "Layers", targets: ["Layers"]),
    .library(name: "Training", targets: ["Training"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m")]),
    module("BLAS", ["COpenBLAS"]),
    module("Tensors", ["BLAS", "CKernels"]),
    .systemLibrary(
      name: "CLibdeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
    .systemLibrary(
      name: "CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    module("Layers", ["Tensors"]),
    module("Training", ["Layers"]),
    module("Maru", ["Training"]),
    .target(name: "TestSupport", dependencies: ["Training"], path: "Tests/TestSupport"),
    tests(of: "BLAS"),
    tests(of: "Tensors"),
    tests(of: "Layers"),
    tests(of: "Training", excluding: ["Goldens/make_goldens.py"]),
  ],
  cLanguageStandard: .c17
)
