import Tensors

/// A data set known by name: its four files to the byte, its classes, and where it can be had.
public struct PublishedDataset: Sendable, Hashable {
  /// The four files of a data set, by the part that each holds.
  public enum Part: String, Sendable, CaseIterable {
    /// The images to train with.
    case trainImages = "train-images-idx3-ubyte"
    /// The class of each image to train with.
    case trainLabels = "train-labels-idx1-ubyte"
    /// The images to test with.
    case testImages = "t10k-images-idx3-ubyte"
    /// The class of each image to test with.
    case testLabels = "t10k-labels-idx1-ubyte"

    /// The usual name of the file, without a suffix for compression.
    public var fileName: String { rawValue }
  }

  /// One file, without compression: archives of the same file differ from packer to packer.
  public struct File: Sendable, Hashable {
    /// The size in bytes.
    public let byteCount: Int
    /// The SHA-256 of the bytes, as hexadecimal digits in lower case.
    public let sha256: String

    package init(byteCount: Int, sha256: String) {
      self.byteCount = byteCount
      self.sha256 = sha256
    }
  }

  /// The name by which commands and folders call the set.
  public let name: String
  /// What the set is, in a line: contents, authors, licence.
  public let summary: String
  /// The name of each class.
  public let classNames: [String]
  /// The shape of one image.
  public let imageShape: Shape
  /// The addresses of folders that hold the four files as archives, each ending in a slash.
  public let mirrors: [String]
  /// The Debian package that installs the files, if there is one.
  public let debianPackage: String?
  /// The four files.
  public let files: [Part: File]

  package init(
    name: String, summary: String, classNames: [String], imageShape: Shape, mirrors: [String],
    debianPackage: String?, files: [Part: File]
  ) {
    self.name = name
    self.summary = summary
    self.classNames = classNames
    self.imageShape = imageShape
    self.mirrors = mirrors
    self.debianPackage = debianPackage
    self.files = files
  }

  /// All sets known by name.
  public static let all = [mnist, fashionMNIST]

  /// Handwritten digits (LeCun, Cortes and Burges 1998): 60,000 + 10,000 images of 28×28.
  public static let mnist = PublishedDataset(
    name: "mnist",
    summary: "handwritten digits, by LeCun, Cortes and Burges, CC BY-SA 3.0",
    classNames: (0...9).map(String.init), imageShape: [28, 28],
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    debianPackage: nil,
    files: files(
      trainImages: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      trainLabels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      testImages: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      testLabels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"))

  /// Photographs of clothes (Xiao, Rasul and Vollgraf 2017): 60,000 + 10,000 images of 28×28.
  public static let fashionMNIST = PublishedDataset(
    name: "fashion-mnist",
    summary: "photographs of clothes, by Zalando, MIT",
    classNames: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    imageShape: [28, 28],
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    debianPackage: "dataset-fashion-mnist",
    files: files(
      trainImages: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      trainLabels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      testImages: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      testLabels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"))

  /// The files of a set of 60,000 + 10,000 images of 28×28, by their SHA-256.
  private static func files(
    trainImages: String, trainLabels: String, testImages: String, testLabels: String
  ) -> [Part: File] {
    [
      .trainImages: File(byteCount: 16 + 60_000 * 784, sha256: trainImages),
      .trainLabels: File(byteCount: 8 + 60_000, sha256: trainLabels),
      .testImages: File(byteCount: 16 + 10_000 * 784, sha256: testImages),
      .testLabels: File(byteCount: 8 + 10_000, sha256: testLabels),
    ]
  }
}
