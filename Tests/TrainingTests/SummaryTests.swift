import Testing
import Training

@Suite struct SummaryTests {
  @Test func theLessonsNetworkIsPrintedAsKerasDoes() throws {
    let model = try Sequential(
      inputShape: [28, 28], [Flatten(), Dense(128), ReLU(), Dense(10), Softmax()])
    // Names, shapes and figures are those that Keras 3.15 prints.
    #expect(
      model.summary() == """
        ┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━┓
        ┃ Layer (type)      ┃ Output shape ┃ Parameters ┃ Operations ┃
        ┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━┩
        │ flatten (Flatten) │ (batch, 784) │          0 │          0 │
        │ dense (Dense)     │ (batch, 128) │    100,480 │    200,704 │
        │ re_lu (ReLU)      │ (batch, 128) │          0 │        128 │
        │ dense_1 (Dense)   │ (batch, 10)  │      1,290 │      2,560 │
        │ softmax (Softmax) │ (batch, 10)  │          0 │        200 │
        └───────────────────┴──────────────┴────────────┴────────────┘
        Total parameters: 101,770 (397.54 KB)
        Operations for a sample: 203,592

        """)
  }

  /// Shapes and parameters are those that Keras 3.15 prints; of products, operations are those within the
  /// image: of the first convolution 144² meetings of a filter with it, of the second 22².
  @Test func layersOfImagesAreThoseOfKeras() throws {
    let model = try Sequential(
      inputShape: [28, 28],
      [
        ZeroPadding2D(1), Conv2D(6, Window2D(5, padding: .same)), BatchNorm(), SiLU(), MaxPool2D(2),
        DepthwiseConv2D(Window2D(3, stride: 2, padding: .same)), AveragePool2D(2),
        Conv2D(16, Window2D(2, dilation: 2, padding: .same)), Residual([ReLU()]),
        GlobalAveragePool2D(), LayerNorm(), Dense(10),
      ])
    let lines = model.summary().split(separator: "\n")
    let cells = lines.filter { $0.hasPrefix("│") }.map { line in
      line.split(separator: "│").map { $0.split(separator: " ").joined(separator: " ") }
    }
    #expect(
      cells.map { "\($0[1]) \($0[2])" } == [
        "(batch, 30, 30, 1) 0", "(batch, 30, 30, 6) 156", "(batch, 30, 30, 6) 24",
        "(batch, 30, 30, 6) 0", "(batch, 15, 15, 6) 0", "(batch, 8, 8, 6) 60", "(batch, 4, 4, 6) 0",
        "(batch, 4, 4, 16) 400", "(batch, 4, 4, 16) 0", "(batch, 16) 0", "(batch, 16) 32",
        "(batch, 10) 170",
      ])
    #expect(cells[1][3] == "248,832" && cells[5][3] == "5,808" && cells[11][3] == "320")
    // The activation within a block counts too.
    #expect(cells[8][3] == "256")
    #expect(
      lines.suffix(4).dropLast() == [
        "Total parameters: 842 (3.29 KB)", "Trained: 830 (3.24 KB)", "Not trained: 12 (48.00 B)",
      ])
  }

  @Test func namesCountEachTypeApart() throws {
    let model = try Sequential(
      inputShape: [3],
      [Dense(3), LeakyReLU(), Dense(2, bias: false), GELU(), LeakyReLU(slope: 0.01), Dense(1)])
    let lines = model.summary().split(separator: "\n").filter { $0.hasPrefix("│") }
    let names = lines.map { line in
      line.split(separator: "│")[0].split(separator: " ").joined(separator: " ")
    }
    #expect(
      names == [
        "dense (Dense)", "leaky_re_lu (LeakyReLU, slope 0.3)", "dense_1 (Dense)", "gelu (GELU)",
        "leaky_re_lu_1 (LeakyReLU, slope 0.01)", "dense_2 (Dense)",
      ])
  }

  @Test(arguments: [
    ([], 1, "Total parameters: 0 (0.00 B)"),
    ([15], 16, "Total parameters: 255 (1020.00 B)"),
    ([16], 15, "Total parameters: 256 (1.00 KB)"),
    ([999], 1, "Total parameters: 1,998 (7.80 KB)"),
    ([1024], 1024, "Total parameters: 1,049,600 (4.00 MB)"),
  ])
  func totalsHaveSeparatorsAndUnits(units: [Int], inputs: Int, line: String) throws {
    let model = try Sequential(inputShape: [inputs], units.map { Dense($0) })
    #expect(model.summary().contains("┘\n\(line)\nOperations for a sample: "))
  }
}
