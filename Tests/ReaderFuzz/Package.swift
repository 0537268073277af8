// swift-tools-version: 6.2
import PackageDescription

/// Feeds the readers of files with what libFuzzer makes of the seeds; `make fuzz` runs it.
///
/// A package of its own, since its program has no `main` but libFuzzer's.
let package = Package(
  name: "ReaderFuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Maru", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "Datasets", package: "Maru"), .product(name: "ModelFiles", package: "Maru"),
      ])
  ]
)
