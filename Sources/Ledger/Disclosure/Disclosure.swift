import JSONTree
package import Primitives

/// A file that shows some fields of one message and proves that the ledger has recorded them; unverified.
///
/// Canonical JSON with the members `contents`, `entry`, `fields`, `hashes`, `proof` and `v`.
/// - SeeAlso: docs/disclosure.md, The file.
package struct Disclosure: Sendable {
  let contents: FieldContents
  let entry: Entry
  /// By rising index.
  let fields: [SaltedField]
  /// `MerkleTree.multiProof` of the fields.
  let hashes: [Digest]
  let proof: LogProof

  package static let largestByteCount = 8 << 20
  private static let limits = JSONLimits(bytes: largestByteCount, depth: 20, members: 10_000, values: 750_000)
  private static let version = 1
  private static let kinds = ["declaration.sent", "declaration.received", "amendment.sent", "amendment.received"]

  /// Shows the fields at some indices.
  ///
  /// - Parameters:
  ///   - indices: at least one, rising, within the fields of the tree.
  ///   - entry: the ledger entry of the message, and `proof` that it is in the ledger.
  /// - Throws: `ledger.disclosure_mismatch` when the entry was not made for these fields.
  package init(of tree: FieldTree, showing indices: [Int], entry: Entry, proof: LogProof) throws(CausewayError) {
    guard entry.draft.fieldsRoot == tree.root else { throw CausewayError("ledger.disclosure_mismatch") }
    contents = tree.contents
    (fields, hashes) = tree.shown(indices)
    self.entry = entry
    self.proof = proof
  }

  /// Whether an entry is one of a message that was sent, or received and accepted.
  package static func canShow(_ entry: Entry) -> Bool { kinds.contains { entry.draft.kind.hasSameBytes(as: $0) } }

  /// The file.
  package var bytes: [UInt8] {
    get throws(CausewayError) {
      var shown: [UInt8] = [0x5B]
      for (offset, field) in fields.enumerated() {
        if offset > 0 { shown.append(0x2C) }
        field.append(to: &shown)
      }
      shown.append(0x5D)
      let hashes = Base64.encode(hashes.flatMap(\.bytes), .url)
      return Array("{\"contents\":".utf8) + (try contents.json.canonical()) + Array(",\"entry\":".utf8) + entry.bytes
        + Array(",\"fields\":".utf8) + shown + Array(",\"hashes\":\"\(hashes)\",\"proof\":".utf8)
        + (try JSONValue.string(String(decoding: proof.bytes, as: UTF8.self)).canonical()) + Array(",\"v\":\(Self.version)}".utf8)
    }
  }

  /// Reads a file. Checks its form, and nothing that it says.
  ///
  /// - Throws: the `parse.json_*` codes of the reader, `parse.json_not_canonical`; `ledger.disclosure_malformed` (facts `field`, `expected`);
  ///   `ledger.entry_invalid`; `ledger.proof_malformed`.
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    let json = try JSONValue.parseCanonical(bytes, limits: Self.limits)
    try Self.check(json, "disclosure", members: ["contents", "entry", "fields", "hashes", "proof", "v"])
    guard json["v"]?.int == Self.version else { throw Self.malformed("v", String(Self.version)) }
    contents = try FieldContents(json: json["contents"] ?? .null)
    entry = try Entry(parsing: try (json["entry"] ?? .null).canonical())
    guard let shown = json["fields"]?.array, !shown.isEmpty else { throw Self.malformed("fields", "at least one field") }
    fields = try shown.map { field throws(CausewayError) in try SaltedField(json: field) }
    guard let hashes = json["hashes"]?.string.flatMap({ Base64.decode($0, .url) }), hashes.count.isMultiple(of: 32) else {
      throw Self.malformed("hashes", "32 bytes each in base64url")
    }
    self.hashes = stride(from: 0, to: hashes.count, by: 32).compactMap { Digest(hashes[$0..<$0 + 32]) }
    guard let proof = json["proof"]?.string else { throw Self.malformed("proof", "a text") }
    self.proof = try LogProof(parsing: Array(proof.utf8))
    guard self.proof.extra == nil else { throw Self.malformed("proof", "without extra") }
  }

  /// Checks that a log which the policy trusts has recorded a message with these fields.
  ///
  /// - Parameter required: ids of elements of which every field must be shown.
  /// - Throws: `ledger.disclosure_malformed` when fields and contents do not agree; `ledger.proof_index`, `ledger.proof_length`;
  ///   `ledger.disclosure_mismatch` when the entry was not made for these fields; `ledger.disclosure_entry` when it is not one of a message
  ///   that was sent or accepted; the codes of `LogProof.verify`; `ledger.disclosure_withheld` (element and fact `count`) for each required
  ///   element that is not shown in full, or that the declaration lacks.
  package func verify(by policy: LogPolicy, requiring required: [String] = []) throws(CausewayError) -> VerifiedDisclosure {
    let shown = try countShown()
    let tree = try MerkleTree.root(size: contents.leafCount, leaves: fields.map { ($0.index, $0.hash) }, proof: hashes)
    guard entry.draft.fieldsRoot == FieldTree.root(contents, tree) else { throw CausewayError("ledger.disclosure_mismatch") }
    guard Self.canShow(entry),
      entry.draft.versions["profile"].map({ $0.hasSameBytes(as: contents.profile) }) ?? false, entry.index == proof.index
    else { throw CausewayError("ledger.disclosure_entry") }
    let checkpoint = try proof.verify(entry: entry.bytes, policy: policy)
    let elements = contents.elements.map { element in
      VerifiedDisclosure.Element(
        id: element.id, count: element.count, shown: shown[ByteString(element.id)] ?? 0, isMandatory: element.isMandatory)
    }
    let problems = required.compactMap { id -> Problem? in
      let element = elements.first { $0.id.hasSameBytes(as: id) }
      if let element, element.count > 0, element.withheld == 0 { return nil }
      return Problem("ledger.disclosure_withheld", element: id, facts: ["count": String(element?.withheld ?? 0)])
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return VerifiedDisclosure(
      entry: entry, checkpoint: checkpoint, profile: contents.profile, fields: fields.map(\.field), elements: elements)
  }

  /// How many fields of each element are shown: none more often than there are, none twice at its place.
  private func countShown() throws(CausewayError) -> [ByteString: Int] {
    let counts = Dictionary(contents.elements.map { (ByteString($0.id), $0.count) }) { first, _ in first }
    var shown: [ByteString: Int] = [:]
    var places = Set<[Int]>()
    var known: [ByteString: Int] = [:]
    for salted in fields {
      let element = ByteString(salted.field.element)
      guard let count = counts[element], shown[element, default: 0] < count else {
        throw Self.malformed("fields", "only fields that the contents count")
      }
      shown[element, default: 0] += 1
      let number = known[element] ?? known.count
      known[element] = number
      guard places.insert([number] + salted.field.place).inserted else { throw Self.malformed("fields", "each place once") }
    }
    return shown
  }

  static func malformed(_ field: String, _ expected: String) -> CausewayError {
    CausewayError("ledger.disclosure_malformed", facts: ["field": field, "expected": expected])
  }

  static func check(_ json: JSONValue, _ field: String, members: [String]) throws(CausewayError) {
    // The members of a canonical object are in order, and each is there once.
    guard let object = json.object, object.members.map({ ByteString($0.name) }) == members.map({ ByteString($0) }) else {
      throw malformed(field, "an object of \(members.joined(separator: ", "))")
    }
  }
}

/// What a disclosure proves. Only ``Disclosure/verify(by:requiring:)`` makes one.
package struct VerifiedDisclosure: Sendable {
  /// One element of the document, whether it is shown or not.
  package struct Element: Sendable {
    package let id: String
    /// Fields that the document has of it.
    package let count: Int
    package let shown: Int
    package let isMandatory: Bool

    package var withheld: Int { count - shown }
    /// Mandatory, and not in the document.
    package var isMissing: Bool { count == 0 }
  }

  package let entry: Entry
  package let checkpoint: FinalCheckpoint
  /// `id/version` of the profile by which the message was read.
  package let profile: String
  /// What is shown, in the order of the document.
  package let fields: [Field]
  /// All elements of the document and the mandatory ones that it lacks, in the order of their ids.
  package let elements: [Element]

  fileprivate init(entry: Entry, checkpoint: FinalCheckpoint, profile: String, fields: [Field], elements: [Element]) {
    self.entry = entry
    self.checkpoint = checkpoint
    self.profile = profile
    self.fields = fields
    self.elements = elements
  }
}
