package import Primitives

/// How much one partner may send: so many messages, and so many bytes of them, a minute.
package struct Quota: Hashable, Sendable {
  /// At least 1.
  package let messagesPerMinute: Int
  /// At least 1.
  package let bytesPerMinute: Int

  package init(messagesPerMinute: Int, bytesPerMinute: Int) {
    precondition(messagesPerMinute >= 1 && bytesPerMinute >= 1, "a quota lets something through")
    self.messagesPerMinute = messagesPerMinute
    self.bytesPerMinute = bytesPerMinute
  }
}

/// What is left of a quota: a token bucket that holds the quota of one minute and fills steadily.
///
/// A pure value; whoever answers the partner owns it. A partner may send what a minute allows all at once, and goes on at the pace of its quota.
/// One that has sent too much is asked to wait until a quarter of its minute is there again, so that it comes back with many messages and not with
/// one that is turned away sixteen times.
package struct QuotaMeter: Hashable, Sendable {
  package let quota: Quota
  /// What is left of messages and bytes; a message or a byte is 60,000, so that each millisecond brings a whole number.
  private var messages: Int64
  /// Below zero after a message that was larger than what was left: that is waited for.
  private var bytes: Int64
  private var asOf: Instant

  private static let unit: Int64 = 60_000

  /// A full one.
  package init(_ quota: Quota, at now: Instant) {
    self.quota = quota
    messages = Int64(quota.messagesPerMinute) * Self.unit
    bytes = Int64(quota.bytesPerMinute) * Self.unit
    asOf = now
  }

  /// Takes one message out, if there is one left and anything of the bytes.
  ///
  /// - Parameter size: of the message in bytes; 0 while it is not known, see ``charge(_:)``.
  /// - Returns: nil when it was taken; otherwise nothing was, and in so many seconds there is a quarter of a minute's quota again. At least 1.
  package mutating func take(_ size: Int, at now: Instant) -> Int? {
    fill(to: now)
    let (isMessageLeft, areBytesLeft) = (messages >= Self.unit, bytes > 0)
    guard isMessageLeft, areBytesLeft else {
      let waits = [
        isMessageLeft ? 0 : Self.wait(from: messages, at: quota.messagesPerMinute),
        areBytesLeft ? 0 : Self.wait(from: bytes, at: quota.bytesPerMinute),
      ]
      return Int((max(waits[0], waits[1]) + 999) / 1000)
    }
    messages -= Self.unit
    charge(size)
    return nil
  }

  /// Bytes of a message that has been taken out, as soon as they are known.
  package mutating func charge(_ size: Int) { bytes -= Int64(size) * Self.unit }

  private mutating func fill(to now: Instant) {
    // A clock that was set back brings nothing, and takes nothing away.
    let elapsed = max(now.milliseconds - asOf.milliseconds, 0)
    asOf = now
    messages = Self.filled(messages, at: quota.messagesPerMinute, for: elapsed)
    bytes = Self.filled(bytes, at: quota.bytesPerMinute, for: elapsed)
  }

  private static func filled(_ level: Int64, at perMinute: Int, for milliseconds: Int64) -> Int64 {
    let (full, rate) = (Int64(perMinute) * unit, Int64(perMinute))
    return milliseconds >= (full - level) / rate + 1 ? full : level + milliseconds * rate
  }

  /// Milliseconds until a quarter of a minute's quota is there, and at least one.
  private static func wait(from level: Int64, at perMinute: Int) -> Int64 {
    let target = max(unit, Int64(perMinute) * unit / 4)
    let rate = Int64(perMinute)
    return max(1, (target - level + rate - 1) / rate)
  }
}
