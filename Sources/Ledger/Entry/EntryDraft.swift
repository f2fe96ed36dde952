package import JSONTree
package import Primitives

/// What somebody wants recorded: an entry before it has an index, a time and a place in the chain.
///
/// Holds no business data: commitments and digests, names of things and codes.
package struct EntryDraft: Hashable, Sendable {
  /// What happened, for example `message.sent`. Grammar: `[a-z][a-z0-9_]*(\.[a-z0-9_]+)*`, at most 64 bytes.
  package var kind: String
  /// Id of the corridor; nil for what concerns the gateway itself. 1…64 bytes of printable ASCII.
  package var corridor: String?
  /// Salted commitment to the clearance (the UCR) or other subject.
  package var subject: Digest?
  package var messageID: MessageID?
  /// SHA-256 of the payload's bytes.
  package var payloadDigest: Digest?
  /// Root of the field commitments of the payload.
  package var fieldsRoot: Digest?
  /// Who acted: the gateway, a participant, a token's subject. 1…256 bytes of printable ASCII.
  package var actor: String
  /// When it happened according to who says so; the ledger's own time stands beside it when the two differ.
  package var claimedTime: Instant?
  /// Versions in force by name, for example `["policy": "3", "profile": "cn.decmessage/1"]`. At most 32.
  package var versions: [String: String]
  /// Codes of the reasons of a refusal or failure. At most 64.
  package var reasons: [ErrorCode]
  /// Further members that belong to the kind; small, no business data.
  package var extra: JSONObject

  package init(
    kind: String, corridor: String? = nil, subject: Digest? = nil, messageID: MessageID? = nil, payloadDigest: Digest? = nil,
    fieldsRoot: Digest? = nil, actor: String, claimedTime: Instant? = nil, versions: [String: String] = [:],
    reasons: [ErrorCode] = [], extra: JSONObject = [:]
  ) {
    self.kind = kind
    self.corridor = corridor
    self.subject = subject
    self.messageID = messageID
    self.payloadDigest = payloadDigest
    self.fieldsRoot = fieldsRoot
    self.actor = actor
    self.claimedTime = claimedTime
    self.versions = versions
    self.reasons = reasons
    self.extra = extra
  }
}
