import Testing
import Training

@Suite struct HistoryTests {
  private let history = History(epochs: [
    EpochRecord(
      epoch: 1, values: [("loss", 0.5), ("accuracy", 0.25), ("val_loss", 0.75)], seconds: 2),
    EpochRecord(
      epoch: 2, values: [("loss", .nan), ("accuracy", 0.5), ("val_loss", 1e-20)], seconds: 0.125),
  ])

  @Test func figuresAreFoundByName() {
    #expect(history.names == ["loss", "accuracy", "val_loss"])
    #expect(history.loss[0] == 0.5 && history.loss[1].isNaN)
    #expect(history.accuracy == [0.25, 0.5] && history["accuracy"] == history.accuracy)
    #expect(history.validationLoss == [0.75, 1e-20])
    #expect(history.validationAccuracy.isEmpty && history["nothing"].isEmpty)
    #expect(history.seconds == [2, 0.125])
    #expect(history.epochs[0]["accuracy"] == 0.25 && history.epochs[0]["nothing"] == nil)
  }

  @Test func theCSVHasALineAnEpoch() {
    #expect(
      history.csv == """
        epoch,loss,accuracy,val_loss,seconds
        1,0.5,0.25,0.75,2.0
        2,nan,0.5,1e-20,0.125

        """)
    #expect(History().csv == "epoch,seconds\n")
  }

  @Test func equalityTakesNaNForNaN() {
    let nothing = Figures([("loss", .nan)])
    #expect(nothing == nothing)
    #expect(nothing != Figures([("loss", 1)]) && nothing != Figures([("val_loss", .nan)]))
    #expect(nothing != Figures([]))
    #expect(history == history && history != History())
  }

  @Test func figuresAreGoneThroughAsPairs() {
    let figures = Figures([("loss", 0.5), ("accuracy", 1)])
    #expect(figures.count == 2 && figures[1].name == "accuracy" && figures[1].value == 1)
    #expect(figures.map(\.value) == [0.5, 1] && figures.names == ["loss", "accuracy"])
    #expect(figures.loss == 0.5 && Figures([]).loss.isNaN)
  }

  @Test func fitNumbersItsEpochsAndTimesThem() throws {
    let model = try Problem.model()
    model.compile(optimizer: .sgd(), loss: .softmaxCrossEntropy)
    let history = try model.fit(Problem.samples, Problem.labels, epochs: 3)
    #expect(history.epochs.map(\.epoch) == [1, 2, 3])
    #expect(history.seconds.allSatisfy { $0 > 0 })
    #expect(history.stopReason == nil)
  }
}
