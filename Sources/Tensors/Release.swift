/// What of Maru this is.
package enum Release {
  /// The version, by semver.org.
  package static let version = "0.1.0"
}
