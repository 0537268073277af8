import Testing
import Training

@Suite struct SummaryTests {
  @Test func theLessonsNetworkIsPrintedAsKerasDoes() throws {
    let model = try Sequential(
      inputShape: [28, 28], [Flatten(), Dense(128), ReLU(), Dense(10), Softmax()])
    // Names, shapes and figures are those that Keras 3.15 prints.
    #expect(
      model.summary() == """
        ┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━┓
        ┃ Layer (type)      ┃ Output shape ┃ Parameters ┃
        ┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━┩
        │ flatten (Flatten) │ (batch, 784) │          0 │
        │ dense (Dense)     │ (batch, 128) │    100,480 │
        │ re_lu (ReLU)      │ (batch, 128) │          0 │
        │ dense_1 (Dense)   │ (batch, 10)  │      1,290 │
        │ softmax (Softmax) │ (batch, 10)  │          0 │
        └───────────────────┴──────────────┴────────────┘
        Total parameters: 101,770 (397.54 KB)

        """)
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
    #expect(model.summary().hasSuffix("┘\n\(line)\n"))
  }
}
