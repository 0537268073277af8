import Layers
import Parallel

/// The arenas that a plan's phases work on.
package struct Arenas {
  let parameters, state: AlignedBuffer
  /// Nil where there is no backward pass.
  let gradients: AlignedBuffer?

  /// Names them.
  package init(parameters: AlignedBuffer, state: AlignedBuffer, gradients: AlignedBuffer?) {
    self.parameters = parameters
    self.state = state
    self.gradients = gradients
  }
}

/// The memory of a plan: everything that its arrays lie in but for the arenas and batches that
/// threads have to themselves. The threads of a team share one.
package final class StepMemory {
  private let plan: StepPlan
  private let arenas: Arenas
  /// By array, where it has memory of its own.
  private let buffers: [AlignedBuffer?]
  /// By array, the parts of the phase that writes it, where it has one row per part.
  private let parts: [Int]

  package init(_ plan: StepPlan, _ arenas: Arenas) {
    self.plan = plan
    self.arenas = arenas
    let samples = plan.context.samples
    let parts = plan.memories.indices.map { plan.parts(writing: $0) }
    self.parts = parts
    buffers = plan.memories.indices.map { array in
      guard plan.places[array] == array else { return nil }
      return switch plan.memories[array] {
      case .samples(let columns, let layout): AlignedBuffer(layout, samples, columns)
      case .batch(let columns, let layout):
        plan.threadsOwnBatch ? nil : AlignedBuffer(layout, samples, columns)
      case .parts(let columns): AlignedBuffer(zeros: parts[array] * columns)
      case .shared(let rows, let columns): AlignedBuffer(zeros: rows * columns)
      case .parameter, .gradient, .state, .elsewhere: nil
      }
    }
  }

  /// An array as a matrix, for a batch of so many samples.
  /// - Parameter batch: where the batch lies, where the thread has it to itself
  package func matrix(_ array: Int, samples: Int, batch: AlignedBuffer?) -> MatrixView<Float> {
    let buffer = buffers[plan.places[array]] ?? batch
    return switch plan.memories[array] {
    case .samples(let columns, let layout), .batch(let columns, let layout):
      buffer?.matrix(layout.size(samples: samples, values: columns)) ?? .absent
    case .parts(let columns):
      buffer?.matrix(rows: parts[array], columns: columns) ?? .absent
    case .shared(let rows, let columns): buffer?.matrix(rows: rows, columns: columns) ?? .absent
    case .parameter(let slice): slice.parameter.matrix(at: arenas.parameters.floats + slice.offset)
    case .state(let slice): slice.parameter.matrix(at: arenas.state.floats + slice.offset)
    case .gradient(let slice):
      arenas.gradients.map { slice.parameter.matrix(at: $0.floats + slice.offset) } ?? .absent
    case .elsewhere: .absent
    }
  }
}

extension MatrixView<Float> {
  /// What a pass does not have: a matrix of no elements.
  static var absent: MatrixView {
    MatrixView(.absent, rows: 0, columns: 0)
  }
}

extension UnsafeMutablePointer<Float> {
  /// An address of nothing.
  fileprivate static var absent: UnsafeMutablePointer {
    guard let address = UnsafeMutablePointer(bitPattern: AlignedBuffer.alignment) else {
      fatalError("UnsafeMutablePointer: expected an address that is not 0")
    }
    return address
  }
}

extension StepPlan {
  /// The number of parts of the phase that writes an array of one row per part.
  fileprivate func parts(writing array: Int) -> Int {
    let writer = instructions.last { instruction in
      instruction.phase.writes.keys.contains { nodes[instruction.node][$0] == array }
    }
    return writer?.cut?.count ?? context.parts
  }
}

extension AlignedBuffer {
  /// Room for so many values of so many samples.
  fileprivate convenience init(_ layout: Layout, _ samples: Int, _ values: Int) {
    let size = layout.size(samples: samples, values: values)
    self.init(zeros: size.rows * size.columns)
  }

  fileprivate func matrix(_ size: (rows: Int, columns: Int)) -> MatrixView<Float> {
    matrix(rows: size.rows, columns: size.columns)
  }
}
