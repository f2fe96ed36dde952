import ArgumentParser
import Foundation
import GatewayService
import Glibc
import JSONTree
import Primitives

/// What commands write and where: results on standard output, problems and progress on standard error.
enum Console {
  static func write(_ bytes: [UInt8]) { FileHandle.standardOutput.write(Data(bytes)) }
  static func line(_ text: String) { write(Array((text + "\n").utf8)) }
  static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Whether a person looks at standard error: then long work shows its progress.
  static var isWatched: Bool { isatty(2) == 1 }

  /// One line of progress, overwritten by the next; nothing when nobody looks.
  static func progress(_ text: String) {
    guard isWatched else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
  }

  /// Clears the line of progress before results are shown.
  static func progressEnds() { progress("") }

  /// Problems as JSON lines on standard error: one object a line, for machines and people.
  static func report(_ problems: [Problem]) {
    for problem in problems {
      FileHandle.standardError.write(Data(problem.json(.all).serialized() + [0x0A]))
    }
  }

  /// Runs a command's body; what it throws as a coded error is reported and becomes the exit code.
  static func reportingErrors(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as CausewayError {
      report(error.problems)
      if let underlying = error.underlying { note(underlying) }
      throw ExitStatus.of(error.code, .all)
    }
  }
}
