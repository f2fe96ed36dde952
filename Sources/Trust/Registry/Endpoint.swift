import Primitives

/// Address of a partner's gateway: `https://host[:port][/path]`, in the one form that every reader takes apart the same way.
///
/// No user information, query, fragment or escapes; the host is a lower-case name or an address in its usual notation. Addresses
/// that are never a partner's (link-local, unspecified, IPv4 inside IPv6) are refused; names are checked again when they are resolved.
struct Endpoint {
  let text: String
  let isLoopback: Bool

  init?(_ text: String) {
    let prefix = Array("https://".utf8)
    let bytes = Array(text.utf8)
    guard bytes.count <= 300, bytes.starts(with: prefix) else { return nil }
    let rest = bytes.dropFirst(prefix.count)
    let authority = Array(rest.prefix { $0 != 0x2F })
    let path = rest.dropFirst(authority.count)
    let isPathByte = { (byte: UInt8) in Self.isNameByte(byte) || (0x41...0x5A).contains(byte) || [0x2F, 0x5F, 0x7E].contains(byte) }
    guard path.allSatisfy(isPathByte), !String(decoding: path, as: UTF8.self).contains("..") else { return nil }

    var host = authority[...]
    if let colon = authority.lastIndex(of: 0x3A), authority.last != 0x5D {
      let port = String(decoding: authority[(colon + 1)...], as: UTF8.self)
      guard let number = UInt16(port), number > 0, String(number).hasSameBytes(as: port) else { return nil }
      host = authority[..<colon]
    }
    guard let isLoopback = Self.classify(Array(host)) else { return nil }
    self.text = text
    self.isLoopback = isLoopback
  }

  /// - Returns: whether the host is this machine; nil when it is no acceptable host.
  private static func classify(_ host: [UInt8]) -> Bool? {
    if host.first == 0x5B, host.last == 0x5D {
      guard let groups = groups(ofIPv6: host.dropFirst().dropLast()) else { return nil }
      if groups == [0, 0, 0, 0, 0, 0, 0, 1] { return true }
      let holdsIPv4 = groups.prefix(5).allSatisfy { $0 == 0 } || groups[0] == 0x64 && groups[1] == 0xFF9B
      let isLinkLocalOrMulticast = groups[0] & 0xFFC0 == 0xFE80 || groups[0] >= 0xFF00
      return holdsIPv4 || isLinkLocalOrMulticast ? nil : false
    }
    guard (1...253).contains(host.count), host.allSatisfy(isNameByte) else { return nil }
    let labels = host.split(separator: 0x2E, omittingEmptySubsequences: false)
    let isLabel = { (label: ArraySlice<UInt8>) in (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D }
    guard labels.allSatisfy(isLabel), let last = labels.last else { return nil }
    guard (0x30...0x39).contains(last[last.startIndex]) else {
      return String(decoding: last, as: UTF8.self) == "localhost"
    }
    // A last label that starts with a digit is read as a number by many resolvers: only dotted decimal is let through.
    let octets = labels.compactMap { label -> UInt8? in
      let digits = String(decoding: label, as: UTF8.self)
      return UInt8(digits).flatMap { String($0) == digits ? $0 : nil }
    }
    guard labels.count == 4, octets.count == 4 else { return nil }
    let isLinkLocal = octets[0] == 169 && octets[1] == 254
    let isMulticastOrReserved = octets[0] >= 224
    guard octets[0] != 0, !isLinkLocal, !isMulticastOrReserved else { return nil }
    return octets[0] == 127
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
  }

  /// The eight groups of an IPv6 address in lower-case text without a dotted part (RFC 5952 §4), or nil.
  private static func groups(ofIPv6 text: ArraySlice<UInt8>) -> [UInt16]? {
    let isHexDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) }
    func groups(_ part: Substring) -> [UInt16]? {
      if part.isEmpty { return [] }
      let values = part.utf8.split(separator: 0x3A, omittingEmptySubsequences: false).map { group -> UInt16? in
        guard (1...4).contains(group.count), group.allSatisfy(isHexDigit) else { return nil }
        return UInt16(Substring(group), radix: 16)
      }
      return values.contains(nil) ? nil : values.compactMap(\.self)
    }
    let halves = String(decoding: text, as: UTF8.self).split(separator: "::", omittingEmptySubsequences: false)
    guard halves.count <= 2, let head = groups(halves[0]), let tail = halves.count == 2 ? groups(halves[1]) : [] else { return nil }
    let missing = 8 - head.count - tail.count
    guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
    return head + [UInt16](repeating: 0, count: missing) + tail
  }
}
