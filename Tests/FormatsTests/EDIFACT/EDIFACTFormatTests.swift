import Primitives
import Testing

@testable import Formats

@Suite struct EDIFACTFormatTests {
  private func parse(_ text: String, _ grammar: MessageGrammar? = nil) throws -> Document {
    try EDIFACTFormat.parse(Array(text.utf8), grammar: grammar)
  }

  private func written(_ document: Document, _ grammar: MessageGrammar? = nil, _ characters: ServiceCharacters? = nil) throws -> String {
    String(decoding: try EDIFACTFormat.write(document, grammar: grammar, characters: characters), as: UTF8.self)
  }

  // MARK: Without a grammar

  @Test func segmentsElementsAndComponentsByPosition() throws {
    let text = SmallMessage.text([SmallMessage.message(["BGM+929:::x+A1++", "FTX", "NAD+CN++a:?'b??:?+c?::?:"])])
    let document = try parse(text)
    let root = document.root
    #expect(document.syntax == .edifact && document.name(root) == "Interchange" && document.line(root) == 1)
    #expect(document.find("UNB", "1", "1").flatMap { document.text($0) } == "UNOC")
    let message = try #require(document.first("Message", of: root))
    #expect(document.children(message).map { document.name($0) } == ["UNH", "BGM", "FTX", "NAD"])
    #expect(document.children(message).map { document.line($0) } == [2, 3, 4, 5])
    let bgm = try #require(document.first("BGM", of: message))
    #expect(document.find("1", "4", from: bgm).flatMap { document.text($0) } == "x")
    #expect(document.find("1", "2", from: bgm) == nil)
    #expect(document.find("2", from: bgm).flatMap { document.text($0) } == "A1")
    let name = try #require(document.find("NAD", "3", from: message))
    #expect(document.children(name).map { document.text($0) } == ["a", "'b?", "+c:", ":"])
    #expect(document.pointer(name) == "/Interchange/Message/NAD/3")
    #expect(try written(document) == text.replacing("+A1++'", with: "+A1'"))
  }

  @Test func repetitionsInVersion4Only() throws {
    let version4 = try parse(SmallMessage.text([SmallMessage.message(["COM+a:TE*b:FX**c?*:EM+1*2"])], syntax: "UNOC:4"))
    let com = try #require(version4.find("Message", "COM"))
    let numbers = version4.children(com, named: "1")
    #expect(numbers.map { version4.texts($0, named: "1") } == [["a"], ["b"], [], ["c*"]])
    #expect(version4.texts(com, named: "2") == ["1", "2"])
    #expect(try written(version4).contains("'COM+a:TE*b:FX**c?*:EM+1*2'"))
    let version3 = try parse(SmallMessage.text([SmallMessage.message(["COM+a:TE*b:FX"])]))
    let plain = try #require(version3.find("Message", "COM", "1"))
    #expect(version3.children(plain).map { version3.text($0) } == ["a", "TE*b", "FX"])
    #expect(try written(version3).contains("'COM+a:TE*b:FX'"))
  }

  @Test func serviceStringAdvice() throws {
    // Separators of their own, decimal comma, another release character; line breaks between segments.
    let text = "UNA=*,! ~\r\nUNB*UNOC=3*S*R*261121=0845*1~\nUNH*1*ORDERS=D=96A=UN~\r\nFTX*AAA*a!*b!=c+d:e'f?g!!~\nUNT*3*1~\nUNZ*1*1~\r\n"
    let document = try parse(text)
    #expect(document.find("Message", "FTX", "2").flatMap { document.text($0) } == "a*b=c+d:e'f?g!")
    #expect(
      try written(document)
        == "UNB+UNOC:3+S+R+261121:0845+1'UNH+1+ORDERS:D:96A:UN'FTX+AAA+a*b=c?+d?:e?'f??g!'UNT+3+1'UNZ+1+1'")
    var characters = ServiceCharacters()
    (characters.component, characters.element, characters.release, characters.terminator) = (0x3D, 0x2A, 0x21, 0x7E)
    characters.decimalMark = 0x2C
    let oneLine = String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    #expect(try written(document, nil, characters) == oneLine)
  }

  @Test func noReleaseCharacter() throws {
    let document = try parse("UNA:+.  'UNB+UNOC:3+S+R+261121:0845+1'UNH+1+ORDERS:D:96A:UN'FTX+AAA+a?b'UNT+3+1'UNZ+1+1'")
    #expect(document.find("Message", "FTX", "2").flatMap { document.text($0) } == "a?b")
    var characters = ServiceCharacters()
    characters.release = nil
    #expect(try written(document, nil, characters).hasPrefix("UNA:+.  'UNB+UNOC:3"))
    var builder = DocumentBuilder(syntax: .edifact)
    builder.open(name: "Interchange")
    builder.open(name: "UNB")
    for (name, texts) in [("1", ["UNOC", "3"]), ("5", ["a'b"])] {
      builder.open(name: name)
      for (index, text) in texts.enumerated() where texts.count > 1 {
        builder.open(name: String(index + 1))
        builder.text(text)
        builder.close()
      }
      if texts.count == 1 { builder.text(texts[0]) }
      builder.close()
    }
    builder.close()
    builder.close()
    let quoted = builder.finish()
    #expect(throws: CausewayError("write.illegal_character")) { try written(quoted, nil, characters) }
    #expect(try written(quoted) == "UNB+UNOC:3++++a?'b'UNZ+0+a?'b'")
  }

  @Test func groupsOfMessages() throws {
    let ung = "UNG+SMALLX+S+R+261121:0845+G1+UN+D:03B"
    let lines =
      ["UNB+UNOC:3+S+R+261121:0845+1", ung] + SmallMessage.message() + SmallMessage.message(reference: "2") + ["UNE+2+G1", "UNZ+1+1"]
    let text = lines.map { $0 + "'" }.joined()
    for grammar in [nil, try SmallMessage.grammar()] {
      let document = try parse(text, grammar)
      let group = try #require(document.first("FunctionalGroup", of: document.root))
      #expect(document.children(group).map { document.name($0) } == ["UNG", "Message", "Message"])
      #expect(try written(document, grammar) == text)
    }
  }

  // MARK: With a grammar

  @Test func namesGroupsAndPositions() throws {
    let grammar = try SmallMessage.grammar()
    let body = [
      "BGM+929", "CST++01:x+02", "RFF+A:1", "DTM+137:2026:102", "RFF+B:2", "NAD+CN++a::c:F++second+t:TE*:FX+CN*SG", "UNS+D", "LIN+1",
      "FTX+AAA+a:b", "FTX+BBB+::::e", "ALC+A", "MOA+8:-1,5:EUR", "ALC+B", "LIN+2", "MOA+9:2", "UNS+S", "CNT+5:2",
    ]
    let text = SmallMessage.text([SmallMessage.message(body)], syntax: "UNOC:4")
    let document = try parse(text, grammar)
    let message = try #require(document.first("Message", of: document.root))
    #expect(
      document.children(message).map { document.name($0) } == [
        "UNH", "BGM", "CST", "SG1", "SG1", "NAD", "UNS.D", "SG2", "SG2", "UNS.S", "CNT",
      ])
    let cst = try #require(document.first("CST", of: message))
    #expect(document.children(cst).map { document.name($0) } == ["C246", "C246.2"])
    let nad = try #require(document.first("NAD", of: message))
    #expect(document.find("C080", from: nad).map { document.texts($0, named: "3036") } == ["a", "", "c"])
    #expect(document.texts(nad, named: "3164") == ["", "second"])
    #expect(document.children(nad, named: "C076").map { Array(document.children($0)).count } == [2, 1])
    #expect(document.texts(nad, named: "3207") == ["CN", "SG"])
    let item = try #require(document.first("SG2", of: message))
    #expect(document.children(item).map { document.name($0) } == ["LIN", "FTX", "FTX", "SG3", "SG3"])
    let amount = try #require(document.find("SG3", "MOA", "C516", "5004", from: item))
    #expect(document.text(amount) == "-1.5")
    #expect(document.pointer(amount) == "/Interchange/Message/SG2[1]/SG3[1]/MOA/C516/5004")
    #expect(document.line(amount) == 14)
    #expect(try written(document, grammar) == text.replacing("-1,5", with: "-1.5"))
  }

  @Test func repeatedGroupsBeginWithTheirTrigger() throws {
    let grammar = try SmallMessage.grammar()
    let body = ["BGM", "RFF", "RFF", "DTM", "RFF", "UNS+D", "LIN", "MOA", "ALC", "ALC", "MOA", "LIN", "UNS+S"]
    let document = try parse(SmallMessage.text([SmallMessage.message(body)]), grammar)
    let message = try #require(document.first("Message", of: document.root))
    #expect(document.children(message, named: "SG1").map { Array(document.children($0)).count } == [1, 2, 1])
    let item = try #require(document.first("SG2", of: message))
    #expect(document.children(item).map { document.name($0) } == ["LIN", "MOA", "SG3", "SG3"])
  }

  @Test func sectionControlIsNotPassedOver() throws {
    let grammar = try SmallMessage.grammar()
    // LIN stands behind UNS+D: without it there is no way to it, and MOA in the header is nowhere.
    for body in [["BGM", "LIN", "UNS+S"], ["BGM", "MOA", "UNS+D", "UNS+S"]] {
      let reading = SmallMessage.read(SmallMessage.text([SmallMessage.message(body)]), grammar: grammar)
      #expect(reading.findings.first?.code == "parse.edifact_unexpected" && reading.findings.first?.place.segment == 3)
    }
    #expect(SmallMessage.read(SmallMessage.text([SmallMessage.message(["BGM", "UNS+D", "UNS+S"])]), grammar: grammar).findings == [])
  }

  @Test func tooManyAreCountedWhereTheyStand() throws {
    let grammar = try SmallMessage.grammar()
    let body = ["BGM"] + Array(repeating: "RFF+A:1", count: 5) + ["UNS+D", "LIN", "FTX", "FTX", "FTX", "UNS+S"]
    let document = try parse(SmallMessage.text([SmallMessage.message(body)]), grammar)
    let message = try #require(document.first("Message", of: document.root))
    #expect(document.children(message, named: "SG1").count == 5)
    #expect(document.find("SG2", from: message).map { document.children($0, named: "FTX").count } == 3)
  }

  @Test func decimalMarks() throws {
    let grammar = try SmallMessage.grammar()
    func amount(_ advice: String, _ syntax: String, _ text: String) throws -> String? {
      let message = SmallMessage.message(["BGM", "UNS+D", "LIN", "MOA+1:\(text)", "UNS+S"])
      let document = try parse(advice + SmallMessage.text([message], syntax: syntax), grammar)
      return document.find("Message", "SG2", "MOA", "C516", "5004").flatMap { document.text($0) }
    }
    // Version 3 has one decimal mark, that of UNA; version 4 takes both.
    #expect(try amount("", "UNOC:3", "1.50") == "1.50")
    #expect(try amount("UNA:+,? '", "UNOC:3", "1,50") == "1.50")
    #expect(try amount("", "UNOC:4", "1,50") == "1.50")
    #expect(try amount("UNA:+,?*'", "UNOC:4", "1.50") == "1.50")
    #expect(throws: CausewayError("parse.edifact_decimal")) { try amount("", "UNOC:3", "1,50") }
    #expect(throws: CausewayError("parse.edifact_decimal")) { try amount("UNA:+,? '", "UNOC:3", "1.50") }
  }

  @Test func grammarsThatAreNone() {
    func reason(_ parts: [MessageGrammar.Part]) -> String? {
      do throws(MessageGrammar.Invalid) {
        _ = try MessageGrammar(.init("Interchange", min: 1, max: 1, parts: parts))
        return nil
      } catch { return error.reason }
    }
    let unb = MessageGrammar.Part.segment(.init("UNB", min: 1, max: 1, elements: []))
    #expect(reason([unb]) == nil)
    #expect(reason([]) != nil)
    #expect(reason([.segment(.init("UNH", min: 1, max: 1, elements: []))]) != nil)
    #expect(reason([unb, .segment(.init("UNZ", min: 1, max: 1, elements: []))]) != nil)
    #expect(reason([unb, .segment(.init("bgm", min: 1, max: 1, elements: []))]) != nil)
    #expect(reason([unb, .group(.init("SG1", min: 0, max: 1, parts: [.segment(.init("RFF", min: 0, max: 1, elements: []))]))]) != nil)
    #expect(reason([unb, .group(.init("Message", min: 0, max: 1, parts: [.segment(.init("BGM", min: 1, max: 1, elements: []))]))]) != nil)
    let double = MessageGrammar.Element("C001", positions: 2, repetitions: 2)
    #expect(reason([unb, .segment(.init("ABC", min: 1, max: 1, elements: [double]))]) != nil)
    #expect(reason([unb, .segment(.init("ABC", min: 1, max: 1, elements: [.init("1"), .init("1")]))]) != nil)
  }

  // MARK: Writing

  @Test func whatHasNoPositionIsNotWritten() throws {
    let grammar = try SmallMessage.grammar()
    func document(_ path: [String], _ text: String) -> Document {
      var builder = DocumentBuilder(syntax: .edifact)
      builder.open(name: "Interchange")
      builder.open(name: "UNB")
      builder.open(name: "S001")
      for (name, text) in [("0001", "UNOC"), ("0002", "3")] {
        builder.open(name: name)
        builder.text(text)
        builder.close()
      }
      builder.close()
      builder.close()
      for name in path { builder.open(name: name) }
      builder.text(text)
      for _ in path { builder.close() }
      builder.close()
      return builder.finish()
    }
    #expect(try written(document(["Message", "BGM", "1225"], "9"), grammar) == "UNB+UNOC:3'BGM+++9'UNT+2'UNZ+1'")
    for path in [
      ["Message", "XXX"], ["Message", "BGM", "9999"], ["Message", "BGM", "C002"], ["BGM", "1225"], ["Message", "BGM", "1225", "1"],
    ] {
      #expect(throws: CausewayError("write.edifact_position")) { try written(document(path, "9"), grammar) }
    }
    for text in ["a\nb", "\u{7F}", "a\tb", "中"] {
      #expect(throws: CausewayError("write.illegal_character")) { try written(document(["Message", "BGM", "1225"], text), grammar) }
    }
    #expect(throws: CausewayError("write.edifact_envelope")) { try written(try XMLFormat.parse(Array("<Interchange/>".utf8)), grammar) }
  }
}
