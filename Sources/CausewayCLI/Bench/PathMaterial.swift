import Declarations
import Exchange
import Gateway
import JSONTree
import Policy
import Primitives
import Translation
import Trust

/// What a declaration becomes on its way between two gateways, made once by the steps that the gateways themselves take: the bytes with which
/// ``PathFloor`` does its raw calls.
struct PathMaterial: Sendable {
  let source: [UInt8]
  /// The sender's: what travels, and what is kept beside it.
  let wire: [UInt8]
  let report: [UInt8]
  let complement: [UInt8]
  /// What is hashed of each field of the declaration (docs/disclosure.md): both sides do it.
  let fields: [[UInt8]]
  /// The destination's: the local draft, and what is kept beside it.
  let draft: [UInt8]
  let draftReport: [UInt8]
  let supplement: [UInt8]
  /// What the destination says of its side, as it travels back.
  let status: [UInt8]

  /// - Parameters:
  ///   - wire: in which profile declarations travel.
  ///   - partner: in which one the destination's single window takes them.
  /// - Throws: what the declaration is refused with; `config.profile_unknown` without the profile of statuses.
  init(
    _ source: [UInt8], local: Profile, wire: Profile, partner: Profile, policy: ReleasePolicy, library: ProfileLibrary
  ) throws(CausewayError) {
    let translator = Translator(library)
    let now = SystemClock().now()
    let valid = try translator.validate(try translator.parse(source, as: local), as: local, on: now.day)
    var declaration = valid.declaration
    if let element = library.dictionary[id: "Declaration.UCR"] {
      // As long as that of a submission.
      declaration[element] = Value("6CN" + String(repeating: "0", count: 32))
    }
    let released = try policy.release(declaration).declaration
    let sent = try translator.write(valid, released: released, to: wire, options: .init(day: now.day))
    let travels = try sent.bytes()
    let received = try translator.validate(try translator.parse(travels, as: wire), as: wire, on: now.day)
    let drafted = try translator.write(
      received, to: partner, options: .init(shape: "InPayment", makesComplement: false, day: now.day))
    let said = StatusMessage(
      clearanceID: ClearanceID.random().text, side: .import, revision: 1, status: .supplementRequested, effective: now)
    let tree = try said.declaration(in: library, economy: "SG", id: SecureRandom.messageID(at: now), issued: now)
    self.source = source
    self.wire = travels
    report = sent.report.serialized()
    complement = sent.complement?.serialized() ?? []
    fields = Self.fields(of: received.declaration)
    draft = try drafted.bytes()
    draftReport = drafted.report.serialized()
    supplement = drafted.supplement.json.serialized()
    status = try translator.write(tree, as: try translator.profile(StatusMessage.standardProfile), on: now.day)
  }

  /// Every field but for what its text escapes, and with any salt.
  private static func fields(of declaration: Declaration) -> [[UInt8]] {
    let dictionary = declaration.dictionary
    let salt = String(repeating: "A", count: 22)
    var fields: [[UInt8]] = []
    declaration.walk { path, value in
      let place = path.steps.map { String($0.position + 1) }.joined(separator: ",")
      let element = dictionary[path.element]
      let terms = element.list.map { ",{\"list\":\"\($0)\"}" } ?? element.unit.map { ",{\"unit\":\"\($0)\"}" } ?? ""
      let text =
        "\u{0}causeway/field/v1\n[\(fields.count),\"\(dictionary.id(of: path.element))\",[\(place)],\"\(salt)\",\"\(value.text)\"\(terms)]"
      fields.append(Array(text.utf8))
    }
    return fields
  }
}
