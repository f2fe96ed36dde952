import Formats
import JSONTree
import Primitives
import Translation

extension FuzzTarget {
  /// A document on its way into another format and back: a line with the ids of both profiles, then the document. Whatever is valid goes into
  /// the hub's formats, and comes back with its complement as the same document; into another economy's format it goes, or takes the place of a draft
  /// there, or is refused. What it does to an earlier document it does there as well, a draft excepted.
  static let translation = FuzzTarget("translation", mutation: DocumentMutation.ofTranslation) { bytes in
    guard let way = Way(bytes) else { return }
    let translator = Repository.translator
    guard let document = try outcome({ () throws(CausewayError) in try translator.parse(way.body, as: way.from) }),
      let valid = try outcome({ () throws(CausewayError) in try translator.validate(document, as: way.from) })
    else { return }
    try check(valid.warnings)
    let direct = try outcome { () throws(CausewayError) in try translator.write(valid, to: way.to) }
    let draft =
      direct == nil
      ? try outcome { () throws(CausewayError) in try translator.write(valid, to: way.to, options: .init(replacesDraft: true)) } : nil
    guard let there = direct ?? draft,
      let sent = try outcome({ () throws(CausewayError) in try there.bytes() })
    else { return }
    try check(there.problems)
    let arrived = try result("parsed there") { () throws(CausewayError) in try translator.parse(sent, as: way.to) }
    guard way.to.isHub else {
      let partner = try outcome { () throws(CausewayError) in try translator.validate(arrived, as: way.to, isDraft: true) }
      try partner.map { try comeBack($0, there, valid, way, isDraft: draft != nil) }
      return
    }
    let partner = try result("valid there") { () throws(CausewayError) in
      try translator.validate(arrived, as: way.to, isDraft: true, direction: valid.reading.direction)
    }
    try comeBack(partner, there, valid, way, isDraft: draft != nil)
  }

  private static func comeBack(
    _ partner: ValidDocument, _ there: Translation, _ original: ValidDocument, _ way: Way, isDraft: Bool
  ) throws {
    let (does, says) = (original.declaration.function, partner.declaration.function)
    try require(says == does || isDraft && says == nil && does == .changes, "does something else to an earlier document")
    guard let made = there.complement else { throw Violation(text: "no complement") }
    let complement = try result("complement read") { () throws(CausewayError) in
      try Complement(json: try JSONValue.parse(made.serialized()))
    }
    let options = Translator.Options(complement: complement, makesComplement: false)
    let back = try result("written back") { () throws(CausewayError) in
      try Repository.translator.write(partner, to: way.from, options: options).bytes()
    }
    let again = try result("parsed back") { () throws(CausewayError) in try Repository.translator.parse(back, as: way.from) }
    let differences = original.document.differences(from: again, limit: 3)
    try require(differences.isEmpty, "comes back otherwise: \(differences)")
  }

  /// What the first line says, and the document below it.
  struct Way {
    let from: Profile
    let to: Profile
    let head: [UInt8]
    let body: [UInt8]

    init?(_ bytes: [UInt8]) {
      let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      let names = parts[0].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
      guard names.count == 2, let from = Repository.library[names[0]], let to = Repository.library[names[1]] else { return nil }
      (self.from, self.to, head, body) = (from, to, parts[0] + [0x0A], Array(parts[1]))
    }
  }
}
