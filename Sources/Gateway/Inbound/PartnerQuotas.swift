package import Exchange
import Logging
package import Primitives
import Synchronization

/// What is left of each partner's quota at this gateway process. Not in the journal: whoever starts anew begins with a full minute.
final class PartnerQuotas: Sendable {
  /// A partner's meter, and whether the last message was turned away.
  private struct Account {
    var meter: QuotaMeter
    var isExceeded = false
  }

  enum Verdict: Hashable, Sendable {
    case taken
    /// `isFirst`: the one before was taken.
    case over(secondsToWait: Int, isFirst: Bool)
  }

  private let accounts = Mutex<[ByteString: Account]>([:])

  func take(_ size: Int, from partner: String, of quota: Quota, at now: Instant) -> Verdict {
    accounts.withLock { accounts in
      var account = accounts[ByteString(partner)] ?? Account(meter: QuotaMeter(quota, at: now))
      defer { accounts[ByteString(partner)] = account }
      let seconds = account.meter.take(size, at: now)
      defer { account.isExceeded = seconds != nil }
      return seconds.map { .over(secondsToWait: $0, isFirst: !account.isExceeded) } ?? .taken
    }
  }

  func charge(_ size: Int, to partner: String) { accounts.withLock { $0[ByteString(partner)]?.meter.charge(size) } }
}

extension GatewayNode {
  /// Inbound, before step 1 reads anything: whether the partner's quota allows one more message. Nothing is recorded of one that is over it.
  ///
  /// - Parameter size: of the body as the partner announces it; nil when it does not: then ``charge(_:to:)`` follows.
  /// - Throws: `receive.over_quota` with the seconds after which the partner may come again.
  package func admit(_ size: Int?, from peer: AuthenticatedPeer) throws(CausewayError) {
    let partner = peer.participant
    let quota = configuration.quota(of: partner)
    guard case .over(let seconds, let isFirst) = quotas.take(size ?? 0, from: partner, of: quota, at: clock.now()) else { return }
    metrics.count("gateway_quota_refusals_total", [("partner", partner)])
    // Once for each time that it goes over its quota: a flood is not to fill the log.
    if isFirst { logger.notice("partner is over its quota", metadata: ["gw.partner": "\(partner)"]) }
    throw CausewayError("receive.over_quota", facts: [CausewayError.retryAfter: String(seconds)])
  }

  /// The size of an admitted message that did not announce it.
  package func charge(_ size: Int, to peer: AuthenticatedPeer) { quotas.charge(size, to: peer.participant) }
}

extension CausewayError {
  /// Name of the fact that says after how many seconds to come again: it becomes the answer's `Retry-After`.
  package static let retryAfter = "seconds"
}
