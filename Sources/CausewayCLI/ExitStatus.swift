import ArgumentParser
import JSONTree
import Primitives

/// Exit codes by `sysexits.h`.
enum ExitStatus {
  static let dataRefused = ExitCode(65)
  static let noInput = ExitCode(66)
  static let unavailable = ExitCode(69)
  static let fault = ExitCode(70)
  static let configuration = ExitCode(78)

  /// The exit code for an error, by its kind and stage.
  static func of(_ code: ErrorCode, _ texts: ErrorTexts) -> ExitCode {
    if code == "receive.file_missing" { return noInput }
    if code == "key.hsm_call" || code == "key.hsm_token" { return unavailable }
    if code.rawValue.hasPrefix("config.") || code.rawValue.hasPrefix("profile.") || code.rawValue.hasPrefix("key.") { return configuration }
    switch texts.kind(of: code) {
    case .refusal: return dataRefused
    case .error: return unavailable
    case .fault: return fault
    }
  }
}
