import ArgumentParser
import Foundation
import Maru

/// The learning rate of a run: a number, or one that changes over the epochs, as
/// `cosine:0.006:warmup=1`.
struct RateSchedule: ExpressibleByArgument, Codable, Equatable, CustomStringConvertible {
  /// How the rate changes; epochs may be parts of one.
  enum Shape: Equatable {
    case constant
    case cosine(warmUp: Double, floor: Float)
    case step(factor: Float, every: Double)
    case exponential(factor: Float, every: Double)
  }

  private static let mostEpochs = 1e9

  /// The rate of the first step, or the highest where it rises first.
  let rate: Float
  let shape: Shape
  /// As it was written.
  let description: String

  init(_ rate: Float) { (self.rate, shape, description) = (rate, .constant, "\(rate)") }

  init?(argument: String) {
    let words = argument.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    description = argument
    guard words.count > 1 else {
      guard let rate = Float(argument) else { return nil }
      (self.rate, shape) = (rate, .constant)
      return
    }
    guard let rate = Float(words[1]) else { return nil }
    self.rate = rate
    var values: [String: Double] = [:]
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let value = Double(parts[1]), value.isFinite, value >= 0,
        values.updateValue(value, forKey: parts[0]) == nil
      else { return nil }
    }
    let every = values["every"] ?? 1
    switch (words[0], Set(values.keys)) {
    case ("cosine", let keys) where keys.isSubset(of: ["warmup", "floor"]):
      shape = .cosine(warmUp: values["warmup"] ?? 0, floor: Float(values["floor"] ?? 0))
    case ("step", let keys) where keys.isSubset(of: ["factor", "every"]) && every > 0:
      shape = .step(factor: Float(values["factor"] ?? 0.1), every: every)
    case ("exponential", let keys) where keys.isSubset(of: ["factor", "every"]) && every > 0:
      shape = .exponential(factor: Float(values["factor"] ?? 0.9), every: every)
    default: return nil
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let rate = try? container.decode(Float.self) {
      self.init(rate)
    } else if let schedule = Self(argument: try container.decode(String.self)) {
      self = schedule
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected a learning rate")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if shape == .constant { try container.encode(rate) } else { try container.encode(description) }
  }

  /// The rate by steps, of which an epoch has so many.
  func learningRate(stepsPerEpoch: Int, epochs: Int) -> LearningRate {
    let steps = { (epochs: Double) in
      max(1, Int(min((epochs * Double(stepsPerEpoch)).rounded(), 0x1p62)))
    }
    switch shape {
    case .constant: return .constant(rate)
    case .cosine(let warmUp, let floor):
      return .cosine(
        peak: rate, floor: floor, warmUp: warmUp == 0 ? 0 : steps(warmUp),
        steps: steps(Double(epochs)))
    case .step(let factor, let every):
      return .step(initial: rate, factor: factor, every: steps(every))
    case .exponential(let factor, let every):
      return .exponential(initial: rate, factor: factor, every: steps(every))
    }
  }

  /// What is wrong with it, if anything.
  var problem: String? {
    if !(rate > 0 && rate.isFinite) {
      return "--learning-rate: expected a number above 0, got \(rate)"
    }
    switch shape {
    case .constant: return nil
    case .cosine(_, let floor):
      return floor > rate
        ? "--learning-rate: expected a floor up to \(rate), got \(floor)" : nil
    case .step(let factor, let every), .exponential(let factor, let every):
      if !(0 < factor && factor <= 1) {
        return "--learning-rate: expected a factor above 0 and up to 1, got \(factor)"
      }
      return every > Self.mostEpochs
        ? "--learning-rate: expected every up to \(Int(Self.mostEpochs)) epochs, got \(every)" : nil
    }
  }

  /// What is wrong with it in a run of so many epochs, if anything.
  func problem(epochs: Int) -> String? {
    guard case .cosine(let warmUp, _) = shape, warmUp >= Double(epochs) else { return nil }
    return "--learning-rate: expected a warm-up shorter than \(epochs) epochs, got \(warmUp)"
  }
}
