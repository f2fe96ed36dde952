import Primitives
import TestSupport
import Testing

@testable import Formats

/// What is written and parsed again says the same, whatever its texts look like in this syntax or another (attack XP-15).
@Suite struct EDIFACTRoundTripTests {
  /// Texts of the other formats' tests that have no control characters.
  static let pieces =
    RoundTripTests.pieces.filter { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } } + [
      "*", "?'", "??", "UNZ+1+1'", "'UNT+2+1'", "UNA:+.? '",
    ]

  static func text(_ random: inout SplitMix) -> String {
    (0..<Int.random(in: 1...5, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
  }

  /// A document with all that the grammar of the small message has, by chance.
  static func document(_ grammar: MessageGrammar, _ random: inout SplitMix) -> Document {
    var builder = DocumentBuilder(syntax: .edifact)
    func leaf(_ name: String, _ text: String) {
      builder.open(name: name)
      builder.text(text)
      builder.close()
    }
    func value(_ isNumeric: Bool) -> String { isNumeric ? "\(Int.random(in: 0...99, using: &random)).5" : text(&random) }
    func element(_ slot: MessageGrammar.Slot, in slots: [MessageGrammar.Slot]) {
      guard slot.isComposite else { return leaf(slot.name, value(slot.isNumeric)) }
      builder.open(name: slot.name)
      // An empty component before a filled one of the same name has a node.
      var filled = slot.components.map { _ in Bool.random(using: &random) }
      if !filled.contains(true) { filled[0] = true }
      for (index, component) in slots.isEmpty ? [] : Array(slot.components.enumerated()) {
        let isBefore = filled.indices.contains { $0 > index && filled[$0] && slot.components[$0].name == component.name }
        if filled[index] { leaf(component.name, value(component.isNumeric)) } else if isBefore { leaf(component.name, "") }
      }
      builder.close()
    }
    func fill(_ row: Int) {
      let node = grammar.nodes[row]
      builder.open(name: node.name)
      for item in node.items {
        let inner = grammar.nodes[item]
        guard inner.name != "FunctionalGroup" else { continue }
        let least = inner.name == "Message" ? 1 : inner.min
        let count = least + (inner.max > inner.min ? Int.random(in: 0...2, using: &random) : 0)
        for _ in 0..<min(count, inner.max) { fill(item) }
      }
      if let fixed = ["UNB": ["UNOY", "4"], "UNH": ["SMALLX", "D", "03B", "UN"]][node.name] {
        for slot in node.slots {
          guard slot.isComposite else {
            leaf(slot.name, String(Int.random(in: 1...999_999, using: &random)))
            continue
          }
          builder.open(name: slot.name)
          let isFixed = ["S001", "S009"].contains(slot.name)
          for (index, component) in slot.components.enumerated() where !isFixed || index < fixed.count {
            leaf(component.name, isFixed ? fixed[index] : text(&random))
          }
          builder.close()
        }
      } else {
        for slot in node.slots where slot.occurrence == 0 && (node.tag == .uns || Bool.random(using: &random)) {
          for _ in 0..<(slot.repetitions > 1 ? Int.random(in: 1...slot.repetitions, using: &random) : 1) { element(slot, in: node.slots) }
        }
      }
      builder.close()
    }
    fill(0)
    return builder.finish()
  }

  @Test func writtenIsReadTheSame() throws {
    let grammar = try SmallMessage.grammar()
    var random = SplitMix(state: 9735)
    for round in 0..<300 {
      let document = Self.document(grammar, &random)
      var characters = ServiceCharacters.standard(version: 4)
      if !round.isMultiple(of: 3) {
        var odd = Array("!\"#$%&'()*+-/:;<=>?@[]^_`{|}~\u{1C}\u{1D}".utf8).shuffled(using: &random)
        (characters.component, characters.element, characters.terminator) = (odd.removeLast(), odd.removeLast(), odd.removeLast())
        (characters.release, characters.repetition) = (odd.removeLast(), odd.removeLast())
      }
      let bytes = try EDIFACTFormat.write(document, grammar: grammar, characters: characters)
      let again = try EDIFACTFormat.parse(bytes, grammar: grammar)
      #expect(document.differences(from: again) == [], "round \(round)")
      #expect(try EDIFACTFormat.write(again, grammar: grammar, characters: characters) == bytes, "round \(round)")
      // By position the same texts stand there, and the same bytes are written.
      let plain = try EDIFACTFormat.parse(bytes)
      #expect(try EDIFACTFormat.write(plain, characters: characters) == bytes, "round \(round)")
    }
  }

  /// A text that goes from XML or JSON into EDIFACT and back is the same text.
  @Test func textsOfOtherFormats() throws {
    var random = SplitMix(state: 15)
    let template = try EDIFACTFormat.parse(Array(SmallMessage.text(syntax: "UNOY:4").utf8))
    for round in 0..<200 {
      let text = Self.text(&random)
      var xml = DocumentBuilder(syntax: .xml)
      xml.open(name: "a")
      xml.text(text)
      xml.close()
      let read = try XMLFormat.parse(XMLFormat.write(xml.finish()))
      let fromXML = try #require(read.text(read.root))
      let bytes = try EDIFACTFormat.write(SmallMessage.changed(template, ["/Interchange/Message/FTX/2": fromXML]))
      let again = try EDIFACTFormat.parse(bytes)
      let back = try #require(again.find("Message", "FTX", "2").flatMap { again.text($0) })
      #expect(back.utf8.elementsEqual(text.utf8), "round \(round)")
      #expect(again.count == template.count, "round \(round)")
    }
  }
}
