import Foundation

/// What the sources of the products say of themselves.
enum Sources {
  static let modules = [
    "BLAS", "Tensors", "LinearAlgebra", "Layers", "Training", "Datasets", "ModelFiles",
    "ONNXFiles", "Charts",
  ]

  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../Sources").standardized

  /// The text of the file that declares each public type, by the type's name with its module.
  static func publicTypes() throws -> [String: String] {
    var types: [String: String] = [:]
    for module in modules {
      for file in try files(of: module) {
        var outer = ""
        for line in file.split(separator: "\n") {
          guard
            let match = line.prefixMatch(
              of: /( *)(public )?(?:final )?(extension|class|struct|enum|protocol) ([\w.]+)/)
          else { continue }
          let isNested = !match.1.isEmpty
          let name = isNested ? "\(outer).\(match.4)" : "\(match.4)"
          if !isNested { outer = name }
          if match.2 != nil && match.3 != "extension" { types["\(module).\(name)"] = file }
        }
      }
    }
    return types
  }

  /// The cases of public enums and the requirements of public protocols that have no comment.
  static func undocumentedMembers() throws -> [String] {
    var undocumented: [String] = []
    for file in try modules.flatMap(files) {
      // The indentation of the members of each public enum or protocol that the line is in.
      var indents: [Int] = []
      var previous = ""
      for line in file.split(separator: "\n").map(String.init) {
        let indent = line.prefix { $0 == " " }.count
        let words = line.dropFirst(indent)
        if words == "}", indent + 2 == indents.last { indents.removeLast() }
        let isMember =
          words.prefixMatch(
            of: /(case|(static |mutating )?(func|var|init|subscript|associatedtype))\b/) != nil
        if isMember, indent == indents.last, !previous.hasPrefix("///") {
          undocumented.append(line)
        }
        if words.prefixMatch(of: /public (indirect )?(enum|protocol) .*\{$/) != nil {
          indents.append(indent + 2)
        }
        previous = String(words)
      }
    }
    return undocumented
  }

  /// The text of every source of ours, by its path.
  static func all() throws -> [(name: String, text: String)] {
    try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") && !$0.hasSuffix(".pb.swift") }
      .map { ($0, try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)) }
  }

  private static func files(of module: String) throws -> [String] {
    let root = folder.appendingPathComponent(module)
    return try FileManager.default.subpathsOfDirectory(atPath: root.path)
      .filter { $0.hasSuffix(".swift") }
      .map { try String(contentsOf: root.appendingPathComponent($0), encoding: .utf8) }
  }
}
