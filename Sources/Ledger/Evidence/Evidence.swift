import JSONTree
package import Primitives
package import Trust

/// Everything that one gateway has about a clearance or a message, to be checked offline by whoever trusts the registry; unverified.
///
/// - SeeAlso: docs/evidence.md, The file.
package struct Evidence: Sendable {
  /// The clearance that the file is about. `salt` and `ucr` are there together or not at all.
  package struct Clearance: Sendable {
    package let id: String
    /// Id of the corridor.
    package let corridor: String
    /// The salt of the UCR's commitment in hexadecimal digits, and the UCR.
    package let opening: (salt: Digest, ucr: String)?

    package init(id: String, corridor: String, opening: (salt: Digest, ucr: String)?) {
      self.id = id
      self.corridor = corridor
      self.opening = opening
    }
  }

  package struct Document: Sendable {
    package enum Content: Sendable {
      case enclosed([UInt8], Digest)
      /// Left out by the maker.
      case withheld(Digest)
      /// No longer there; envelope or ledger name its digest.
      case erased(Digest)
    }

    /// 1 to 32 of `a–z` and `_`.
    package let kind: String
    package let mediaType: String?
    package let content: Content

    package init(kind: String, mediaType: String?, content: Content) {
      self.kind = kind
      self.mediaType = mediaType
      self.content = content
    }

    /// As stated.
    var digest: Digest {
      switch content {
      case .enclosed(_, let digest), .withheld(let digest), .erased(let digest): digest
      }
    }
  }

  package struct RecordedEntry: Sendable {
    /// The canonical form is what the ledger has hashed.
    let json: JSONValue
    let proof: LogProof
    /// Proof to a checkpoint that one of the file's time-stamps is for, as its log signed it; nil when there is none.
    let stamped: LogProof?

    package init(_ entry: Entry, proof: LogProof, stamped: LogProof?) throws(CausewayError) {
      self.init(json: try JSONValue.parse(entry.bytes), proof: proof, stamped: stamped)
    }

    init(json: JSONValue, proof: LogProof, stamped: LogProof?) {
      self.json = json
      self.proof = proof
      self.stamped = stamped
    }
  }

  package struct Message: Sendable {
    package let id: MessageID
    package let state: String
    /// The envelope header, whose canonical form is what was signed, and the detached JWS over it; nil when no envelope was made.
    let envelope: (header: JSONValue, signature: String)?
    /// Compact JWS.
    package let receipt: String?
    package let documents: [Document]
    /// By rising index.
    package let entries: [RecordedEntry]

    /// - Throws: `parse.json_*` when the header is not JSON.
    package init(
      id: MessageID, state: String, header: [UInt8], signature: String, receipt: String?, documents: [Document], entries: [RecordedEntry]
    ) throws(CausewayError) {
      self.init(
        id: id, state: state, envelope: header.isEmpty ? nil : (try JSONValue.parseCanonical(header), signature), receipt: receipt,
        documents: documents, entries: entries)
    }

    init(
      id: MessageID, state: String, envelope: (header: JSONValue, signature: String)?, receipt: String?, documents: [Document],
      entries: [RecordedEntry]
    ) {
      self.id = id
      self.state = state
      self.envelope = envelope
      self.receipt = receipt
      self.documents = documents
      self.entries = entries
    }
  }

  /// Id of the participant who makes the file.
  package let maker: String
  package let made: Instant
  package let clearance: Clearance
  /// The one message that the file is about; nil: all of the clearance.
  package let message: MessageID?
  package let messages: [Message]
  /// C2SP tlog-policy of the maker's log.
  package let policy: String
  /// The signed registry document as it is.
  package let registry: String
  /// Tokens (RFC 3161) in DER, over the SHA-256 of checkpoints to which entries are proven. Unverified.
  package let timeStamps: [[UInt8]]

  package static let largestByteCount = 64 << 20
  package static let mostMessages = 10_000
  static let version = 1
  /// `typ` of the maker's signature.
  static let signatureType = "causeway-evidence+jws"
  static let limits = JSONLimits(bytes: largestByteCount, depth: 24, members: 10_000, values: 2_000_000)

  package init(
    maker: String, made: Instant, clearance: Clearance, message: MessageID?, messages: [Message], policy: String, registry: String,
    timeStamps: [[UInt8]]
  ) {
    self.maker = maker
    self.made = made
    self.clearance = clearance
    self.message = message
    self.messages = messages
    self.policy = policy
    self.registry = registry
    self.timeStamps = timeStamps
  }

  /// The file, signed by its maker.
  ///
  /// - Parameter keyID: SHA-256 of the maker's signing certificate in hexadecimal digits.
  /// - Throws: `key.signing`; `ledger.evidence_too_large`.
  package func signed(keyID: String, key: PrivateKey) throws(CausewayError) -> [UInt8] {
    var object = json
    let payload = try JSONValue.object(object).canonical()
    let signature = try JWS.sign(payload: payload, type: Self.signatureType, keyID: keyID, key: key, detached: true)
    object["signature"] = .string(signature)
    let bytes = try JSONValue.object(object).canonical()
    guard bytes.count <= Self.largestByteCount, messages.count <= Self.mostMessages else {
      throw CausewayError("ledger.evidence_too_large", facts: ["limit": String(Self.largestByteCount)])
    }
    return bytes
  }
}
