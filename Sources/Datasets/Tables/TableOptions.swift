import Tensors

/// How the text of a table is to be read; what is nil is found out.
public struct TableOptions: Sendable, Hashable, Codable {
  /// What stands between fields: a comma, a semicolon, a tab, a bar, or a blank for any number of blanks.
  public var separator: Separator?
  /// What stands before the decimals: a point or a comma.
  public var decimal: Decimal?
  /// Whether the first row has the names of the columns.
  public var hasHeader: Bool?

  /// What stands between fields.
  public enum Separator: String, Sendable, Hashable, Codable, CaseIterable {
    /// `,`
    case comma = ","
    /// `;`
    case semicolon = ";"
    /// A tab.
    case tab = "\t"
    /// `|`
    case bar = "|"
    /// Any number of blanks and tabs.
    case blank = " "

    /// The character.
    var byte: UInt8 { rawValue.utf8.first ?? 0 }
  }

  /// What stands before the decimals of a number.
  public enum Decimal: String, Sendable, Hashable, Codable, CaseIterable {
    /// `.`
    case point = "."
    /// `,`
    case comma = ","

    /// The other one.
    var other: Decimal { self == .point ? .comma : .point }

    /// The character.
    var byte: UInt8 { rawValue.utf8.first ?? 0 }
  }

  /// Creates options.
  public init(separator: Separator? = nil, decimal: Decimal? = nil, hasHeader: Bool? = nil) {
    self.separator = separator
    self.decimal = decimal
    self.hasHeader = hasHeader
  }
}
