import Dispatch
package import Primitives
import Synchronization
package import Trust

/// What a partner answered.
package struct PeerResponse: Sendable {
  package let status: Int
  /// Names in lower case, in the order received.
  package let fields: [(name: String, value: String)]
  package let body: [UInt8]

  /// The value of a field that stands exactly once in the answer.
  package func field(_ name: String) -> String? {
    let values = fields.filter { $0.name.hasSameBytes(as: name) }
    return values.count == 1 ? values[0].value : nil
  }

  /// For how many seconds the partner asks to be left alone: status 429 or 503 with `Retry-After` as a number (RFC 9110 §10.2.3); nil: it does not.
  package var secondsToWait: Int? {
    guard status == 429 || status == 503, let text = field("retry-after"), (1...9).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return Int(text)
  }

  /// The receipt, when this is one: status 200 and `Content-Type: application/jose`. Not verified.
  package var receipt: String? {
    guard status == 200, field("content-type") == PeerClient.receiptMediaType, body.allSatisfy({ $0 < 0x80 }) else { return nil }
    return String(decoding: body, as: UTF8.self)
  }
}

/// With what this gateway shows itself to its partners, and which authorities it believes. PEM text.
package struct PeerIdentity: Sendable {
  let certificateChain: String
  let key: Redacted<String>
  let authorities: String

  /// - Parameters:
  ///   - certificateChain: the TLS certificate, followed by intermediates.
  ///   - key: its private key, unencrypted PKCS #8.
  ///   - authorities: the authorities of partners' certificates; no others are believed.
  package init(certificateChain: String, key: Redacted<String>, authorities: String) {
    self.certificateChain = certificateChain
    self.key = key
    self.authorities = authorities
  }
}

/// Limits of one exchange with a partner.
package struct PeerLimits: Sendable {
  /// Until the TLS connection stands. Milliseconds.
  package var connectMilliseconds: Int
  /// For the whole exchange. Milliseconds.
  package var totalMilliseconds: Int
  /// Size of the answer's body in bytes.
  package var responseBytes: Int
  /// Size of the answer's status line and fields in bytes.
  static let fieldBytes = 64 << 10
  /// Connections kept to one partner.
  package var connections: Int
  /// For how long a connection is kept on which nothing is asked.
  package var idleSeconds: Int

  package init(
    connectMilliseconds: Int = 5000, totalMilliseconds: Int = 60_000, responseBytes: Int = 1 << 20, connections: Int = 4,
    idleSeconds: Int = 60
  ) {
    precondition(connectMilliseconds > 0 && totalMilliseconds > 0 && responseBytes > 0 && connections > 0, "limits are positive")
    self.connectMilliseconds = connectMilliseconds
    self.totalMilliseconds = totalMilliseconds
    self.responseBytes = responseBytes
    self.connections = connections
    self.idleSeconds = idleSeconds
  }
}

/// Talks to one partner's gateway over HTTPS with TLS 1.3 and certificates on both ends (libcurl).
///
/// A request leaves only after the other end has shown the key of a certificate that the registry lists for that partner, under an
/// authority we believe, for the host we asked for. Redirects, other protocols, proxies and addresses outside the endpoint's rule are
/// refused. Connections are kept and used again. Each runs on a queue of its own, because libcurl's calls block.
package final class PeerClient: Sendable {
  package static let receiptMediaType = "application/jose"

  package let endpoint: PeerEndpoint
  private let limits: PeerLimits
  private let settings: PeerSettings
  private let pool = Mutex(Pool())

  private struct Pool {
    var idle: [PeerConnection] = []
    var count = 0
    var waiting: [CheckedContinuation<PeerConnection?, Never>] = []
  }

  /// - Parameter certificates: the partner's TLS certificates by the registry, valid now. Not empty.
  package init(endpoint: PeerEndpoint, certificates: [Certificate], identity: PeerIdentity, limits: PeerLimits = PeerLimits()) {
    precondition(!certificates.isEmpty, "a partner has at least one TLS certificate")
    self.endpoint = endpoint
    self.limits = limits
    let pins = certificates.map { "sha256//" + Base64.encode($0.spkiFingerprint.bytes) }.joined(separator: ";")
    settings = PeerSettings(rule: endpoint.rule, limits: limits, mutual: .init(pins: pins, identity: identity))
  }

  /// Sends a message: `POST /v1/messages`.
  ///
  /// - Returns: the answer; see ``PeerResponse/receipt``. Any other status or media type is no receipt: the message is still unproven.
  /// - Throws: the codes of ``request(_:_:fields:body:)``.
  package func deliver(_ envelope: SealedEnvelope) async throws(CausewayError) -> PeerResponse {
    try await request("POST", SealedEnvelope.path, fields: envelope.fields, body: envelope.payload)
  }

  /// Asks for a resource of the partner, for example a checkpoint.
  ///
  /// - Parameter path: starts with `/`; from this program, not from a message.
  /// - Throws: the codes of ``request(_:_:fields:body:)``.
  package func get(_ path: String) async throws(CausewayError) -> PeerResponse { try await request("GET", path, fields: [], body: nil) }

  /// One exchange. Cancelling the task ends it within about a second.
  ///
  /// - Throws: `deliver.unreachable` (name, address or connection), `deliver.address_refused`, `deliver.peer_identity` (certificate not under
  ///   our authorities, not for that host, or not the registered key), `deliver.tls` (no TLS 1.3, or our certificate refused),
  ///   `deliver.timeout`, `deliver.response_too_large`, `deliver.cancelled`, `deliver.transfer` (anything else). After all but the first
  ///   three the partner may have got the request.
  /// - Precondition: field names and values are printable ASCII, so that none can end its line.
  package func request(
    _ method: String, _ path: String, fields: [(name: String, value: String)], body: [UInt8]?
  ) async throws(CausewayError) -> PeerResponse {
    precondition(path.utf8.first == 0x2F && path.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a path is plain ASCII")
    precondition(
      fields.allSatisfy {
        $0.name.utf8.allSatisfy { (0x21...0x7E).contains($0) } && $0.value.utf8.allSatisfy { (0x20...0x7E).contains($0) }
      },
      "an HTTP field has no control characters")
    let connection = try await acquire()
    let result = await connection.exchange(PeerRequest(method: method, url: endpoint.url(path), fields: fields, body: body))
    release(connection)
    return try result.get()
  }

  /// An idle connection, a new one, or the next one to become idle, in the order of asking.
  private func acquire() async throws(CausewayError) -> PeerConnection {
    enum Next: Sendable {
      case take(PeerConnection)
      case make
      case wait
    }
    func next(_ pool: inout Pool) -> Next {
      if let idle = pool.idle.popLast() { return .take(idle) }
      guard pool.count < limits.connections else { return .wait }
      pool.count += 1
      return .make
    }
    switch pool.withLock({ next(&$0) }) {
    case .take(let connection): return connection
    case .make: return try make()
    case .wait: break
    }
    // Between the look and the wait a connection may have come back, so the look is taken again under the same lock.
    let handedOver: PeerConnection? = await withCheckedContinuation { continuation in
      let found: PeerConnection?? = pool.withLock { pool in
        switch next(&pool) {
        case .take(let connection): return .some(connection)
        case .make: return .some(nil)
        case .wait:
          pool.waiting.append(continuation)
          return nil
        }
      }
      if let found { continuation.resume(returning: found) }
    }
    if let handedOver { return handedOver }
    return try make()
  }

  private func make() throws(CausewayError) -> PeerConnection {
    do {
      return try PeerConnection(settings)
    } catch {
      // The place that was taken is free again: whoever waits longest may try.
      let waiter = pool.withLock { pool -> CheckedContinuation<PeerConnection?, Never>? in
        guard pool.waiting.isEmpty else { return pool.waiting.removeFirst() }
        pool.count -= 1
        return nil
      }
      waiter?.resume(returning: nil)
      throw error
    }
  }

  private func release(_ connection: PeerConnection) {
    let waiter = pool.withLock { pool -> CheckedContinuation<PeerConnection?, Never>? in
      guard pool.waiting.isEmpty else { return pool.waiting.removeFirst() }
      pool.idle.append(connection)
      return nil
    }
    waiter?.resume(returning: connection)
  }
}

/// Set once, from any thread.
final class CancellationFlag: Sendable {
  private let flag = Atomic(false)
  func set() { flag.store(true, ordering: .relaxed) }
  var isSet: Bool { flag.load(ordering: .relaxed) }
}
