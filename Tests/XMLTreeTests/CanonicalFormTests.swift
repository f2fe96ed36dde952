import Foundation
import Primitives
import TestSupport
import Testing

@testable import XMLTree

@Suite struct CanonicalFormTests {
  private func canonical(_ text: String, comments: Bool = false, prefixes: [String] = []) throws -> String {
    String(decoding: try XMLTree.parse(Array(text.utf8)).canonical(comments: comments, inclusivePrefixes: prefixes), as: UTF8.self)
  }

  @Test func oneFormForAllSpellings() throws {
    let plain = try canonical("<a xmlns=\"urn:a\" b=\"1\" c=\"2\">x&amp;y</a>")
    #expect(plain == "<a xmlns=\"urn:a\" b=\"1\" c=\"2\">x&amp;y</a>")
    for same in [
      "<?xml version='1.0'?>\n<a c='2'   b='1' xmlns='urn:a'>x&#38;y</a>\n", "<a xmlns='urn:a' b='1' c='2'><![CDATA[x&y]]></a>",
      "<a xmlns='urn:a' b='1' c='2'>x<!-- no -->&amp;y</a>", "\u{FEFF}<a xmlns='urn:a' xmlns:unused='urn:u' b='&#x31;' c='2'>x&amp;y</a>",
    ] {
      #expect(try canonical(same) == plain)
    }
    for other in ["<a xmlns='urn:b' b='1' c='2'>x&amp;y</a>", "<a xmlns='urn:a' b='1' c='2'>x&amp;y </a>"] {
      #expect(try canonical(other) != plain)
    }
  }

  @Test func commentsAndPrefixesAreTheCallersChoice() throws {
    let text = "<a xmlns:p='urn:p'><!--c--><b/></a>"
    #expect(try canonical(text) == "<a><b></b></a>")
    #expect(try canonical(text, comments: true) == "<a><!--c--><b></b></a>")
    #expect(try canonical(text, prefixes: ["p"]) == "<a xmlns:p=\"urn:p\"><b></b></a>")
  }

  @Test func relativeNamespaceHasNoCanonicalForm() throws {
    #expect(throws: CausewayError("parse.canonical_form")) { try canonical("<a xmlns='relative'/>") }
    #expect(throws: Never.self) { try canonical("<a xmlns='urn:absolute'/>") }
  }

  static let hasVectors = SharedData.has("vectors/c14n")

  /// Canonical XML 2.0's default is exclusive and without comments, as here. Documents with a DOCTYPE are refused before.
  @Test(.enabled(if: hasVectors, "needs ../shared")) func publishedVectors() throws {
    let folder = "vectors/c14n/c14n20-lxml/src/lxml/tests/c14n-20"
    var compared = 0
    for (parameters, comments) in [("c14nDefault", false), ("c14nComment", true)] {
      for file in SharedData.files(folder, extension: "xml") where file.contains("/out_") && file.hasSuffix("_\(parameters).xml") {
        let name = file.components(separatedBy: "/out_")[1].replacingOccurrences(of: "_\(parameters)", with: "")
        let input = try SharedData.bytes("\(folder)/\(name)")
        guard let tree = try? XMLTree.parse(input) else {
          #expect(throws: CausewayError.self) { try XMLTree.parse(input) }
          continue
        }
        let expected = try SharedData.bytes(file)
        #expect(try tree.canonical(comments: comments) == expected, "\(file)")
        compared += 1
      }
    }
    #expect(compared >= 6)
  }
}
