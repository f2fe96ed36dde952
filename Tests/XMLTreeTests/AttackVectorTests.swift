import Foundation
import Primitives
import TestSupport
import Testing

@testable import XMLTree

/// Published attack documents, when they lie beside the repository.
@Suite struct AttackVectorTests {
  static let hasVectors = SharedData.has("vectors/xml-attacks")

  /// All of libxml2's entity documents have a DOCTYPE, the good ones too: all are refused at it, none reaches libxml2.
  @Test(.enabled(if: hasVectors, "needs ../shared")) func entityBombs() throws {
    let files = SharedData.files("vectors/xml-attacks/libxml2-entity-bombs/test/recurse", extension: "xml")
    #expect(!files.isEmpty)
    for file in files {
      #expect(throws: CausewayError("parse.doctype"), "\(file)") { try XMLTree.parse(SharedData.bytes(file)) }
    }
  }

  @Test(.enabled(if: hasVectors, "needs ../shared")) func externalEntityFiles() throws {
    let files = SharedData.files("vectors/xml-attacks/payloads/XXE Injection/Files")
    #expect(!files.isEmpty)
    for file in files {
      #expect(throws: CausewayError.self, "\(file)") { try XMLTree.parse(SharedData.bytes(file)) }
    }
  }

  /// One payload a line; whatever has a DOCTYPE or an entity is refused, whatever is accepted has no effect beyond its own nodes.
  @Test(.enabled(if: hasVectors, "needs ../shared")) func payloadLists() throws {
    var refused = 0
    for file in SharedData.files("vectors/xml-attacks/payloads/XXE Injection/Intruders", extension: "txt") {
      for line in try SharedData.bytes(file).split(separator: 0x0A) {
        let bytes = Array(line)
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(CausewayError) {
          _ = try XMLTree.parse(bytes)
          #expect(!text.contains("<!DOCTYPE") && !text.contains("<!ENTITY"))
        } catch {
          refused += 1
        }
      }
    }
    #expect(refused > 20)
  }

  @Test(.enabled(if: hasVectors, "needs ../shared")) func stylesheetsAreDataOnly() throws {
    for file in SharedData.files("vectors/xml-attacks/payloads/XSLT Injection/Files") {
      let bytes = try SharedData.bytes(file)
      if let tree = try? XMLTree.parse(bytes) { #expect(tree.elementCount > 0) }
    }
  }
}
