import Primitives
import TestSupport
import Testing

@testable import Formats

/// What is written and parsed again says the same (attack XP-15: text that means something in the target syntax stays text).
@Suite struct RoundTripTests {
  static let pieces = [
    "a", "0", "中文", "深圳", "\u{20000}", "🚢", "é", "e\u{301}", "]]>", "<![CDATA[", "<", ">", "&", "&amp;", "\"", "'", "+", ":", "?", "UNB+",
    "<!--", "-->",
    "<?x?>", "\n", "\r", "\r\n", "\t", "  ", "\u{A0}", "\u{202E}", "\u{2028}",
    "\\", "\\u0000", "{", "}", "[", "]", ",", "/", "\u{7F}", "\u{85}", "\u{FFFD}",
  ]
  static let names = ["a", "Item", "GoodsItem", "名称", "x-1.y", "_", "content", "ns1"]
  static let namespaces: [String?] = [nil, "urn:a", "urn:b?x=1;y='2'", "http://example.org/a%20b/"]

  static func document(_ syntax: Document.Syntax, _ random: inout SplitMix) -> Document {
    var builder = DocumentBuilder(syntax: syntax)
    func text() -> String { (0..<Int.random(in: 0...5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() }
    func fill(_ depth: Int) {
      if syntax == .xml {
        for (index, name) in names.shuffled(using: &random).prefix(Int.random(in: 0...2, using: &random)).enumerated() {
          builder.attribute(name: name, namespace: index == 0 ? namespaces.randomElement(using: &random) ?? nil : nil, value: text())
        }
      }
      switch Int.random(in: 0...9, using: &random) {
      case 0: builder.null()
      case 1...4: builder.text(text())
      case _ where depth < 6:
        for name in names.shuffled(using: &random).prefix(3) {
          let count = Int.random(in: 0...3, using: &random)
          if count == 0, syntax == .json, Bool.random(using: &random) { builder.emptyArray(name: name) }
          let inArray = syntax == .json && (count > 1 || Bool.random(using: &random))
          let namespace = syntax == .xml ? namespaces.randomElement(using: &random) ?? nil : nil
          for _ in 0..<count {
            builder.open(name: name, namespace: namespace, inArray: inArray)
            fill(depth + 1)
            builder.close()
          }
        }
      default: break
      }
    }
    builder.open(name: syntax == .xml ? "root" : "")
    fill(0)
    builder.close()
    return builder.finish()
  }

  @Test func writtenXMLIsReadTheSame() throws {
    var random = SplitMix(state: 2026)
    for round in 0..<150 {
      let document = Self.document(.xml, &random)
      for encoding in TextEncoding.allCases {
        let bytes = try XMLFormat.write(document, encoding: encoding, indent: round.isMultiple(of: 2))
        let again = try XMLFormat.parse(bytes, encodings: [encoding])
        #expect(document.differences(from: again) == [], "round \(round)")
        #expect(try XMLFormat.write(again, encoding: encoding, indent: round.isMultiple(of: 2)) == bytes, "round \(round)")
      }
    }
  }

  @Test func writtenJSONIsReadTheSame() throws {
    var random = SplitMix(state: 1121)
    for round in 0..<150 {
      let document = Self.document(.json, &random)
      let bytes = try JSONFormat.write(document, indent: round.isMultiple(of: 2))
      let again = try JSONFormat.parse(bytes)
      #expect(document.differences(from: again) == [], "round \(round)")
      #expect(try JSONFormat.write(again, indent: round.isMultiple(of: 2)) == bytes, "round \(round)")
    }
  }
}
