import Maru
import ONNXFiles
import Testing

/// Which public types may go from one task to another. What changes sides fails here, and so does a
/// new type that is on neither.
@Suite("Sendable types") struct SendableTests {
  private static let sendable = [
    // BLAS and Tensors
    side(MatrixView<Float>.self), side(OpenBLAS.ParallelMode.self), side(Tensor.self),
    side(Shape.self), side(AlignedBuffer.self), side(RandomGenerator.self),
    side(RandomGenerator.Purpose.self), side((any SampleSource).self), side(SampleBytes.self),
    side((any SampleFile).self), side(BlockShuffle.self),
    // LinearAlgebra
    side(Matrix<Float>.self), side(LAPACKRoutines<Float>.self), side((any LAPACKScalar).self),
    side(LUFactors<Float>.self), side(CholeskyFactor<Float>.self), side(QRFactors<Float>.self),
    side(FactorSize.self), side(SingularValueDecomposition<Float>.self),
    side(SymmetricEigen<Float>.self), side(LeastSquaresSolution<Float>.self),
    side(RegressionSums.self), side(RidgeRegression.self), side(SampleMoments.self),
    side(PrincipalComponents<Float>.self), side(ComponentCount.self), side(MatrixNorm.self),
    side(LinearAlgebraError.self),
    // Layers
    side((any Layer).self), side((any ElementwiseLayer).self), side(Dense.self),
    side(Flatten.self), side(Dropout.self), side(Softmax.self), side(ReLU.self),
    side(LeakyReLU.self), side(Sigmoid.self), side(Tanh.self), side(Softplus.self),
    side(GELU.self), side(SiLU.self), side((any Loss).self), side(OutputKind.self),
    side(SoftmaxCrossEntropy.self),
    side(CategoricalCrossEntropy.self), side(BinaryCrossEntropy.self), side(MeanSquaredError.self),
    side(MeanAbsoluteError.self), side(Huber.self), side(Parameter.self), side(Initializer.self),
    side(LayerNorm.self), side(BatchNorm.self), side(Residual.self),
    side(Conv2D.self), side(MaxPool2D.self), side(AveragePool2D.self),
    side(GlobalAveragePool2D.self), side(DepthwiseConv2D.self), side(ZeroPadding2D.self),
    side(Window2D.self), side(Window2D.Padding.self),
    side(Layout.self),
    side((any OutputActivation).self), side((any StoredLayer).self),
    side(LayerSetting.self), side(PlanContext.self), side(LayerPlan.self),
    side(Buffer.self), side(Phase.self), side(Operand.self), side(Extent.self),
    side(InPlace.self), side(Split.self), side(Part.self), side(LayerError.self),
    side(Pass.self), side(Mode.self), side(Tile.self),
    // Training
    side(Predictor.self), side(ModelError.self), side(Targets.self), side(Validation.self),
    side((any Optimizer).self), side(SGD.self), side(RMSprop.self), side(Adam.self),
    side(LBFGS.self), side(LearningRate.self), side(History.self),
    side(EpochRecord.self), side(Figures.self), side((any Metric).self), side(Outputs.self),
    side(Accuracy.self), side(TopKAccuracy.self), side(MacroF1.self), side(ROCAUC.self),
    side(RootMeanSquaredError.self), side(R2.self), side(RegressionScores.self),
    side(RegressionScores.Figures.self), side(ConfusionMatrix.self),
    side(ConfusionMatrix.Cell.self),
    side(StepProfile.Work.self), side(StepProfile.Row.self), side(Decision.self),
    side(CSVLogger.WriteError.self), side(TrainingState.self), side(CallbackMemory.self),
    // Datasets
    side(Dataset.self), side(DatasetSource.self), side(LabelledImages.self), side(Images.self),
    side(DatasetListing.self), side(DatasetListing.Location.self), side(DatasetError.self),
    side(DatasetError.Kind.self), side(DatasetFetcher.self), side(DatasetFetcher.Progress.self),
    side(PublishedDataset.self), side(PublishedDataset.Part.self),
    side(PublishedDataset.File.self), side(IDXArray.self), side(IDXArray.ElementType.self),
    side(IDXArray.Elements.self), side(NumPyArray.self), side(NumPyArray.ElementType.self),
    side(NumPyArchive.self), side(GreyImage.self), side(FittedImage.self),
    side(FittedImage.Style.self), side(Picture.self), side(PictureSize.self),
    side(PicturePreparation.self), side(PicturePreparation.Source.self),
    side(Table.self), side(Table.Column.self),
    side(Table.Column.Kind.self), side(TableOptions.self), side(TableOptions.Separator.self),
    side(TableOptions.Decimal.self), side(TableSettings.self), side(TableSplit.self),
    side(TableSplit.Kind.self), side(TableFindings.self), side(TableFindings.LeftOut.self),
    side(Preparation.self), side(Preparation.Task.self), side(Preparation.Scale.self),
    side(Preparation.Missing.self), side(Preparation.Column.self), side(Preparation.Label.self),
    side(Preparation.Target.self), side(ArrayPreparation.self),
    side(Preparation.Source.self),
    // ModelFiles and ONNXFiles
    side(ModelFileError.self), side(ModelFileError.Kind.self), side(Checkpoint.self),
    side(Checkpoints.Interval.self), side(HistoryFile.Run.self),
    side(TableUnits.self), side(TableUnits.Input.self), side(TableUnits.Output.self),
    side(PyTorchExport.self), side((any PyTorchModule).self), side(ONNXExport.self),
    side((any ONNXLayer).self), side(ONNXGraph.self), side(ONNXAttribute.self),
    // Charts
    side(Chart.self), side(Chart.Throughput.self), side(Chart.TrainingSpeed.self),
    side(ChartError.self), side(ChartError.Kind.self), side(Gnuplot.self),
    side(TerminalPicture.self), side(Terminal.self), side(Terminal.Colors.self),
  ]

  private static let notSendable = [
    side(TargetRows.self), side(Operands.self), side(Slots.self), side(ParameterPart.self),
    side(Sequential.self), side((any Callback).self),
    side(TrainingProgress.self), side(EarlyStopping.self), side(ReduceOnPlateau.self),
    side(StopOnNaN.self), side(CSVLogger.self), side(Checkpoints.self), side(StepProfile.self),
    side(TrainingSequence.self), side(TrainingSequence.Iterator.self), side(ModelFile.self),
    side(Report.self),
  ]

  /// Names without values, and a counter that cannot be copied, of which a name cannot be asked.
  private static let withoutValues: Set = [
    "BLAS.OpenBLAS", "BLAS.Processors", "BLAS.CallCounter", "Datasets.GeneratedDigits",
    "ModelFiles.NumPyFile", "ModelFiles.AtomicFile", "ModelFiles.HistoryFile",
  ]

  @Test func typesAreOnTheirSide() {
    #expect(Self.sendable.filter { !$0.isSendable }.map(\.name) == [])
    #expect(Self.notSendable.filter(\.isSendable).map(\.name) == [])
  }

  @Test func everyPublicTypeIsOnASide() throws {
    let listed = Self.withoutValues.union((Self.sendable + Self.notSendable).map(\.name))
    #expect(listed.symmetricDifference(try Sources.publicTypes().keys).sorted() == [])
  }

  /// The compiler tells why, where somebody tries, and the documentation in a sentence.
  @Test func whatIsNotSendableSaysSo() throws {
    let types = try Sources.publicTypes()
    for (name, _) in Self.notSendable {
      let file = try #require(types[name], "\(name)")
      #expect(file.contains("`Sendable`"), "\(name)")
      if name == "Training.Callback" { continue }
      let type = name.drop { $0 != "." }.dropFirst()
      #expect(
        file.contains(
          try Regex(#"@available\(\*, unavailable, message: ".+"\)\nextension \#(type): Sendable"#)),
        "\(name)")
    }
  }

  /// The compiler takes the first one where it can.
  private static func side<T: Sendable>(_ type: T.Type) -> (name: String, isSendable: Bool) {
    (name(type), true)
  }

  private static func side<T>(_ type: T.Type) -> (name: String, isSendable: Bool) {
    (name(type), false)
  }

  /// The name with the module, without generic arguments.
  private static func name(_ type: Any.Type) -> String {
    String(reflecting: type).replacing(/^any |<.*?>/, with: "")
  }
}
