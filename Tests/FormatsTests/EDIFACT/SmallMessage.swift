import Primitives

@testable import Formats

/// A small message type of our own with the features of large ones, and interchanges around its segments.
enum SmallMessage {
  typealias Element = MessageGrammar.Element
  typealias Component = MessageGrammar.Element.Component

  /// BGM; RFF groups; NAD; UNS+D; item groups LIN with FTX, MOA and charges ALC; UNS+S; CNT.
  static func grammar() throws -> MessageGrammar {
    func segment(_ name: String, _ range: ClosedRange<Int>, _ elements: [Element] = []) -> MessageGrammar.Part {
      .segment(.init(name, min: range.lowerBound, max: range.upperBound, elements: elements))
    }
    func group(_ name: String, _ range: ClosedRange<Int>, _ parts: [MessageGrammar.Part]) -> MessageGrammar.Part {
      .group(.init(name, min: range.lowerBound, max: range.upperBound, parts: parts))
    }
    func composite(_ name: String, _ components: String...) -> Element { .init(name, components: components.map { .init($0) }) }
    let amount = Element("C516", components: [.init("5025"), .init("5004", isNumeric: true), .init("6345")])
    let reference = composite("C506", "1153", "1154")
    let unb: [Element] = [
      composite("S001", "0001", "0002"), composite("S002", "0004", "0007"), composite("S003", "0010", "0007"),
      composite("S004", "0017", "0019"), .init("0020"),
    ]
    let message: [MessageGrammar.Part] = [
      segment("UNH", 1...1, [.init("0062"), composite("S009", "0065", "0052", "0054", "0051", "0057")]),
      segment("BGM", 1...1, [composite("C002", "1001", "1131"), composite("C106", "1004"), .init("1225")]),
      segment("CST", 0...1, [.init("1496", isNumeric: true), composite("C246", "7361", "1131"), composite("C246.2", "7361", "1131")]),
      group("SG1", 0...3, [segment("RFF", 1...1, [reference]), segment("DTM", 0...1, [composite("C507", "2005", "2380", "2379")])]),
      segment(
        "NAD", 0...2,
        [
          .init("3035"), composite("C082", "3039"),
          .init("C080", components: [.init("3036", positions: 3), .init("3045")]),
          .init("3164", positions: 2), .init("C076", repetitions: 3, components: [.init("3148"), .init("3155")]),
          .init("3207", repetitions: 2),
        ]),
      segment("UNS.D", 1...1, [.init("0081")]),
      group(
        "SG2", 0...9999,
        [
          segment("LIN", 1...1, [.init("1082", isNumeric: true)]),
          segment("FTX", 0...2, [.init("4451"), .init("C108", components: [.init("4440", positions: 5)])]),
          segment("MOA", 0...1, [amount]),
          group("SG3", 0...5, [segment("ALC", 1...1, [.init("5463")]), segment("MOA", 0...1, [amount])]),
        ]),
      segment("UNS.S", 1...1, [.init("0081")]),
      segment("CNT", 0...5, [.init("C270", components: [.init("6069"), .init("6066", isNumeric: true)])]),
    ]
    let ung = segment(
      "UNG", 1...1,
      [
        .init("0038"), composite("S006", "0040"), composite("S007", "0044"), composite("S004", "0017", "0019"), .init("0048"),
        .init("0051"),
        composite("S008", "0052", "0054"),
      ])
    return try MessageGrammar(
      .init(
        "Interchange", min: 1, max: 1,
        parts: [
          segment("UNB", 1...1, unb), group("FunctionalGroup", 0...99, [ung, group("Message", 1...99, message)]),
          group("Message", 0...99, message),
        ]), messageTypes: ["SMALLX"])
  }

  static let body = ["BGM+929+A1+9", "RFF+ABT:1", "UNS+D", "LIN+1", "FTX+AAA+text", "MOA+38:12.50:EUR", "UNS+S", "CNT+5:1"]

  /// A message with right count and reference.
  static func message(_ body: [String] = body, reference: String = "1", type: String = "SMALLX:D:03B:UN") -> [String] {
    ["UNH+\(reference)+\(type)"] + body + ["UNT+\(body.count + 2)+\(reference)"]
  }

  /// An interchange with right count and reference.
  static func text(_ messages: [[String]] = [message()], syntax: String = "UNOC:3", reference: String = "REF1") -> String {
    (["UNB+\(syntax)+SENDER:ZZ+RECIPIENT+261121:0845+\(reference)"] + messages.joined() + ["UNZ+\(messages.count)+\(reference)"])
      .map { $0 + "'" }.joined()
  }

  /// A document with other texts at some pointers.
  static func changed(_ document: Document, _ texts: [String: String]) -> Document {
    var builder = DocumentBuilder(syntax: document.syntax)
    func copy(_ node: Document.NodeID) {
      builder.open(name: document.name(node))
      if let text = texts[document.pointer(node)] ?? document.text(node) { builder.text(text) }
      for child in document.children(node) { copy(child) }
      builder.close()
    }
    copy(document.root)
    return builder.finish()
  }

  static func read(_ text: String, grammar: MessageGrammar? = nil, limits: EDIFACTLimits = .standard) -> EDIFACTFormat.Reading {
    EDIFACTFormat.read(Array(text.utf8), grammar: grammar, limits: limits)
  }
}
