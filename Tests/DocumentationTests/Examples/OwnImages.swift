import Maru

func readImage(_ path: String, model: String) throws -> String {
  let file = try ModelFile(contentsOf: model)
  let style = FittedImage.Style(classNames: file.classNames)
  let fitted = try GreyImage(contentsOf: path).fitted(rows: 28, columns: 28, as: style)
  let probabilities = try file.model.predict(fitted.image)
  print(fitted, file.classNames[probabilities.argmax()])
  return file.classNames[probabilities.argmax()]
}
