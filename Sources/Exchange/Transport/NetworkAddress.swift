/// An IP address as its bytes: 4 or 16 of them.
struct NetworkAddress: Hashable, Sendable {
  let bytes: [UInt8]

  /// - Parameter bytes: Shape: 4 or 16 bytes in network order.
  init(bytes: [UInt8]) {
    precondition(bytes.count == 4 || bytes.count == 16, "an address has 4 or 16 bytes")
    self.bytes = bytes
  }

  /// Four decimal numbers from 0 to 255 without leading zeros; no other spelling.
  init?(ipv4 text: String) {
    let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }), part.count == 1 || part.first != 0x30,
        let number = UInt8(String(part) ?? "")
      else { return nil }
      bytes.append(number)
    }
    self.bytes = bytes
  }

  /// RFC 4291 §2.2, without a zone and without an embedded dotted IPv4 address.
  init?(ipv6 text: String) {
    func groups(_ part: Substring) -> [UInt16]? {
      if part.isEmpty { return [] }
      var groups: [UInt16] = []
      for group in part.utf8.split(separator: 0x3A, omittingEmptySubsequences: false) {
        guard (1...4).contains(group.count), let value = UInt16(String(group) ?? "", radix: 16), group.first != 0x2B else { return nil }
        groups.append(value)
      }
      return groups
    }
    let halves = text.split(separator: "::", omittingEmptySubsequences: false)
    let all: [UInt16]
    switch halves.count {
    case 1:
      guard let groups = groups(halves[0]), groups.count == 8 else { return nil }
      all = groups
    case 2:
      guard let head = groups(halves[0]), let tail = groups(halves[1]), head.count + tail.count <= 7 else { return nil }
      all = head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    default: return nil
    }
    bytes = all.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
  }

  /// Whether a partner's gateway may be there.
  ///
  /// - SeeAlso: the IANA registries of special-purpose addresses (RFC 6890).
  func isAllowed(by rule: AddressRule) -> Bool {
    if isLoopback { return rule == .partnerOrLoopback }
    if let embedded { return embedded.isAllowed(by: .partner) }
    let isServiceAddress = Self.serviceAddresses.contains(bytes)
    if bytes.count == 4 {
      // This network, link-local, multicast, reserved and broadcast.
      return !(bytes[0] == 0 || (bytes[0] == 169 && bytes[1] == 254) || bytes[0] >= 224 || isServiceAddress)
    }
    let isUnspecified = bytes.allSatisfy { $0 == 0 }
    let isLinkLocal = bytes[0] == 0xFE && bytes[1] >= 0x80
    return !(isUnspecified || isLinkLocal || bytes[0] == 0xFF || isServiceAddress)
  }

  private var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// The IPv4 address inside a mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96) or 6to4 (2002::/16) address.
  private var embedded: NetworkAddress? {
    guard bytes.count == 16 else { return nil }
    let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    let isCompatible = bytes[..<12].allSatisfy { $0 == 0 } && bytes[12...].contains { $0 != 0 }
    let isTranslated = bytes[..<12].elementsEqual([0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0])
    if isMapped || isCompatible || isTranslated { return NetworkAddress(bytes: Array(bytes[12...])) }
    return bytes[0] == 0x20 && bytes[1] == 0x02 ? NetworkAddress(bytes: Array(bytes[2..<6])) : nil
  }

  /// Under these, clouds hand out credentials to whoever asks from inside (beside 169.254.169.254, which is link-local).
  private static let serviceAddresses: Set<[UInt8]> = [
    [100, 100, 100, 200], [168, 63, 129, 16],
    [0xFD, 0x00, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54],
  ]
}
