import JSONTree
import Primitives
import Trust

// The JSON form, both ways: docs/evidence.md, The file.

extension Evidence {
  /// Everything but the signature.
  var json: JSONObject {
    [
      "by": .string(maker),
      "clearance": [
        "corridor": .string(clearance.corridor), "id": .string(clearance.id),
        "salt": clearance.opening.map { .string($0.salt.hex) } ?? .null, "ucr": clearance.opening.map { .string($0.ucr) } ?? .null,
      ],
      "made": .string(made.rfc3339), "message": message.map { .string($0.text) } ?? .null, "messages": .array(messages.map(\.json)),
      "policy": .string(policy), "registry": .string(registry), "timeStamps": .array(timeStamps.map { .string(Base64.encode($0)) }),
      "v": .number(JSONNumber(Self.version)),
    ]
  }

  /// - Returns: nil when a problem was noted.
  init?(reading fields: inout JSONFields) {
    let version = fields.integer("v", in: Self.version...Self.version)
    let maker = fields.string("by")
    let made = fields.instant("made")
    let clearance = fields.nested("clearance") { Clearance(reading: &$0) }
    let message = fields.nullable("message") { $0.string("message", "UUIDv7", MessageID.init) }
    let messages = fields.list("messages") { Message(reading: &$0) }
    let policy = fields.string("policy")
    let registry = fields.string("registry")
    let timeStamps = fields.array("timeStamps").flatMap { elements -> [[UInt8]]? in
      let tokens = elements.compactMap { $0.string.flatMap { Base64.decode($0) } }
      return tokens.count == elements.count ? tokens : nil
    }
    if timeStamps == nil { fields.refuse("timeStamps", "base64") }
    guard version != nil, let maker, let made, let clearance, let message, let messages, let policy, let registry, let timeStamps else {
      return nil
    }
    if messages.count > Self.mostMessages { fields.refuse("messages", "at most \(Self.mostMessages)") }
    if message != nil, messages.map(\.id) != [message] { fields.refuse("messages", "the one message") }
    self.init(
      maker: maker, made: made, clearance: clearance, message: message, messages: messages, policy: policy, registry: registry,
      timeStamps: timeStamps)
  }
}

extension Evidence.Clearance {
  init?(reading fields: inout JSONFields) {
    let id = fields.string("id")
    let corridor = fields.string("corridor")
    let salt = fields.nullable("salt") { $0.digest("salt") }
    let ucr = fields.nullable("ucr") { $0.string("ucr") }
    guard let id, let corridor, let salt, let ucr else { return nil }
    if (salt == nil) != (ucr == nil) { fields.refuse("ucr", "null together with salt") }
    self.init(id: id, corridor: corridor, opening: salt.flatMap { salt in ucr.map { (salt, $0) } })
  }
}

extension Evidence.Message {
  var json: JSONValue {
    [
      "documents": .array(documents.map(\.json)), "entries": .array(entries.map(\.file)), "header": envelope?.header ?? .null,
      "id": .string(id.text), "receipt": receipt.map { .string($0) } ?? .null,
      "signature": envelope.map { .string($0.signature) } ?? .null, "state": .string(state),
    ]
  }

  init?(reading fields: inout JSONFields) {
    let id = fields.string("id", "UUIDv7", MessageID.init)
    let state = fields.string("state")
    let header = fields.nullable("header") { fields in fields.object("header").map { JSONValue.object($0) } }
    let signature = fields.nullable("signature") { $0.string("signature") }
    let receipt = fields.nullable("receipt") { $0.string("receipt") }
    let documents = fields.list("documents") { Evidence.Document(reading: &$0) }
    let entries = fields.list("entries") { Evidence.RecordedEntry(reading: &$0) }
    if let documents, Set(documents.map { ByteString($0.kind) }).count != documents.count { fields.refuse("documents", "each kind once") }
    guard let id, let state, let header, let signature, let receipt, let documents, let entries else { return nil }
    if (header == nil) != (signature == nil) { fields.refuse("signature", "null together with header") }
    self.init(
      id: id, state: state, envelope: header.flatMap { header in signature.map { (header, $0) } }, receipt: receipt, documents: documents,
      entries: entries)
  }
}

extension Evidence.Document {
  /// The word for `content`.
  var status: String {
    switch content {
    case .enclosed: "enclosed"
    case .withheld: "withheld"
    case .erased: "erased"
    }
  }

  fileprivate var json: JSONValue {
    var bytes = JSONValue.null
    if case .enclosed(let content, _) = content { bytes = .string(Base64.encode(content)) }
    return [
      "bytes": bytes, "kind": .string(kind), "mediaType": mediaType.map { .string($0) } ?? .null, "sha256": .string(digest.hex),
      "status": .string(status),
    ]
  }

  fileprivate init?(reading fields: inout JSONFields) {
    let kind = fields.string("kind", "1 to 32 of a-z and _") { text in
      (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F } ? text : nil
    }
    let mediaType = fields.nullable("mediaType") { $0.string("mediaType") }
    let digest = fields.digest("sha256")
    let bytes = fields.nullable("bytes") { $0.string("bytes", "base64") { Base64.decode($0) } }
    let status = fields.string("status")
    guard let kind, let mediaType, let digest, let bytes, let status else { return nil }
    let content: Content? =
      switch (ByteString(status), bytes) {
      case ("enclosed", let bytes?): .enclosed(bytes, digest)
      case ("withheld", nil): .withheld(digest)
      case ("erased", nil): .erased(digest)
      default: nil
      }
    guard let content else {
      fields.refuse("status", "enclosed with bytes, withheld or erased without")
      return nil
    }
    self.init(kind: kind, mediaType: mediaType, content: content)
  }
}

extension Evidence.RecordedEntry {
  fileprivate var file: JSONValue {
    func text(_ proof: LogProof) -> JSONValue { .string(String(decoding: proof.bytes, as: UTF8.self)) }
    return ["entry": json, "proof": text(proof), "stamped": stamped.map(text) ?? .null]
  }

  fileprivate init?(reading fields: inout JSONFields) {
    let entry = fields.object("entry")
    func proof(_ name: String, _ fields: inout JSONFields) -> LogProof? {
      fields.string(name, "a tlog-proof without extra") { text in
        (try? LogProof(parsing: Array(text.utf8))).flatMap { $0.extra == nil ? $0 : nil }
      }
    }
    let (proven, stamped) = (proof("proof", &fields), fields.nullable("stamped") { proof("stamped", &$0) })
    guard let entry, let proven, let stamped else { return nil }
    self.init(json: .object(entry), proof: proven, stamped: stamped)
  }
}

extension JSONFields {
  /// A member that is null or read by `read`: nil when it is malformed or absent, `.some(nil)` when it is null.
  fileprivate mutating func nullable<Value>(_ name: String, _ read: (inout JSONFields) -> Value?) -> Value?? {
    guard let value = value(name) else { return nil }
    if value.isNull { return .some(nil) }
    return read(&self).map { .some($0) }
  }

  mutating func digest(_ name: String) -> Digest? { string(name, "64 hexadecimal digits") { Digest(hex: $0) } }

  mutating func instant(_ name: String) -> Instant? {
    string(name, "YYYY-MM-DDThh:mm:ss.sssZ") { text in
      guard let instant = Instant(rfc3339: text), instant.rfc3339.hasSameBytes(as: text) else { return nil }
      return instant
    }
  }
}
