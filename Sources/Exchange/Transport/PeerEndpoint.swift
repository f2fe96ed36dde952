package import Primitives

/// Which network addresses a partner's endpoint may have.
package enum AddressRule: String, Sendable {
  /// Any address that another organisation can have. Never this machine, a link-local or multicast address, or one of the addresses
  /// under which clouds serve credentials. Private networks are allowed: administrations are often connected by leased lines.
  case partner
  /// The same, and this machine too. Only for corridors in test mode.
  case partnerOrLoopback
}

/// Where a partner's gateway listens: `https://host[:port][/path]`, checked when it is registered.
///
/// Only the plain form is accepted: no user information, query, fragment, percent escapes, control or non-ASCII characters, and no
/// spelling of an IPv4 address other than four decimal numbers. The address that a name stands for is checked at each connection.
///
/// - SeeAlso: RFC 3986 §3.
package struct PeerEndpoint: Hashable, Sendable {
  /// A name in lower case, an IPv4 address, or an IPv6 address in brackets.
  package let host: String
  package let port: Int
  /// Without the final slash; "" for the root.
  package let path: String
  package internal(set) var rule: AddressRule

  /// - Parameter text: as the registry gives it. 9 to 512 bytes.
  /// - Throws: `registry.endpoint_malformed`; `registry.endpoint_address` when the host is an address that the rule does not allow, or
  ///   `localhost`. Both without the text.
  package init(_ text: String, rule: AddressRule) throws(CausewayError) {
    func malformed(_ reason: String) -> CausewayError { CausewayError("registry.endpoint_malformed", facts: ["reason": reason]) }
    let bytes = Array(text.utf8)
    guard bytes.count <= 512, bytes.starts(with: "https://".utf8) else {
      throw malformed("must start with https:// and have at most 512 bytes")
    }
    guard bytes.allSatisfy(Self.isPlain) else { throw malformed("holds a character that is not allowed") }
    let rest = bytes.dropFirst(8)
    let authority = rest.prefix { $0 != 0x2F }
    var path = Array(rest.dropFirst(authority.count))
    if path.last == 0x2F { path.removeLast() }
    guard !path.split(separator: 0x2F, omittingEmptySubsequences: true).contains([0x2E, 0x2E]),
      !path.contains(0x5B), !path.contains(0x5D), !path.contains(0x3A)
    else { throw malformed("the path is not plain") }

    let host: ArraySlice<UInt8>
    let afterHost: ArraySlice<UInt8>
    if authority.first == 0x5B {
      guard let end = authority.firstIndex(of: 0x5D) else { throw malformed("the IPv6 address has no end") }
      host = authority[...end]
      afterHost = authority[(end + 1)...]
    } else {
      host = authority.prefix { $0 != 0x3A }
      afterHost = authority.dropFirst(host.count)
    }
    var port = 443
    if !afterHost.isEmpty {
      let digits = afterHost.dropFirst()
      guard afterHost.first == 0x3A, (1...5).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
        digits.first != 0x30,
        let number = Int(String(decoding: digits, as: UTF8.self)), number <= 65535
      else { throw malformed("the port is no number from 1 to 65535") }
      port = number
    }
    let name = String(decoding: host, as: UTF8.self)
    self.host = name.lowercased()
    self.port = port
    self.path = String(decoding: path, as: UTF8.self)
    self.rule = rule
    try checkHost(Array(self.host.utf8))
  }

  /// The address of a resource below the endpoint.
  ///
  /// - Parameter suffix: path that starts with `/`, from this program and not from a message.
  package func url(_ suffix: String) -> String { "https://\(host):\(port)\(path)\(suffix)" }

  private func checkHost(_ bytes: [UInt8]) throws(CausewayError) {
    let refused = CausewayError("registry.endpoint_address")
    let malformed = CausewayError("registry.endpoint_malformed", facts: ["reason": "the host is no name or address"])
    if bytes.first == 0x5B {
      guard let address = NetworkAddress(ipv6: String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self)) else { throw malformed }
      guard address.isAllowed(by: rule) else { throw refused }
      return
    }
    guard (1...253).contains(bytes.count) else { throw malformed }
    let labels = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
    for label in labels {
      guard (1...63).contains(label.count), label.first != 0x2D, label.last != 0x2D,
        label.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D })
      else { throw malformed }
    }
    // A last label that starts with a digit is no top-level domain: it is an IPv4 address in one of its many spellings.
    if labels[labels.count - 1].first.map({ (0x30...0x39).contains($0) }) == true {
      guard let address = NetworkAddress(ipv4: String(decoding: bytes, as: UTF8.self)) else { throw malformed }
      guard address.isAllowed(by: rule) else { throw refused }
    } else if labels[labels.count - 1].elementsEqual("localhost".utf8), rule != .partnerOrLoopback {
      throw refused
    }
  }

  /// Letters, digits and the few marks of an authority and a plain path.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x3A, 0x5B, 0x5D, 0x5F, 0x7E: true
    default: false
    }
  }
}
