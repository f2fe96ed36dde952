package import Primitives
import Trust

/// What one item of a reconciliation is about. As text a message's id has 36 characters, a clearance's 32, so that the text says which it is.
package enum ReconciliationSubject: Hashable, Sendable {
  case message(MessageID)
  case clearance(ClearanceID)

  /// - Returns: nil unless the text is the id of a message or of a clearance.
  package init?(_ text: String) {
    if let id = MessageID(text) {
      self = .message(id)
    } else if let id = ClearanceID(text) {
      self = .clearance(id)
    } else {
      return nil
    }
  }

  package var text: String {
    switch self {
    case .message(let id): id.text
    case .clearance(let id): id.text
    }
  }

  /// The place of the subject in a set: 32 bytes, of which the first 16 are those of a digest and the last 16 the id itself.
  ///
  /// The digest spreads subjects evenly over the ranges, although ids of messages begin with their time. The id makes the key readable
  /// backwards, and keeps two subjects apart even where somebody has found ids whose digests begin alike.
  var key: [UInt8] {
    let id = Self.bytes(of: text)
    return SHA256.hash(domain + id).bytes[..<16] + id
  }

  /// The subject whose key this is; nil when no subject has it.
  init?(key: ArraySlice<UInt8>) {
    guard key.count == 32 else { return nil }
    let digits = Array(Hex.encode(key.suffix(16)).utf8)
    let groups = [digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20..<32]]
    let texts = [groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-"), String(decoding: digits, as: UTF8.self)]
    guard let subject = texts.compactMap(Self.init).first(where: { $0.key.elementsEqual(key) }) else { return nil }
    self = subject
  }

  private var domain: [UInt8] {
    switch self {
    case .message: Array("causeway/reconciliation/message/v1\n".utf8)
    case .clearance: Array("causeway/reconciliation/clearance/v1\n".utf8)
    }
  }

  private static func bytes(of text: String) -> [UInt8] {
    let digits = text.utf8.filter { $0 != 0x2D }
    guard let bytes = Hex.decode(String(decoding: digits, as: UTF8.self)), bytes.count == 16 else {
      preconditionFailure("ids of messages and clearances are 16 bytes in hexadecimal")
    }
    return bytes
  }
}

/// One item of a set: a subject, and a digest of what one side holds of it.
package struct ReconciliationItem: Hashable, Sendable {
  package let subject: ReconciliationSubject
  package let value: Digest

  package init(_ subject: ReconciliationSubject, _ value: Digest) {
    self.subject = subject
    self.value = value
  }
}

/// A range of keys: all that begin with the same digits.
package struct KeyPrefix: Hashable, Sendable {
  /// Each 0…15; at most 64.
  let digits: [UInt8]

  /// All keys.
  package static let all = KeyPrefix(digits: [])
  static let longest = 64

  private init(digits: [UInt8]) { self.digits = digits }

  /// - Returns: nil unless the text is at most 64 lower-case hexadecimal digits.
  package init?(_ text: String) {
    var digits: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39: digits.append(byte - 0x30)
      case 0x61...0x66: digits.append(byte - 0x61 + 10)
      default: return nil
      }
    }
    guard digits.count <= Self.longest else { return nil }
    self.digits = digits
  }

  package var text: String { String(decoding: digits.map { $0 < 10 ? 0x30 + $0 : 0x61 + $0 - 10 }, as: UTF8.self) }

  /// The range is no range any more, but one key.
  var isWholeKey: Bool { digits.count == Self.longest }

  /// The 16 parts of the range, in order.
  ///
  /// - Precondition: this is not a whole key.
  var children: [KeyPrefix] { (0..<16).map { KeyPrefix(digits: digits + [$0]) } }

  func contains(_ other: KeyPrefix) -> Bool { other.digits.starts(with: digits) }

  /// Whether a key comes before the range (-1), in it (0) or behind it (1).
  func place(of key: ArraySlice<UInt8>) -> Int {
    for (index, digit) in digits.enumerated() {
      let byte = key[key.startIndex + index / 2]
      let found = index.isMultiple(of: 2) ? byte >> 4 : byte & 15
      if found != digit { return found < digit ? -1 : 1 }
    }
    return 0
  }
}
