import CKernels

/// The phases of batch normalisation of images, which lie in lanes.
///
/// workspace(0), as of vectors: the means, and the factors `1 / √(variance + ε)`. scratch(0): for each part
/// the means of its channels, their sums of squared differences from these, and its number of samples;
/// scratch(1): for each part its sums of `dγ` and `dβ`.
struct NormalizedChannels {
  let layer: BatchNorm
  let channels, places: Int
  let operations: Double

  var scratch: [Buffer] { [.perPart(2 * channels + 1), .perPart(2 * channels)] }

  /// The means of a part, merged block by block (Chan et al. 1983): sums of all values and of their squares
  /// would lose what little a variance may be.
  func moments() -> Phase {
    Phase(
      reads: [.input: .part], writes: [.scratch(0): .part], split: .samples,
      operations: operations
    ) { [channels, places] operands, part, pass in
      guard pass.mode == .training else { return }
      let moments = operands.scratch(0).row(part.index)
      if part.isFirst { moments.update(repeating: 0, count: 2 * channels + 1) }
      for block in part.range {
        let (before, samples) = (Int(moments[2 * channels]), pass.samples(ofBlock: block))
        maru_channel_moments(
          operands.x.row(block), places, channels, samples, before, moments, moments + channels)
        moments[2 * channels] = Float(before + samples)
      }
    }
  }

  /// Merges the parts' moments, and moves the running values.
  func statistics() -> Phase {
    Phase(
      reads: [.scratch(0): .all, .state(0): .all, .state(1): .all],
      writes: [.workspace(0): .all, .state(0): .all, .state(1): .all], split: .units
    ) { [self] operands, part, pass in
      guard part.index == 0 else { return }
      let (parts, kept) = (operands.scratch(0), operands.workspace(0))
      let (runningMean, runningVariance) = (operands.state(0).row(0), operands.state(1).row(0))
      for channel in 0..<channels {
        var (mean, variance) = (runningMean[channel], runningVariance[channel])
        if pass.mode == .training {
          (mean, variance) = moments(of: channel, parts)
          runningMean[channel] += (1 - layer.momentum) * (mean - runningMean[channel])
          runningVariance[channel] += (1 - layer.momentum) * (variance - runningVariance[channel])
        }
        kept.row(0)[channel] = mean
        kept.row(1)[channel] = 1 / (variance + layer.epsilon).squareRoot()
      }
    }
  }

  private func moments(
    of channel: Int, _ parts: MatrixView<Float>
  ) -> (mean: Float, variance: Float) {
    var (count, mean, squares) = (0.0, 0.0, 0.0)
    for index in 0..<parts.rows {
      let part = parts.row(index)
      let own = Double(part[2 * channels])
      if own == 0 { continue }
      let difference = Double(part[channel]) - mean
      mean += difference * own / (count + own)
      squares +=
        Double(part[channels + channel])
        + difference * difference * Double(places) * count * own / (count + own)
      count += own
    }
    return (Float(mean), Float(squares / (count * Double(places))))
  }

  func normalization() -> Phase {
    Phase(
      reads: [
        .input: .part, .workspace(0): .all, .parameter(0): .all, .parameter(1): .all,
      ],
      writes: [.output: .part], split: .samples, operations: operations
    ) { [channels, places] operands, part, _ in
      let kept = operands.workspace(0)
      for block in part.range {
        maru_normalize_channels(
          operands.x.row(block), places, channels, kept.row(0), kept.row(1),
          operands.parameter(0).baseAddress, operands.parameter(1).baseAddress,
          operands.y.row(block))
      }
    }
  }

  /// The sums over a part of `dγ = Σ dY∘N` and `dβ = Σ dY`, N being what is normalised.
  func partialGradients() -> Phase {
    Phase(
      reads: [.outputGradient: .part, .input: .part, .workspace(0): .all],
      writes: [.scratch(1): .part], split: .samples, operations: operations
    ) { [channels, places] operands, part, _ in
      let (kept, sums) = (operands.workspace(0), operands.scratch(1).row(part.index))
      if part.isFirst { sums.update(repeating: 0, count: 2 * channels) }
      for block in part.range {
        maru_normalize_channels_parameters(
          operands.dY.row(block), operands.x.row(block), places, channels, kept.row(0),
          kept.row(1), sums, sums + channels)
      }
    }
  }

  func sumOfGradients() -> Phase {
    Phase(
      reads: [.scratch(1): .all], writes: [.gradient(0): .part, .gradient(1): .part],
      split: .units
    ) { [channels] operands, part, _ in
      for index in 0...1 {
        let first = index * channels
        operands.scratch(1).addRows(
          first + part.range.lowerBound..<first + part.range.upperBound,
          into: operands.gradient(index).baseAddress + part.range.lowerBound)
      }
    }
  }

  /// `dX = γ / √(variance + ε) · (dY − (dβ + N∘dγ) / values)`
  func inputGradient() -> Phase {
    Phase(
      reads: [
        .outputGradient: .part, .input: .part, .workspace(0): .all, .parameter(0): .all,
        .gradient(0): .all, .gradient(1): .all,
      ],
      writes: [.inputGradient: .part], inPlace: .inputGradientOverOutputGradient,
      split: .samples, operations: operations
    ) { [channels, places] operands, part, pass in
      let kept = operands.workspace(0)
      for block in part.range {
        maru_normalize_channels_backward(
          operands.dY.row(block), operands.x.row(block), places, channels,
          pass.samples(ofBlock: block), 1 / Float(pass.samples * places), kept.row(0), kept.row(1),
          operands.parameter(0).baseAddress, operands.gradient(0).baseAddress,
          operands.gradient(1).baseAddress, operands.dX.row(block))
      }
    }
  }
}
