package import Primitives

/// The answer to an interchange: a CONTRL message that takes it or turns it back, with the code and place of what is wrong.
///
/// | segment | says |
/// |---|---|
/// | UCI | which interchange; what is wrong with UNA, UNB, UNZ or the whole |
/// | UCF | a functional group; what is wrong with UNG or UNE |
/// | UCM | a message; what is wrong with UNH or UNT |
/// | UCS, UCD | a segment of it by position; a data element or component by position |
///
/// Each of them names one error: the first. Action codes (0083): 4 turned back with all below, 7 taken, at lower levels unless said otherwise.
/// An interchange that is not taken as a whole is turned back message by message: those without an error of their own with code 18.
/// - SeeAlso: CONTRL D.3.1 for versions 1 to 3; ISO 9735-4 for version 4, whose first elements are the same.
package enum SyntaxReport {
  /// What the answer's own envelope says.
  package struct Stamp: Sendable {
    /// Data element 0020 of the answer: 1 to 14 characters of level A.
    package let reference: String
    /// In UTC.
    package let time: Instant

    package init(reference: String, time: Instant) {
      self.reference = reference
      self.time = time
    }
  }

  /// Most findings that are looked for; each names the first of its segment, and a sender with more has enough to do.
  static let limit = 200

  /// Writes the answer.
  ///
  /// - Parameters:
  ///   - envelope: what could be read of the interchange.
  ///   - findings: what is wrong with it; empty: it is taken.
  /// - Returns: nil when there can be no answer of this kind: the interchange's sender, recipient or reference could not be read or break
  ///   their own rules, or it holds nothing but CONTRL messages.
  /// - Complexity: O(findings + messages) log.
  package static func answer(to envelope: InterchangeEnvelope, findings: [SyntaxFinding], stamp: Stamp) -> [UInt8]? {
    guard isParty(envelope.sender), isParty(envelope.recipient), fits(envelope.reference, 14) else { return nil }
    guard envelope.messages.isEmpty || !envelope.messages.allSatisfy({ $0.type.hasSameBytes(as: "CONTRL") }) else { return nil }
    let version = envelope.version == 0 ? 3 : envelope.version
    for syntax in [envelope.syntax, "UNOA", "UNOC"] {
      guard let repertoire = CharacterRepertoire(identifier: syntax, version: version) else { continue }
      let segments = SegmentWriter(characters: .standard(version: version), repertoire: repertoire)
      var writer = ReportWriter(envelope: envelope, version: version, segments: segments)
      if let bytes = writer.run(findings, syntax, stamp) { return bytes }
    }
    return nil
  }

  /// What is wrong with an interchange, of all the problems that were found with it: those of its syntax, and those of its structure that
  /// have a code of their own. The rest are not for this answer.
  ///
  /// - Parameters:
  ///   - document: what the problems' pointers lead into; nil when there is none.
  ///   - grammar: the one that the document was made by.
  package static func findings(of problems: [Problem], in document: Document? = nil, grammar: MessageGrammar? = nil) -> [SyntaxFinding] {
    let places = document.flatMap { document in grammar.map { SyntaxPlaces(document, $0) } }
    return problems.lazy.filter { $0.severity == .error }.compactMap { SyntaxFinding($0) ?? places?.finding($0) }.prefix(limit).map { $0 }
  }

  /// S002, S003: identification an..35, qualifier an..4, address an..14 or an..35.
  static func isParty(_ components: [String]) -> Bool {
    guard let identification = components.first else { return false }
    return fits(identification, 35) && components.dropFirst().allSatisfy { $0.isEmpty || fits($0, 35) }
  }

  static func fits(_ text: String, _ limit: Int) -> Bool { !text.isEmpty && text.unicodeScalars.count <= limit }
}

/// Writes one answer.
private struct ReportWriter {
  let envelope: InterchangeEnvelope
  let version: Int
  var segments: SegmentWriter
  private var isWritable = true

  init(envelope: InterchangeEnvelope, version: Int, segments: SegmentWriter) {
    self.envelope = envelope
    self.version = version
    self.segments = segments
  }

  mutating func run(_ findings: [SyntaxFinding], _ syntax: String, _ stamp: SyntaxReport.Stamp) -> [UInt8]? {
    let time = Array(stamp.time.rfc3339.utf8)
    func digits(_ ranges: [Range<Int>]) -> String { ranges.map { String(decoding: time[$0], as: UTF8.self) }.joined() }
    let date = digits([version >= 4 ? 0..<4 : 2..<4, 5..<7, 8..<10])
    var header = [[syntax, String(version)], envelope.recipient, envelope.sender, [date, digits([11..<13, 14..<16])], [stamp.reference]]
    if envelope.isTest { header += Array(repeating: [], count: 5) + [["1"]] }
    segment("UNB", header)
    let before = segments.count
    segment("UNH", [["1"], version >= 4 ? ["CONTRL", "4", "1", "UN"] : ["CONTRL", "D", "3", "UN"]])
    report(findings)
    segment("UNT", [[String(segments.count - before + 1)], ["1"]])
    segment("UNZ", [["1"], [stamp.reference]])
    return isWritable ? segments.output : nil
  }

  private mutating func segment(_ tag: String, _ elements: [[String]]) {
    segments.begin(tag)
    for (element, components) in elements.enumerated() {
      for (component, text) in components.enumerated() {
        let position = SegmentWriter.Position(element: element, component: component)
        do throws(SegmentWriter.Failure) { try segments.text(Array(text.utf8)[...], at: position) } catch { isWritable = false }
      }
    }
    segments.end()
  }

  // MARK: Levels

  private enum Action: String {
    case turnedBack = "4"
    case taken = "7"
  }

  /// Action, code, service segment and position: the last elements of UCI, UCF and UCM. The tag is position 1 of a segment.
  private func verdict(_ finding: SyntaxFinding?, otherwise code: SyntaxCode? = nil) -> [[String]] {
    guard let finding else { return code.map { [[Action.turnedBack.rawValue], [String($0.rawValue)]] } ?? [[Action.taken.rawValue]] }
    var elements = [[Action.turnedBack.rawValue], [String(finding.syntax.rawValue)]]
    guard let service = finding.place.service else { return elements }
    elements.append([service])
    if finding.place.element > 0 { elements.append(position(finding.place)) }
    return elements
  }

  /// S011.
  private func position(_ place: SyntaxFinding.Place) -> [String] {
    [String(place.element + 1)] + (place.component > 0 ? [String(place.component)] : [])
  }

  private mutating func report(_ findings: [SyntaxFinding]) {
    let whole = findings.first { $0.place.message == 0 && $0.place.group == 0 }
    let interchange = [[envelope.reference], envelope.sender, envelope.recipient]
    guard whole == nil, findings.isEmpty || isNameable else {
      return segment("UCI", interchange + verdict(whole, otherwise: .unspecified))
    }
    segment("UCI", interchange + verdict(nil))
    guard !findings.isEmpty else { return }
    let byMessage = Dictionary(grouping: findings.filter { $0.place.message > 0 }) { $0.place.message }
    for index in envelope.messages.indices where envelope.messages[index].group == 0 {
      message(index, byMessage[index + 1] ?? [])
    }
    let members = Dictionary(grouping: envelope.messages.indices) { envelope.messages[$0].group }
    for (index, group) in envelope.groups.enumerated() {
      let own = findings.first { $0.place.message == 0 && $0.place.group == index + 1 }
      segment("UCF", [[group.reference], group.sender, group.recipient] + verdict(own))
      guard own == nil else { continue }
      for member in members[index + 1] ?? [] { message(member, byMessage[member + 1] ?? []) }
    }
  }

  /// Whether each message and group can be named; if not, the interchange is turned back as a whole.
  private var isNameable: Bool {
    envelope.messages.allSatisfy { message in
      SyntaxReport.fits(message.reference, 14) && message.identifier.count >= 4 && message.identifier.count <= 7
        && message.identifier.prefix(4).allSatisfy { SyntaxReport.fits($0, 6) }
        && message.identifier.dropFirst(4).allSatisfy { $0.isEmpty || SyntaxReport.fits($0, 6) }
    }
      && envelope.groups.allSatisfy { group in
        SyntaxReport.fits(group.reference, 14) && [group.sender, group.recipient].allSatisfy { $0.isEmpty || SyntaxReport.isParty($0) }
      }
  }

  private mutating func message(_ index: Int, _ findings: [SyntaxFinding]) {
    let message = envelope.messages[index]
    let own = findings.first { $0.place.service != nil }
    let inner = findings.filter { $0.place.service == nil }
    var elements = [[message.reference], message.identifier]
    if own != nil || inner.isEmpty {
      elements += verdict(own, otherwise: .unspecified)
    } else {
      elements.append([Action.turnedBack.rawValue])
    }
    segment("UCM", elements)
    let bySegment = Dictionary(grouping: inner) { $0.place.segment }
    for position in bySegment.keys.sorted().prefix(999) {
      let all = bySegment[position] ?? []
      let whole = all.first { $0.place.element == 0 }
      segment("UCS", [[String(position)]] + (whole.map { [[String($0.syntax.rawValue)]] } ?? []))
      for finding in all.filter({ $0.place.element > 0 }).prefix(99) {
        segment("UCD", [[String(finding.syntax.rawValue)], self.position(finding.place)])
      }
    }
  }
}
