import Declarations
import Formats
import FoundationEssentials
import Primitives
import Testing

@testable import Translation

/// The repository's own profiles, loaded once.
enum Schemas {
  static let folder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/") + "/schemas"
  }()

  static let library: Result<ProfileLibrary, CausewayError> = {
    do throws(CausewayError) { return .success(try ProfileLibrary.load(folder)) } catch { return .failure(error) }
  }()

  static func translator() throws -> Translator { Translator(try library.get()) }

  static func sample(_ path: String) throws -> [UInt8] {
    [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/profiles/\(path)")))
  }

  static let chineseSamples = [
    "export-minimal.xml", "export-electronics.gb18030.xml", "export-textiles-12-items.xml", "export-textiles-12-items.bom.xml",
    "export-version-3.1.xml",
    "import-machine-parts.xml", "export-50-items.xml",
  ]
}

extension Translator {
  func valid(_ bytes: [UInt8], _ name: String, isDraft: Bool = false) throws -> ValidDocument {
    let profile = try profile(name)
    return try validate(try parse(bytes, as: profile), as: profile, isDraft: isDraft)
  }
}

/// The problems that a call throws.
func problems(_ body: () throws -> Void) -> [Problem] {
  do {
    try body()
    return []
  } catch let error as CausewayError {
    return error.problems
  } catch {
    Issue.record("another error: \(error)")
    return []
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The first occurrence replaced.
func replacing(_ bytes: [UInt8], _ old: String, _ new: String) throws -> [UInt8] {
  var result = text(bytes)
  let range = try #require(result.firstRange(of: old), "the sample has no \(old)")
  result.replaceSubrange(range, with: new)
  return Array(result.utf8)
}
