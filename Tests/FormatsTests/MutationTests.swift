import Primitives
import TestSupport
import Testing

@testable import Formats

/// Documents with bytes changed, doubled and cut at random: none traps; what is accepted is a document that survives being written.
@Suite struct MutationTests {
  static let seeds: [(Document.Syntax, String)] = [
    (
      .xml,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><m:D xmlns:m='urn:m' a='1&#10;'><!-- c --><i>中<![CDATA[<x>]]>&lt;</i><i b=\"2\"/></m:D>"
    ),
    (
      .xml,
      "<a xmlns='urn:a' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><b xsi:nil='true'/><b>\u{20000} &#x4E2D;</b>\n</a><?p q?>"
    ),
    (.edifact, SmallMessage.text([SmallMessage.message(["BGM+929+A1+9", "FTX+AAA+++a?'b:c:?+::d*e", "NAD+CN++中"])], syntax: "UNOY:4")),
    (.json, "{\"a\":[1,{\"b\":\"\\u4e2d\\n\"},[]],\"c\":null,\"d\":-0.50,\"e\":[],\"f\":true,\"中\":\"🚢\"}"),
  ]

  @Test(arguments: seeds) func mutations(_ syntax: Document.Syntax, _ text: String) throws {
    var random = SplitMix(state: 7)
    let original = Array(text.utf8)
    let bytes: [UInt8] = [
      0, 0x09, 0x0A, 0x20, 0x22, 0x26, 0x27, 0x2A, 0x2B, 0x2D, 0x2F, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x5B, 0x5D, 0x78, 0x7B,
      0x80, 0xC0, 0xEF, 0xFF,
    ]
    var accepted = 0
    for _ in 0..<2000 {
      var mutated = original
      for _ in 0..<Int.random(in: 1...3, using: &random) where !mutated.isEmpty {
        let at = Int.random(in: 0..<mutated.count, using: &random)
        switch Int.random(in: 0...4, using: &random) {
        case 0: mutated[at] = bytes.randomElement(using: &random) ?? 0
        case 1: mutated.insert(bytes.randomElement(using: &random) ?? 0, at: at)
        case 2: mutated.remove(at: at)
        case 3: mutated.removeSubrange(at..<min(mutated.count, at + Int.random(in: 1...20, using: &random)))
        default: mutated.insert(contentsOf: mutated[at..<min(mutated.count, at + Int.random(in: 1...20, using: &random))], at: at)
        }
      }
      guard let document = try? read(syntax, mutated) else { continue }
      accepted += 1
      let again = try read(syntax, write(syntax, document))
      #expect(document.differences(from: again) == [])
    }
    #expect(accepted > 20)
  }

  private func read(_ syntax: Document.Syntax, _ bytes: [UInt8]) throws -> Document {
    switch syntax {
    case .xml: try XMLFormat.parse(bytes, encodings: [.utf8, .gb18030])
    case .json: try JSONFormat.parse(bytes)
    case .edifact: try EDIFACTFormat.parse(bytes)
    }
  }

  private func write(_ syntax: Document.Syntax, _ document: Document) throws -> [UInt8] {
    switch syntax {
    case .xml: try XMLFormat.write(document)
    case .json: try JSONFormat.write(document)
    case .edifact: try EDIFACTFormat.write(document)
    }
  }
}
