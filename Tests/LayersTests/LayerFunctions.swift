import Layers
import TestSupport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The layers by their formulas, in double precision.
enum LayerFunctions {
  /// `Y = X·Wᵀ + b`, the bias where there is a second parameter.
  static func dense(units: Int) -> LayerFunction {
    { x, batch, parameters in
      let weight = parameters[0]
      let inputs = weight.count / units
      return (0..<batch).flatMap { row in
        (0..<units).map { unit in
          (0..<inputs).reduce(parameters.count == 2 ? parameters[1][unit] : 0) {
            $0 + x[row * inputs + $1] * weight[unit * inputs + $1]
          }
        }
      }
    }
  }

  /// One function of each element.
  static func elementwise(_ function: @escaping @Sendable (Double) -> Double) -> LayerFunction {
    { x, _, _ in x.map(function) }
  }

  static let relu = elementwise { max($0, 0) }
  static let leakyReLU = elementwise { $0 > 0 ? $0 : 0.3 * $0 }
  static let sigmoid = elementwise { 1 / (1 + exp(-$0)) }
  static let tanh = elementwise { (1 - exp(-2 * $0)) / (1 + exp(-2 * $0)) }
  static let softplus = elementwise { log(1 + exp($0)) }
  static let gelu = elementwise { $0 * (0.5 * erfc(-$0 / 2.0.squareRoot())) }
  static let silu = elementwise { $0 / (1 + exp(-$0)) }
  static let identity = elementwise { $0 }

  /// `yⱼ = e^xⱼ / Σᵢ e^xᵢ` for each sample.
  static let softmax: LayerFunction = { x, batch, _ in
    let columns = x.count / max(batch, 1)
    return (0..<batch).flatMap { row in
      let powers = x[row * columns..<(row + 1) * columns].map { exp($0) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }

  /// `γ·(x − mean) / √(variance + ε) + β`, over groups of so many neighbours.
  static func layerNorm(features: Int, epsilon: Double) -> LayerFunction {
    { x, _, parameters in
      stride(from: 0, to: x.count, by: features).flatMap { start in
        let group = x[start..<start + features]
        let mean = group.reduce(0, +) / Double(features)
        let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(features)
        return group.enumerated().map { index, x in
          parameters[0][index] * (x - mean) / (variance + epsilon).squareRoot()
            + parameters[1][index]
        }
      }
    }
  }

  /// `γ·(x − mean) / √(variance + ε) + β`, over the samples, and over so many places of each.
  static func batchNorm(epsilon: Double, places: Int = 1) -> LayerFunction {
    { x, samples, parameters in
      let batch = samples * places
      let features = x.count / batch
      var y = x
      for feature in 0..<features {
        let column = (0..<batch).map { x[$0 * features + feature] }
        let mean = column.reduce(0, +) / Double(batch)
        let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(batch)
        for row in 0..<batch {
          y[row * features + feature] =
            parameters[0][feature] * (column[row] - mean) / (variance + epsilon).squareRoot()
            + parameters[1][feature]
        }
      }
      return y
    }
  }

  /// Dropout of the elements whose random numbers are not below what is kept, at step 0.
  static func dropout(rate: Float, key: UInt64) -> LayerFunction {
    { x, _, _ in
      x.indices.map { index in
        let isKept = Philox.uniform(counter: UInt64(index), key: key) < 1 - rate
        return isKept ? x[index] / Double(1 - rate) : 0
      }
    }
  }

  /// `Y[i, j, f] = b[f] + Σ X[i·s + r·d − p, j·s + q·d − p, c] · W[f, r, q, c]`, X being 0 beyond the
  /// image.
  static func conv2D(_ sample: Shape, _ filters: Int, _ window: Window2D) -> LayerFunction {
    let channels = sample.rank == 3 ? sample[2] : 1
    return { x, batch, parameters in
      places(sample, window, batch).flatMap { place in
        (0..<filters).map { filter in
          var sum = parameters.count == 2 ? parameters[1][filter] : 0
          for (row, r) in place.rows {
            for (column, q) in place.columns {
              for channel in 0..<channels {
                let weight = ((filter * window.height + r) * window.width + q) * channels + channel
                sum +=
                  x[((place.sample * sample[0] + row) * sample[1] + column) * channels + channel]
                  * parameters[0][weight]
              }
            }
          }
          return sum
        }
      }
    }
  }

  /// `Y[i, j, c] = b[c] + Σ X[i·s + r·d − p, j·s + q·d − p, c] · W[c, r, q]`, X being 0 beyond the image.
  static func depthwiseConv2D(_ sample: Shape, _ window: Window2D) -> LayerFunction {
    let channels = sample.rank == 3 ? sample[2] : 1
    return { x, batch, parameters in
      places(sample, window, batch).flatMap { place in
        (0..<channels).map { channel in
          var sum = parameters.count == 2 ? parameters[1][channel] : 0
          for (row, r) in place.rows {
            for (column, q) in place.columns {
              sum +=
                x[((place.sample * sample[0] + row) * sample[1] + column) * channels + channel]
                * parameters[0][(channel * window.height + r) * window.width + q]
            }
          }
          return sum
        }
      }
    }
  }

  /// Zeros around images.
  static func zeroPadding(_ sample: Shape, _ layer: ZeroPadding2D) -> LayerFunction {
    let channels = sample.rank == 3 ? sample[2] : 1
    let row = [Double](repeating: 0, count: (sample[1] + layer.left + layer.right) * channels)
    return { x, batch, _ in
      (0..<batch).flatMap { index in
        var y = [[Double]](repeating: row, count: sample[0] + layer.top + layer.bottom)
        for line in 0..<sample[0] {
          let first = (index * sample[0] + line) * sample[1] * channels
          y[layer.top + line].replaceSubrange(
            layer.left * channels..<(layer.left + sample[1]) * channels,
            with: x[first..<first + sample[1] * channels])
        }
        return y.flatMap { $0 }
      }
    }
  }

  /// Functions one after the other, each with so many parameters.
  static func chain(_ functions: [(function: LayerFunction, parameters: Int)]) -> LayerFunction {
    { x, batch, parameters in
      var (y, rest) = (x, parameters[...])
      for (function, count) in functions {
        y = function(y, batch, Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      }
      return y
    }
  }

  /// A function of what each window covers of a channel.
  static func pool(
    _ sample: Shape, _ window: Window2D, _ function: @escaping @Sendable ([Double]) -> Double
  ) -> LayerFunction {
    let channels = sample.rank == 3 ? sample[2] : 1
    return { x, batch, _ in
      places(sample, window, batch).flatMap { place in
        (0..<channels).map { channel in
          function(
            place.rows.flatMap { row, _ in
              place.columns.map { column, _ in
                x[((place.sample * sample[0] + row) * sample[1] + column) * channels + channel]
              }
            })
        }
      }
    }
  }

  private struct Place {
    let sample: Int
    /// Those of the image, and the window's own.
    let rows, columns: [(Int, Int)]
  }

  /// The windows of all samples, in the order of the results.
  private static func places(_ sample: Shape, _ window: Window2D, _ batch: Int) -> [Place] {
    func axis(_ length: Int, _ size: Int) -> [[(Int, Int)]] {
      let extent = (size - 1) * window.dilation + 1
      let isSame = window.padding == .same
      let count =
        isSame
        ? (length + window.stride - 1) / window.stride : (length - extent) / window.stride + 1
      let padding = isSame ? max((count - 1) * window.stride + extent - length, 0) / 2 : 0
      return (0..<count).map { place in
        (0..<size).map { (place * window.stride + $0 * window.dilation - padding, $0) }
          .filter { 0..<length ~= $0.0 }
      }
    }
    return (0..<batch).flatMap { index in
      axis(sample[0], window.height).flatMap { rows in
        axis(sample[1], window.width).map { Place(sample: index, rows: rows, columns: $0) }
      }
    }
  }
}
