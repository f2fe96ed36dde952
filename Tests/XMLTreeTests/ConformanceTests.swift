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
    let usesNamespaces: Bool
    let file: URL
  }

  /// Every not-well-formed document of XML 1.0 fifth edition is refused; every other (valid, or invalid only against a DTD) is accepted,
  /// or refused for something that this parser refuses by decision.
  @Test(.enabled(if: isThere, "needs ../shared and unzip")) func suite() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("xmlconf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let unzip = Process()
    unzip.executableURL = URL(fileURLWithPath: "/usr/bin/unzip")
    unzip.arguments = ["-q", SharedData.folder.appendingPathComponent(Self.archive).path, "-d", folder.path]
    try unzip.run()
    unzip.waitUntilExit()
    #expect(unzip.terminationStatus == 0)

    var refused = 0
    var accepted = 0
    var decided: [String: Int] = [:]
    var limits = XMLLimits()
    limits.depth = 200
    for entry in try Self.entries(folder) {
      guard let bytes = try? [UInt8](Data(contentsOf: entry.file)) else { continue }
      var code: ErrorCode?
      do throws(CausewayError) {
        _ = try XMLTree.parse(bytes, limits: limits)
      } catch {
        code = error.code
        #expect(error.problems[0].line != nil, "\(entry.id) has no line")
      }
      if entry.type == "not-wf" {
        #expect(code != nil, "\(entry.id) is not well-formed and was accepted")
        refused += 1
      } else if let code {
        let decisions: [ErrorCode] = [
          "parse.doctype", "parse.processing_instruction", "parse.encoding_unsupported", "parse.xml_version", "parse.name_length",
        ]
        let isDecided = decisions.contains(code) || (code == "parse.namespace" && !entry.usesNamespaces)
        #expect(isDecided, "\(entry.id) is well-formed and was refused: \(code)")
        decided[code.rawValue, default: 0] += 1
      } else {
        accepted += 1
      }
    }
    print("W3C conformance: \(refused) not well-formed refused, \(accepted) others accepted, refused by decision \(decided)")
    #expect(refused > 900)
    #expect(accepted > 10)
  }

  private static func entries(_ folder: URL) throws -> [Entry] {
    var entries: [Entry] = []
    let indexes = [
      "xmltest/xmltest.xml", "sun/sun-not-wf.xml", "sun/sun-valid.xml", "oasis/oasis.xml", "ibm/ibm_oasis_not-wf.xml",
      "ibm/ibm_oasis_valid.xml",
      "eduni/errata-2e/errata2e.xml", "eduni/errata-3e/errata3e.xml", "eduni/errata-4e/errata4e.xml", "eduni/namespaces/1.0/rmt-ns10.xml",
      "eduni/namespaces/errata-1e/errata1e.xml", "eduni/misc/ht-bh.xml", "japanese/japanese.xml",
    ]
    for index in indexes {
      let file = folder.appendingPathComponent("xmlconf/\(index)")
      let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      for piece in text.components(separatedBy: "<TEST").dropFirst() {
        let tag = piece.prefix { $0 != ">" }
        func attribute(_ name: String) -> String? {
          guard let found = tag.firstMatch(of: try! Regex("\(name)\\s*=\\s*[\"']([^\"']*)[\"']")) else { return nil }
          return found.output[1].substring.map(String.init)
        }
        guard let type = attribute("TYPE"), let uri = attribute("URI"), let id = attribute("ID"),
          ["not-wf", "valid", "invalid"].contains(type)
        else { continue }
        // Tests of editions before the fifth, and of XML 1.1, ask for what the fifth edition of XML 1.0 does not.
        if let edition = attribute("EDITION"), !edition.contains("5") { continue }
        if attribute("RECOMMENDATION")?.hasSuffix("1.1") == true { continue }
        // Names with colons anywhere are well-formed where namespaces are not in use; here they always are.
        let usesNamespaces = attribute("NAMESPACE") != "no" && !["o-p04pass1", "o-p05pass1"].contains(id)
        let document = file.deletingLastPathComponent().appendingPathComponent(uri)
        entries.append(Entry(type: type, id: id, usesNamespaces: usesNamespaces, file: document))
      }
    }
    return entries
  }
}
