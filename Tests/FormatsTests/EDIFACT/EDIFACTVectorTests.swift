import Foundation
import Primitives
import TestSupport
import Testing

@testable import Formats

/// Published interchanges, when they lie beside the repository. Most of them break the syntax, as samples of other readers do: wrong counts,
/// small letters in level A, identifiers of other agencies, pieces without an envelope. Each is refused for what is wrong with it; with
/// that put right, each is taken and comes back byte by byte.
@Suite struct EDIFACTVectorTests {
  static let folder = "vectors/edifact"
  static let hasVectors = SharedData.has(folder)
  static let files = SharedData.files(folder).filter { ["edi", "EDI"].contains(URL(fileURLWithPath: $0).pathExtension) }

  /// What is wrong first, by file.
  static let expected: [ErrorCode: [String]] = [
    // Identifiers of other agencies (IATA, ANSI), or none.
    "parse.edifact_syntax_unknown": [
      "Apperak edi_out_issue235.edi", "edifact.Issue121.ElementList.Conditions.edi", "edifact.Issue121.ElementList.edi",
      "edifact.Issue152.Wikipedia.edi", "edifact.Issue157.Wikipedia.edi", "edifact.Issue170.ElementList.edi", "edifact.Issue174.edi",
      "edifact.Issue196.edi", "edifact.Issue203.edi", "edifact.Issue98.edi", "patient1.edi", "patient2.edi", "patient3.edi",
      "wikipedia_en.edi", "empty-segment-example.edi", "empty-segment-loop-example.edi", "null-pointer-example.edi", "pnrgov.edi",
    ],
    // A byte order mark outside UTF-8, small letters in level A, a line break inside a segment.
    "parse.edifact_character": [
      "edifact.01.edi", "edifact.01.multi-message.edi", "edifact.AutoEndSegmentGroups.edi", "edifact.D01B.IFCSUM.EDI",
      "edifact.Issue149.SegmentGroups.edi", "edifact.Issue188.edi", "edifact.ORDRSP-formatted.edi", "aperak.edi", "aperak_rejected.edi",
      "invoic_d93a_una.edi", "invoic_d97b.edi", "wrapped_invoic_d97b.edi", "wrapped_invoic_d97b_una.edi",
    ],
    "parse.edifact_unterminated": ["edifact.D01B.IFCSUM.NewLines.EDI"],
    "parse.edifact_missing": ["edifact.D95B.CUSCAR.EDI", "order.edi", "order2.edi"],
    "parse.edifact_start": ["edifact.D95B.Issue137.EDI"],
    "parse.edifact_count": ["edifact.ORDRSP.edi", "edifact.Paiement.Issue139.EDI", "orders-with-group.edi"],
    "parse.edifact_reference": ["wikipedia_de.edi"],
  ]

  private static func name(_ file: String) -> String { URL(fileURLWithPath: file).lastPathComponent }

  @Test(.enabled(if: hasVectors, "needs ../shared")) func asPublished() throws {
    var taken = 0
    var refused: Set<String> = []
    for file in Self.files {
      let reading = EDIFACTFormat.read(try SharedData.bytes(file))
      let expected = Self.expected.first { $0.value.contains(Self.name(file)) }?.key
      #expect(reading.findings.first?.code == expected, "\(file)")
      if reading.document != nil { taken += 1 } else { refused.insert(Self.name(file)) }
    }
    // A file that is taken now, or is not there any more, is not listed.
    #expect(refused == Set(Self.expected.values.joined()))
    #expect(Self.files.count == 47 && taken == 5)
  }

  @Test(.enabled(if: hasVectors, "needs ../shared")) func putRight() throws {
    var differing: Set<String> = []
    for file in Self.files {
      guard let repaired = RepairedInterchange(try SharedData.bytes(file)),
        let document = EDIFACTFormat.read(Array(repaired.asSent.utf8)).document
      else {
        differing.insert(Self.name(file))
        continue
      }
      #expect(String(decoding: try EDIFACTFormat.write(document), as: UTF8.self) == repaired.canonical, "\(file)")
    }
    #expect(differing == Set(VectorExceptions.edifact.keys))
  }

  /// What differs in any suite is a short list, and stands on the page that tells of it.
  @Test func exceptionsAreFewAndTold() throws {
    let names = VectorExceptions.all.flatMap(\.keys)
    #expect(names.count <= VectorExceptions.limit)
    let page = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../docs/formats/vectors.md").standardizedFileURL
    let text = try String(contentsOf: page, encoding: .utf8)
    #expect(text.split(separator: "\n").count { $0.hasPrefix("| exception |") } == names.count)
    for (name, reason) in VectorExceptions.all.joined() { #expect(text.contains("`\(name)` | \(reason) |"), "\(name)") }
  }
}

/// An interchange with what is wrong with its envelope put right, by a reader of its own that shares nothing with the one under test.
struct RepairedInterchange {
  private let marks: [Character]
  private var segments: [[[String]]] = []
  private static let standard: [Character] = [":", "+", ".", "?", " ", "'"]

  init?(_ bytes: [UInt8]) {
    var text = String(decoding: bytes, as: UTF8.self)
    if text.hasPrefix("\u{FEFF}") { text.removeFirst() }
    var marks = Self.standard
    if text.hasPrefix("UNA") {
      marks = Array(text.dropFirst(3).prefix(6))
      text = String(text.dropFirst(9))
    }
    self.marks = marks
    guard marks.count == 6 else { return nil }
    var segment: [[String]] = [[""]]
    var isReleased = false
    for character in text where character != "\u{FFFD}" && character.unicodeScalars.allSatisfy({ $0.value >= 0x20 }) {
      let last = segment.count - 1
      if isReleased || ![marks[0], marks[1], marks[3], marks[5]].contains(character) {
        segment[last][segment[last].count - 1].append(character)
        isReleased = false
      } else if character == marks[0] {
        segment[last].append("")
      } else if character == marks[1] {
        segment.append([""])
      } else if character == marks[3] {
        isReleased = true
      } else {
        segment[0][0] = segment[0][0].trimmingCharacters(in: .whitespaces)
        segments.append(segment)
        segment = [[""]]
      }
    }
    // A second UNB (one sample has two) and what has no envelope.
    while segments.count > 1, segments[1][0] == ["UNB"] { segments.removeFirst() }
    guard segments.first?[0] == ["UNB"] else { return nil }
    repair()
  }

  private mutating func repair() {
    func fill(_ segment: inout [[String]], _ element: Int, _ texts: [String]) {
      while segment.count <= element { segment.append([""]) }
      for (component, text) in texts.enumerated() {
        while segment[element].count <= component { segment[element].append("") }
        if segment[element][component].isEmpty { segment[element][component] = text }
      }
    }
    segments.removeAll { $0 == [[""]] }
    segments[0][1] = ["UNOY", "3"]
    for (element, texts) in [(2, ["S"]), (3, ["R"]), (4, ["D", "T"]), (5, ["1"])] { fill(&segments[0], element, texts) }
    if segments.last?[0] != ["UNZ"] { segments.append([["UNZ"], [""]]) }
    if let last = segments.dropLast().last, last[0] != ["UNT"], last[0] != ["UNE"] { segments.insert([["UNT"]], at: segments.count - 1) }
    var start = 0
    var messages = 0
    var groups = 0
    var inGroup = 0
    var group = 0
    for index in segments.indices {
      switch segments[index][0] {
      case ["UNG"]:
        (group, inGroup) = (index, 0)
        groups += 1
      case ["UNH"]:
        start = index
        messages += 1
        inGroup += 1
        segments[index][1] = ["\(messages)"]
        fill(&segments[index], 2, ["TYPEXX", "D", "96A", "UN"])
        if groups > 0 { segments[index][2][0] = "TYPEXX" }
      case ["UNS"]: fill(&segments[index], 1, ["D"])
      case ["UNT"]: segments[index] = [["UNT"], ["\(index - start + 1)"], segments[start][1]]
      case ["UNE"]: segments[index] = [["UNE"], ["\(inGroup)"], segments[group][5]]
      case ["UNZ"]: segments[index] = [["UNZ"], ["\(groups > 0 ? groups : messages)"], [segments[0][5][0]]]
      default: break
      }
    }
  }

  /// With its own separators, line breaks and separators at ends.
  var asSent: String { (marks == Self.standard ? "" : "UNA" + String(marks)) + text(marks, isTrimmed: false, end: "\r\n") }
  var canonical: String { text(Self.standard, isTrimmed: true, end: "") }

  private func text(_ marks: [Character], isTrimmed: Bool, end: String) -> String {
    segments.map { segment in
      var elements = segment.map { components in
        var components = components.map { component in
          String(component.flatMap { [marks[0], marks[1], marks[3], marks[5]].contains($0) ? [marks[3], $0] : [$0] })
        }
        while isTrimmed, components.count > 1, components.last == "" { components.removeLast() }
        return components.joined(separator: String(marks[0]))
      }
      while isTrimmed, elements.count > 1, elements.last == "" { elements.removeLast() }
      return elements.joined(separator: String(marks[1])) + String(marks[5]) + end
    }.joined()
  }
}
