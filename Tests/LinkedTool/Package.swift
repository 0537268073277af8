// swift-tools-version: 6.2
import PackageDescription

/// A program of someone else's that links the engine and nothing more.
let package = Package(
  name: "LinkedTool",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "Maru", path: "../..")],
  targets: [
    .executableTarget(
      name: "LinkedTool",
      dependencies: [
        .product(name: "Training", package: "Maru"), .product(name: "ModelFiles", package: "Maru"),
      ])
  ]
)
