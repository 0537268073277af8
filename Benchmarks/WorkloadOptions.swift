import ArgumentParser
import Foundation
import Maru

/// Which workloads to measure, and where their data are.
struct WorkloadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Workloads to measure: \(Workload.allCases.map(\.rawValue).joined(separator: ", ")). (default: all with data)",
      valueName: "name,…"))
  var workload: [CommaList<Workload>] = []
  @Option(
    help: ArgumentHelp("Where to look for data sets first, as maru does.", valueName: "dir"))
  var dataDirectory: String?

  /// The workloads with their training samples.
  ///
  /// Where none was named, those whose data are missing are left out, and a line for each says so.
  func load() throws -> [(workload: Workload, samples: LabelledImages)] {
    if !workload.isEmpty { return try workload.flatMap(\.values).map { ($0, try samples(of: $0)) } }
    var missing: DatasetError?
    let loaded = try Workload.allCases.compactMap { workload in
      do {
        return (workload, try samples(of: workload))
      } catch let error as DatasetError where error.kind == .missingFile {
        FileHandle.standardError.write(Data("\(workload.rawValue) is left out: \(error)\n".utf8))
        missing = error
        return nil
      }
    }
    if loaded.isEmpty, let missing { throw missing }
    return loaded
  }

  private func samples(of workload: Workload) throws -> LabelledImages {
    guard let dataset = workload.dataset else { return Workload.tinySamples() }
    return try Dataset.load(.published(dataset), dataDirectory: dataDirectory).train
  }
}

/// Values of one option in one word, with commas between.
struct CommaList<Value: ExpressibleByArgument>: ExpressibleByArgument {
  let values: [Value]

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = words.compactMap { Value(argument: String($0)) }
    if values.count != words.count { return nil }
  }
}

/// Throws a mistake of usage where the value of an option is out of its range.
func check(_ value: Int, of option: String, isIn range: ClosedRange<Int>) throws {
  if !range.contains(value) {
    throw ValidationError(
      "\(option): expected \(range.lowerBound) to \(range.upperBound), got \(value)")
  }
}
