import Maru

func drawAccuracy(of history: History) throws {
  try Chart.accuracy(of: history).write(to: "accuracy.svg")
}
