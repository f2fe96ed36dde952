package import Primitives
import Trust

/// Asks a time-stamp authority over HTTP (RFC 3161 §3.4, libcurl).
///
/// Plain HTTP is usual, because the token is signed by itself: nothing in an answer is believed before `TimeStampRequest.verify`. Redirects
/// and proxies are not followed.
package final class TimeStampClient: Sendable {
  private let url: String
  private let connection: PeerConnection

  /// - Parameter url: `http` or `https`, of the operator's own configuration. Its address may be on this machine.
  /// - Throws: `timestamp.url` when it is no such URL; `deliver.transfer` when libcurl lacks something that is needed here.
  package init(url: String, timeoutMilliseconds: Int = 30_000) throws(CausewayError) {
    guard Self.isPlain(url) else { throw CausewayError("timestamp.url") }
    self.url = url
    let limits = PeerLimits(totalMilliseconds: timeoutMilliseconds, responseBytes: TimeStampToken.limitBytes, connections: 1)
    connection = try PeerConnection(PeerSettings(rule: .partnerOrLoopback, limits: limits, mutual: nil))
  }

  /// One question, one answer.
  ///
  /// - Parameter request: `TimeStampRequest.der`.
  /// - Throws: `timestamp.no_answer` (fact `reason`).
  package func ask(_ request: [UInt8]) async throws(CausewayError) -> [UInt8] {
    let fields = [(name: "Content-Type", value: TimeStampRequest.mediaType)]
    switch await connection.exchange(PeerRequest(method: "POST", url: url, fields: fields, body: request)) {
    case .failure(let error): throw Self.noAnswer(error.code.rawValue, error.underlying)
    case .success(let answer):
      guard answer.status == 200 else { throw Self.noAnswer("status \(answer.status)") }
      guard answer.field("content-type")?.hasSameBytes(as: TimeStampRequest.answerMediaType) ?? false else {
        throw Self.noAnswer("media type")
      }
      return answer.body
    }
  }

  private static func noAnswer(_ reason: String, _ underlying: String? = nil) -> CausewayError {
    CausewayError("timestamp.no_answer", facts: ["reason": reason], underlying: underlying)
  }

  /// Printable ASCII, with a host and without user information or fragment.
  package static func isPlain(_ url: String) -> Bool {
    guard url.utf8.count <= 2048, let scheme = ["http://", "https://"].first(where: { url.utf8.starts(with: $0.utf8) }) else {
      return false
    }
    let rest = url.utf8.dropFirst(scheme.utf8.count)
    let authority = rest.prefix { $0 != 0x2F && $0 != 0x3F }
    return !authority.isEmpty && !authority.contains(0x40)
      && rest.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 && $0 != 0x5C }
  }
}
