import Charts

extension Chart {
  /// The numbers that gnuplot is handed, by their names, read back from the commands.
  var data: [String: [[Double]]] {
    var blocks: [String: [[Double]]] = [:]
    var name: String?
    for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
      if let current = name {
        if line == "EOD" {
          name = nil
        } else {
          blocks[current, default: []].append(line.split(separator: " ").map { Double($0) ?? .nan })
        }
      } else if line.hasPrefix("$"), line.hasSuffix(" << EOD") {
        let current = String(line.dropFirst().dropLast(7))
        blocks[current] = []
        name = current
      }
    }
    return blocks
  }
}
