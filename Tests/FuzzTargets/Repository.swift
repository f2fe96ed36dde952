import Declarations
import Formats
package import Foundation
import Primitives
import Translation

/// The repository's own dictionary, code lists and profiles, loaded once, and the cases that are kept.
package enum Repository {
  package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let library: ProfileLibrary = {
    do throws(CausewayError) { return try ProfileLibrary.load(root.path + "/schemas") } catch {
      preconditionFailure("the repository's profiles do not load: \(error)")
    }
  }()
  /// `id@version` of each.
  package static let profiles = library.profiles.map(\.name)
  static let translator = Translator(library)
  /// Of the customs declaration.
  static let grammar = library["edifact.cusdec"]?.grammar

  /// A case of a target, by name.
  package struct Case: Sendable, CustomStringConvertible {
    package let target: String
    package let file: URL
    package var description: String { "\(target)/\(file.lastPathComponent)" }
    package func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: file)) }
  }

  /// All that is kept: seeds, and what the fuzzer found.
  package static let cases = FuzzTarget.all.flatMap { target in
    let folder = root.appending(path: "Tests/FuzzCorpus/\(target.name)")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.sorted { $0.path < $1.path }.map { Case(target: target.name, file: $0) }
  }
}
