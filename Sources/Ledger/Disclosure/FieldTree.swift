package import Primitives
package import Trust

/// All fields of a document under one root: what a sender commits to and a receiver computes anew.
///
/// - Complexity: O(*n*): one HMAC and two hashes a field.
/// - SeeAlso: docs/disclosure.md, The tree.
package struct FieldTree: Sendable {
  package let fields: [Field]
  let contents: FieldContents
  private let secret: HMACKey
  private let hashes: [Digest]
  /// `SHA-256(0x01 ‖ contents ‖ tree of the fields)`.
  package let root: Digest

  /// - Parameters:
  ///   - fields: in the order of the document. 1 to 1 000 000.
  ///   - mandatory: ids of the elements that are required of such a document, whether it has them or not.
  ///   - profile: `id/version`.
  ///   - secret: of this message alone.
  /// - Throws: `ledger.fields_count`.
  package init(_ fields: [Field], mandatory: [String], profile: String, secret: HMACKey) throws(CausewayError) {
    guard (1...FieldContents.mostLeaves).contains(fields.count) else {
      throw CausewayError("ledger.fields_count", facts: ["limit": String(FieldContents.mostLeaves)])
    }
    self.fields = fields
    self.secret = secret
    contents = FieldContents(of: fields, mandatory: mandatory, profile: profile)
    let authenticator = HMACKey.Authenticator(secret)
    var bytes: [UInt8] = []
    hashes = fields.indices.map { index in
      SaltedField(fields[index], index: index, salt: SaltedField.salt(at: index, authenticator)).hash(by: &bytes)
    }
    root = Self.root(contents, MerkleTree.root(of: hashes))
  }

  static func root(_ contents: FieldContents, _ tree: Digest) -> Digest { MerkleTree.nodeHash(contents.hash, tree) }

  /// The fields at some indices with their salts, and the proof that they are in the tree.
  ///
  /// - Precondition: indices rise and are within the fields.
  func shown(_ indices: [Int]) -> (fields: [SaltedField], proof: [Digest]) {
    let authenticator = HMACKey.Authenticator(secret)
    let shown = indices.map { SaltedField(fields[$0], index: $0, salt: SaltedField.salt(at: $0, authenticator)) }
    return (shown, MerkleTree.multiProof(of: indices, leaves: hashes))
  }
}
