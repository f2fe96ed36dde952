import Foundation
import Primitives
import TestSupport
import Testing

@testable import XMLTree

/// The W3C conformance suite (2013-09-23) for XML 1.0, when it lies beside the repository.
@Suite struct ConformanceTests {
  static let archive = "vectors/xml-conformance/xmlts20130923.zip"
  static let isThere = SharedData.has(archive) && FileManager.default.isExecutableFile(atPath: "/usr/bin/unzip")

  struct Entry {
    let type: String
    let id: String
    /// Of XML 1.0 fifth edition.
    let isCurrent: Bool
    let usesNamespaces: Bool
    let file: URL
  }

  /// Every document that the suite calls not well-formed, for whatever edition and version of XML, is refused, but for the listed ones.
  @Test(.enabled(if: isThere, "needs ../shared and unzip")) func everythingNotWellFormedIsRefused() throws {
    try Self.unpacked { folder in
      var accepted: Set<String> = []
      var count = 0
      for entry in try Self.entries(folder) where entry.type == "not-wf" {
        count += 1
        let code = try Self.outcome(entry)
        if code == nil { accepted.insert(entry.id) }
      }
      #expect(accepted == Set(VectorExceptions.xml.keys))
      #expect(count == 1499)
    }
  }

  /// Every other document of XML 1.0 fifth edition (valid, or invalid only against a DTD) is accepted, or refused for something that this
  /// parser refuses by decision.
  @Test(.enabled(if: isThere, "needs ../shared and unzip")) func whatIsWellFormedIsRefusedByDecisionOnly() throws {
    try Self.unpacked { folder in
      var accepted = 0
      var decided: [String: Int] = [:]
      for entry in try Self.entries(folder) where entry.isCurrent && ["valid", "invalid"].contains(entry.type) {
        guard let code = try Self.outcome(entry) else {
          accepted += 1
          continue
        }
        let decisions: [ErrorCode] = [
          "parse.doctype", "parse.processing_instruction", "parse.encoding_unsupported", "parse.xml_version", "parse.name_length",
        ]
        let isDecided = decisions.contains(code) || (code == "parse.namespace" && !entry.usesNamespaces)
        #expect(isDecided, "\(entry.id) is well-formed and was refused: \(code)")
        decided[code.rawValue, default: 0] += 1
      }
      print("W3C conformance: \(accepted) well-formed documents accepted, refused by decision \(decided)")
      #expect(accepted > 10)
    }
  }

  private static func outcome(_ entry: Entry) throws -> ErrorCode? {
    let bytes = try [UInt8](Data(contentsOf: entry.file))
    var limits = XMLLimits()
    limits.depth = 200
    do throws(CausewayError) {
      _ = try XMLTree.parse(bytes, limits: limits)
      return nil
    } catch {
      #expect(error.problems[0].line != nil, "\(entry.id) has no line")
      return error.code
    }
  }

  /// Unpacks the archive into a folder of its own for as long as it is looked at.
  private static func unpacked(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("xmlconf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let archive = SharedData.folder.appendingPathComponent(Self.archive).path
    #expect(try ChildProcess.run(["/usr/bin/unzip", "-q", archive, "-d", folder.path]).status == 0)
    try body(folder.appendingPathComponent("xmlconf"))
  }

  /// All tests of all index files that the suite's own table names.
  private static func entries(_ folder: URL) throws -> [Entry] {
    let table = String(decoding: try Data(contentsOf: folder.appendingPathComponent("xmlconf.xml")), as: UTF8.self)
    let indexes = table.matches(of: try Regex("<!ENTITY\\s+\\S+\\s+SYSTEM\\s+\"([^\"]+)\"")).compactMap {
      $0.output[1].substring.map(String.init)
    }
    #expect(indexes.count == 21)
    var entries: [Entry] = []
    for index in indexes {
      let file = folder.appendingPathComponent(index)
      let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      for piece in text.components(separatedBy: "<TEST").dropFirst() where !piece.hasPrefix("CASES") {
        let tag = piece.prefix { $0 != ">" }
        func attribute(_ name: String) -> String? {
          guard let found = tag.firstMatch(of: try! Regex("\(name)\\s*=\\s*[\"']([^\"']*)[\"']")) else { return nil }
          return found.output[1].substring.map(String.init)
        }
        guard let type = attribute("TYPE"), let uri = attribute("URI"), let id = attribute("ID") else { continue }
        // Tests of editions before the fifth, and of XML 1.1, ask for what the fifth edition of XML 1.0 does not.
        let isCurrent = attribute("EDITION")?.contains("5") ?? true && attribute("RECOMMENDATION")?.hasSuffix("1.1") != true
        // Names with colons anywhere are well-formed where namespaces are not in use; here they always are.
        let usesNamespaces = attribute("NAMESPACE") != "no" && !["o-p04pass1", "o-p05pass1"].contains(id)
        let document = file.deletingLastPathComponent().appendingPathComponent(uri)
        entries.append(Entry(type: type, id: id, isCurrent: isCurrent, usesNamespaces: usesNamespaces, file: document))
      }
    }
    return entries
  }
}
