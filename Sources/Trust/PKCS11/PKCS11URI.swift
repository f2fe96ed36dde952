package import Primitives

/// Names one secret key in a hardware security module (RFC 7512): `pkcs11:token=T;object=O?module-path=/…&pin-source=file:/…`.
///
/// Understood are, of the path, `token` and `object` (both needed), `manufacturer`, `model`, `serial`, `id` and `type=secret-key`; of the query,
/// `module-path` and `pin-source`, both needed and absolute paths. Everything else is refused instead of being passed over: an attribute that is
/// not understood might be the one that tells two keys apart. Values are compared as bytes.
package struct PKCS11URI: Sendable {
  /// What the token has to say of itself, without the blanks behind; nil: anything.
  struct TokenName: Sendable {
    let label: [UInt8]
    let manufacturer: [UInt8]?
    let model: [UInt8]?
    let serial: [UInt8]?
  }

  let token: TokenName
  /// CKA_LABEL.
  let object: [UInt8]
  /// CKA_ID.
  let id: [UInt8]?
  /// Absolute; of the library that is loaded.
  let modulePath: String
  /// Absolute; of the file with the PIN.
  package let pinPath: String

  /// 4096 bytes.
  package static let largestByteCount = 4096
  private static let scheme = "pkcs11:"

  /// Whether a text is meant as such a URI, well-formed or not, and not as a path.
  package static func isMeant(by text: String) -> Bool {
    let head = text.utf8.prefix(scheme.utf8.count)
    return head.count == scheme.utf8.count
      && zip(head, scheme.utf8).allSatisfy { $0 == $1 || (0x41...0x5A).contains($0) && $0 | 0x20 == $1 }
  }

  /// - Throws: `key.hsm_pin_value` for a PIN in the URI itself; `key.hsm_uri` for all else, with the attribute at fault.
  package init(parsing text: String) throws(CausewayError) {
    guard Self.isMeant(by: text), text.utf8.count <= Self.largestByteCount else { throw Self.malformed("pkcs11:") }
    let parts = Array(text.utf8.dropFirst(Self.scheme.utf8.count)).split(
      separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    var path = try Self.attributes(parts[0], separator: UInt8(ascii: ";"), named: Self.pathNames, plain: Self.pathCharacters)
    var query =
      parts.count < 2
      ? [:] : try Self.attributes(parts[1], separator: UInt8(ascii: "&"), named: Self.queryNames, plain: Self.queryCharacters)
    func take(_ name: String, from attributes: inout [String: [UInt8]]) throws(CausewayError) -> [UInt8] {
      guard let value = attributes.removeValue(forKey: name) else { throw Self.malformed(name) }
      return value
    }
    token = TokenName(
      label: try take("token", from: &path), manufacturer: path["manufacturer"], model: path["model"], serial: path["serial"])
    object = try take("object", from: &path)
    id = path["id"]
    if let type = path["type"], type != Array("secret-key".utf8) { throw Self.malformed("type") }
    modulePath = try Self.path(try take("module-path", from: &query)[...], of: "module-path")
    pinPath = try Self.path(try Self.filePart(try take("pin-source", from: &query)), of: "pin-source")
  }

  // RFC 7512 §2.3: pk11-path = [ pk11-pattr *(";" pk11-pattr) ], pk11-query = [ pk11-qattr *("&" pk11-qattr) ]; no attribute comes twice.
  private static func attributes(
    _ bytes: ArraySlice<UInt8>, separator: UInt8, named names: Set<String>, plain: Set<UInt8>
  ) throws(CausewayError) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for attribute in bytes.split(separator: separator, omittingEmptySubsequences: false) {
      guard let equals = attribute.firstIndex(of: UInt8(ascii: "=")) else { throw malformed("=") }
      let name = String(decoding: attribute[..<equals], as: UTF8.self)
      if name == "pin-value" { throw CausewayError("key.hsm_pin_value") }
      guard names.contains(name) else { throw malformed(shown(name)) }
      let value = try decoded(attribute[(equals + 1)...], plain: plain, of: name)
      guard !value.isEmpty, found.updateValue(value, forKey: name) == nil else { throw malformed(name) }
    }
    return found
  }

  // RFC 7512 §2.3: pk11-pchar = unreserved / pk11-path-res-avail / pct-encoded; pk11-qchar alike with pk11-query-res-avail.
  private static func decoded(_ bytes: ArraySlice<UInt8>, plain: Set<UInt8>, of name: String) throws(CausewayError) -> [UInt8] {
    var value: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard rest.count >= 2, let code = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self).lowercased()), code.count == 1 else {
          throw malformed(name)
        }
        value.append(code[0])
        rest = rest.dropFirst(2)
      } else {
        guard plain.contains(byte) else { throw malformed(name) }
        value.append(byte)
      }
    }
    return value
  }

  // RFC 8089 §2: file-URI = "file:" ( "//" [ host ] path-absolute / path-absolute ); here without a host.
  private static func filePart(_ value: [UInt8]) throws(CausewayError) -> ArraySlice<UInt8> {
    guard value.starts(with: "file:".utf8) else { throw malformed("pin-source") }
    let rest = value.dropFirst(5)
    return rest.starts(with: "///".utf8) ? rest.dropFirst(2) : rest
  }

  /// An absolute path, which no NUL cuts short and in which nothing is left to decode.
  private static func path(_ bytes: ArraySlice<UInt8>, of name: String) throws(CausewayError) -> String {
    guard bytes.first == UInt8(ascii: "/"), bytes.dropFirst().first != UInt8(ascii: "/"), !bytes.contains(0),
      !bytes.contains(UInt8(ascii: "%")), let path = String(validating: bytes, as: UTF8.self)
    else { throw malformed(name) }
    return path
  }

  /// The name of an attribute as far as it may be shown: what is no name might be a PIN in the wrong place.
  private static func shown(_ name: String) -> String {
    name.utf8.count <= 24 && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") } ? name : "="
  }

  private static func malformed(_ part: String) -> CausewayError { CausewayError("key.hsm_uri", facts: ["part": part]) }

  private static let pathNames: Set = ["token", "manufacturer", "model", "serial", "object", "id", "type"]
  private static let queryNames: Set = ["module-path", "pin-source"]
  private static let shared =
    Set(UInt8(ascii: "a")...UInt8(ascii: "z")).union(UInt8(ascii: "A")...UInt8(ascii: "Z")).union(UInt8(ascii: "0")...UInt8(ascii: "9"))
    .union("-._~:[]@!$'()*+,=".utf8)
  private static let pathCharacters = shared.union("&".utf8)
  private static let queryCharacters = shared.union("/?|".utf8)
}

/// Where the storage key is, as `keys.storageKey` says it.
package enum StorageKeyLocation: Sendable {
  /// The path of a file as ``FileKeyEncryptionKey`` writes it.
  case file(String)
  /// A key that ``PKCS11KeyEncryptionKey`` opens.
  case module(PKCS11URI)

  /// - Parameter path: the path that stands for one as it is written: relative ones have a folder to start from.
  /// - Throws: `key.hsm_uri`, `key.hsm_pin_value`.
  package init(_ text: String, path: (String) -> String = { $0 }) throws(CausewayError) {
    self = PKCS11URI.isMeant(by: text) ? .module(try PKCS11URI(parsing: text)) : .file(path(text))
  }
}
