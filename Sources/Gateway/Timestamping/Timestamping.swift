package import Exchange
import Journal
import Logging
package import Primitives
package import Trust

/// Where time-stamps come from, and who is believed.
package struct TimeStampSource: Sendable {
  package let settings: GatewayConfiguration.TimestampingSettings
  let authorities: [Certificate]
  let transport: any TimeStampTransport

  /// How far the authority's clock and this gateway's may be apart, in seconds.
  static let longestDifference: Int64 = 300

  /// - Parameter authorities: of ``GatewayConfiguration/TimestampingSettings/authorities``.
  package init(
    settings: GatewayConfiguration.TimestampingSettings, authorities: [Certificate], transport: any TimeStampTransport
  ) {
    self.settings = settings
    self.authorities = authorities
    self.transport = transport
  }
}

/// What carries a question to a time-stamp authority.
package protocol TimeStampTransport: Sendable {
  /// - Parameter request: TimeStampReq (RFC 3161 §2.4.1).
  /// - Returns: whatever was answered, unverified.
  /// - Throws: `timestamp.no_answer`.
  func ask(_ request: [UInt8]) async throws(CausewayError) -> [UInt8]
}

extension TimeStampClient: TimeStampTransport {}

// Every interval the newest checkpoint is time-stamped, when there is a new one. A time-stamp says of all entries up to it that they were
// there, so none is missing when the authority was out of reach for a while: the next one makes up for it, later.
extension GatewayNode {
  enum Stamping: Sendable {
    case nothingDue
    case stamped
    case failed
  }

  private static let longestPauseSeconds = 300

  /// Stamps what is due until the task is cancelled; after a failure with pauses that become longer.
  func keepTimestamping(from source: TimeStampSource) async {
    var pause = 1
    while !Task.isCancelled {
      let seen = bell.rung()
      do throws(CausewayError) {
        switch try await alone("timestamping", orElse: .nothingDue, { () throws(CausewayError) in try await stampNewest(from: source) }) {
        case .nothingDue: await bell.wait(after: seen, atMost: .seconds(1))
        case .stamped: pause = 1
        case .failed:
          try? await Task.sleep(for: .seconds(pause))
          pause = min(pause * 2, Self.longestPauseSeconds)
        }
      } catch {
        logger.error("stage failed", metadata: ["gw.stage": "timestamping", "gw.code": "\(error.code)"])
        metrics.count("gateway_stage_failures_total", [("stage", "timestamping"), ("code", error.code.rawValue)])
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// Has the newest checkpoint time-stamped, if it is new and the last time-stamp is older than the interval.
  ///
  /// - Returns: `failed` when there was no time-stamp that holds; that is written down as a debt when it is due.
  /// - Throws: `journal.*`.
  func stampNewest(from source: TimeStampSource) async throws(CausewayError) -> Stamping {
    let (newest, last) = try await journal.read { reader throws(CausewayError) in
      (try reader.latestCheckpoint(), try reader.latestTimestamp())
    }
    guard let newest, newest.size > last?.size ?? 0 else { return .nothingDue }
    if let last, last.time.adding(seconds: Int64(source.settings.everySeconds)) > clock.now() { return .nothingDue }
    do throws(CausewayError) {
      let request = TimeStampRequest(stamping: SHA256.hash(newest.note))
      let timeStamp = try request.verify(try await source.transport.ask(request.der), authorities: source.authorities)
      // Also an authority that hardly knows the time is of no use.
      let (now, difference) = (clock.now(), TimeStampSource.longestDifference)
      guard timeStamp.token.latest <= now.adding(seconds: difference), now <= timeStamp.token.time.adding(seconds: difference) else {
        throw CausewayError("timestamp.clock", facts: ["limit": String(TimeStampSource.longestDifference)])
      }
      var change = try await timestampRepayment(upTo: newest.size)
      change.operations.append(.putTimestamp(TimestampRecord(timeStamp, size: newest.size)))
      // A conflict: another gateway on the journal has had it stamped.
      guard try await journal.commit(change).committed != nil else { return .stamped }
      metrics.count("gateway_timestamps_total")
      return .stamped
    } catch {
      if error.code.rawValue.hasPrefix("journal.") { throw error }
      logger.warning("no time-stamp", metadata: ["gw.code": "\(error.code)", "gw.size": "\(newest.size)"])
      metrics.count("gateway_timestamp_failures_total", [("code", error.code.rawValue)])
      try await oweTimestamp(since: last?.size ?? 0, because: error.code, source.settings)
      return .failed
    }
  }
}
