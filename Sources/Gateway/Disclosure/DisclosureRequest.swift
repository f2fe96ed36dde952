import Declarations
import Exchange
package import Journal
package import Ledger
package import Primitives
package import Translation
import Trust

/// Which fields of which message are to be disclosed.
package struct DisclosureRequest: Sendable {
  /// All fields of an element, or those at a place.
  package struct Choice: Sendable {
    let element: String
    /// Positions of group instances, from 1, outermost first; fields whose place begins so are meant.
    let place: [Int]

    /// `ELEMENT` or `ELEMENT@n[.n…]`.
    ///
    /// - Throws: `disclose.choice_form`.
    package init(_ text: String) throws(CausewayError) {
      let parts = text.utf8.split(separator: 0x40, omittingEmptySubsequences: false)
      let place = parts.count == 2 ? parts[1].split(separator: 0x2E, omittingEmptySubsequences: false).map { Int(Substring($0)) } : []
      guard (1...2).contains(parts.count), !parts[0].isEmpty, place.allSatisfy({ $0.map { $0 > 0 } ?? false }) else {
        throw CausewayError("disclose.choice_form")
      }
      element = String(Substring(parts[0]))
      self.place = place.compactMap { $0 }
    }

    func takes(_ field: Field) -> Bool { field.element.hasSameBytes(as: element) && field.place.starts(with: place) }
  }

  package let message: MessageID
  package let choices: [Choice]

  package init(message: MessageID, choices: [Choice]) {
    self.message = message
    self.choices = choices
  }

  /// Makes the disclosure from what the journal has of the message: it is read again, and must give the root that the ledger has.
  ///
  /// - Parameter policy: what makes a checkpoint of this ledger final in a corridor; nil takes the newest checkpoint.
  /// - Returns: also whether the proof leads to a final checkpoint.
  /// - Throws: `receive.not_found`; `disclose.not_committed` when the message has no fields root; `disclose.erased` when its document or its
  ///   secret is gone; `profile.unknown`; `disclose.root_mismatch` when the fields are not those of the ledger entry; `disclose.element_absent`
  ///   for each choice that the document has no field of; `journal.*`.
  package func disclosure(
    from reader: any JournalReader, profiles: ProfileLibrary, policy: (String) -> LogPolicy? = { _ in nil }
  ) throws(CausewayError) -> (disclosure: Disclosure, isFinal: Bool) {
    guard let record = try reader.message(message) else { throw CausewayError("receive.not_found") }
    guard !record.header.isEmpty, try EnvelopeHeader.parse(record.header).payload.fieldsRoot != nil else {
      throw CausewayError("disclose.not_committed")
    }
    let header = try EnvelopeHeader.parse(record.header)
    guard let wire = try reader.payload(owner: message.text, kind: PayloadKind.wire.rawValue),
      let secret = try reader.payload(owner: message.text, kind: PayloadKind.fields.rawValue).flatMap({ HMACKey($0.bytes) })
    else { throw CausewayError("disclose.erased") }
    let translator = Translator(profiles)
    let profile = try translator.profile("\(header.profile.id)@\(header.profile.version)")
    let tree = try translator.declaration(of: wire.bytes, as: profile).fieldTree(profile: header.profile, secret: secret)
    guard tree.root == header.payload.fieldsRoot else { throw CausewayError("disclose.root_mismatch") }
    let entry = try entry(reader, tree.root)
    let (proof, isFinal) = try reader.proof(of: entry.index, by: policy(header.corridor))
    return (try Disclosure(of: tree, showing: try indices(in: tree.fields), entry: entry, proof: proof), isFinal)
  }

  private func indices(in fields: [Field]) throws(CausewayError) -> [Int] {
    guard !choices.isEmpty else { throw CausewayError("disclose.choice_form") }
    let absent = choices.filter { choice in !fields.contains(where: choice.takes) }
    guard absent.isEmpty else {
      throw CausewayError(problems: absent.map { Problem("disclose.element_absent", element: $0.element) })
    }
    return fields.indices.filter { index in choices.contains { $0.takes(fields[index]) } }
  }

  /// The entry by which this side has recorded the message.
  private func entry(_ reader: any JournalReader, _ root: Digest) throws(CausewayError) -> Entry {
    for index in try reader.entryIndices(message: message) {
      if let entry = try reader.entry(index), entry.draft.fieldsRoot == root, Disclosure.canShow(entry) { return entry }
    }
    throw CausewayError("disclose.not_committed")
  }
}
