import Primitives
import Synchronization
import Trust

/// Where a sealed blob belongs: a column of a row, with what else of the row the blob is bound to.
///
/// Sealed in one place, a blob does not open in another: two that were exchanged are found, and so are the plain columns named here when they
/// were changed, or an old blob put back into a row that has been written since.
struct SealedPlace {
  let table: String
  let column: String
  /// What the seal authenticates, each field behind its length: format, table, column, and the given ones.
  let context: [UInt8]

  init(_ table: String, _ column: String, _ fields: [String]) {
    self.table = table
    self.column = column
    context = (["causeway/sealed/v1", table, column] + fields).reduce(into: []) { bytes, field in
      let length = UInt32(field.utf8.count)
      bytes += [UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16)]
      bytes += [UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
      bytes += field.utf8
    }
  }

  /// First bytes of a digest of the context, in clear in front of each blob: tells one in the wrong place from one that is damaged.
  var mark: [UInt8] { Array(SHA256.hash(context).bytes.prefix(8)) }
}

/// The opened keys of a sealed store. Form of a blob: 1 (version) ‖ mark of its place (8 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16).
final class Vault: Sendable {
  /// What sealing adds to a blob.
  static let overhead = 9 + SecretKey.sealOverhead
  private static let version: UInt8 = 1
  /// Opened data keys that are kept; 32 bytes each, and their wrapped form.
  private static let largestCache = 4096

  private let keyEncryptionKey: any KeyEncryptionKey
  /// For looking up what is not stored in plain.
  private let indexKey: SecretKey
  /// By their wrapped form, so that a key whose row is gone, or was never committed, cannot be found here.
  private let opened = Mutex<[[UInt8]: SecretKey]>([:])

  init(_ keyEncryptionKey: any KeyEncryptionKey, indexKey: SecretKey) {
    self.keyEncryptionKey = keyEncryptionKey
    self.indexKey = indexKey
  }

  /// A new key for the data of one clearance.
  func makeKey(for clearance: String, at now: Instant) throws(CausewayError) -> (key: SecretKey, record: DataKeyRecord) {
    let key = SecretKey.random()
    let wrapped = try keyEncryptionKey.wrap(key, for: Self.context(of: clearance))
    keep(key, wrapped)
    return (key, DataKeyRecord(clearance: clearance, wrapped: wrapped, created: now))
  }

  /// - Throws: `journal.erased`; `journal.data_key_damaged` when the key-encryption key does not unwrap it for this clearance.
  func key(_ record: DataKeyRecord) throws(CausewayError) -> SecretKey {
    guard let wrapped = record.wrapped else { throw CausewayError("journal.erased", facts: ["clearance": record.clearance]) }
    if let key = opened.withLock({ $0[wrapped] }) { return key }
    guard let key = try keyEncryptionKey.unwrap(wrapped, for: Self.context(of: record.clearance)) else {
      throw CausewayError("journal.data_key_damaged", facts: ["clearance": record.clearance])
    }
    keep(key, wrapped)
    return key
  }

  private func keep(_ key: SecretKey, _ wrapped: [UInt8]) {
    opened.withLock { opened in
      if opened.count >= Self.largestCache { opened.removeAll(keepingCapacity: true) }
      opened[wrapped] = key
    }
  }

  func close() {
    opened.withLock { $0.removeAll() }
    keyEncryptionKey.close()
  }

  /// Lets go of an opened key, whose memory is then overwritten.
  func forget(_ record: DataKeyRecord) {
    guard let wrapped = record.wrapped else { return }
    _ = opened.withLock { $0.removeValue(forKey: wrapped) }
  }

  /// What stands in a column instead of a text that is looked up by: HMAC-SHA-256 with the index key, 64 hexadecimal digits.
  func index(_ column: String, _ fields: String...) -> String {
    indexKey.mac(SealedPlace("index", column, fields).context).hex
  }

  func seal(_ plaintext: [UInt8], with key: SecretKey, in place: SealedPlace) -> [UInt8] {
    let head = [Self.version] + place.mark
    return head + key.seal(plaintext, context: place.context + head)
  }

  /// - Throws: `journal.sealed_misplaced`, `journal.sealed_damaged`.
  func open(_ blob: [UInt8], with key: SecretKey, in place: SealedPlace) throws(CausewayError) -> [UInt8] {
    let facts = ["table": place.table, "column": place.column]
    guard blob.count >= Self.overhead, blob[0] == Self.version else { throw CausewayError("journal.sealed_damaged", facts: facts) }
    let head = Array(blob[..<9])
    guard head.dropFirst().elementsEqual(place.mark) else { throw CausewayError("journal.sealed_misplaced", facts: facts) }
    guard let plaintext = key.open(blob[9...], context: place.context + head) else {
      throw CausewayError("journal.sealed_damaged", facts: facts)
    }
    return plaintext
  }

  /// What the data key of a clearance is wrapped for.
  static func context(of clearance: String) -> [UInt8] { SealedPlace("data_key", "wrapped", [clearance]).context }

  /// What the index key is wrapped for.
  static var indexContext: [UInt8] { SealedPlace("stored_value", StoredValue.indexKey, []).context }
}
