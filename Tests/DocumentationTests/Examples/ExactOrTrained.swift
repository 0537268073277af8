import Maru

func drawComponents(of mnist: Dataset) throws {
  let images = mnist.train.images
  let principal = try PrincipalComponents<Float>(images, keeping: .count(20))
  let scores = principal.transform(images)
  try Chart.scatter(
    scores, labels: mnist.train.labels, classNames: mnist.classNames, title: "MNIST"
  ).write(to: "scatter.svg")
  try Chart.components(
    Tensor(principal.components), imageShape: images.shape,
    shares: principal.explainedVarianceRatio.map { Double($0) }, title: "Components"
  ).write(to: "components.svg")
}

func fitNumbers(_ samples: Tensor, _ prices: Tensor) throws {
  let sums = RegressionSums(samples, targets: prices)
  let fit = try RidgeRegression(sums, ridge: 1)
  print(fit.weight, fit.bias)
}
