import Exchange
import Primitives
import TestSupport
import Testing

@Suite struct QuotaTests {
  let start = Instant(milliseconds: 1_800_000_000_000)

  @Test func aMinuteAtOnceAndThenThePace() {
    var meter = QuotaMeter(Quota(messagesPerMinute: 60, bytesPerMinute: 1 << 20), at: start)
    for _ in 0..<60 { #expect(meter.take(10, at: start) == nil) }
    #expect(meter.take(10, at: start) == 15, "until a quarter of the minute is there")
    #expect(meter.take(10, at: start.adding(milliseconds: 999)) == 15, "14.001 seconds, in whole ones")
    #expect(meter.take(10, at: start.adding(seconds: 1)) == nil, "whoever comes earlier finds what is there")
    #expect(meter.take(10, at: start.adding(seconds: 1)) == 15)
    let later = start.adding(seconds: 16)
    for _ in 0..<15 { #expect(meter.take(10, at: later) == nil) }
    #expect(meter.take(10, at: later) != nil)
    // Never more than a minute's quota, however long nothing came.
    let nextDay = start.adding(seconds: 86_400)
    for _ in 0..<60 { #expect(meter.take(10, at: nextDay) == nil) }
    #expect(meter.take(10, at: nextDay) == 15)
  }

  @Test func aSmallQuotaWaitsForOneMessage() {
    var meter = QuotaMeter(Quota(messagesPerMinute: 1, bytesPerMinute: 1000), at: start)
    #expect(meter.take(0, at: start) == nil)
    #expect(meter.take(0, at: start) == 60)
    #expect(meter.take(0, at: start.adding(seconds: 60)) == nil)
  }

  /// A message that is larger than what is left goes, for there would never be enough for it; what it takes too much is waited for.
  @Test func bytes() {
    var meter = QuotaMeter(Quota(messagesPerMinute: 1000, bytesPerMinute: 6000), at: start)
    #expect(meter.take(6000, at: start) == nil)
    #expect(meter.take(1, at: start) == 15)
    let soon = start.adding(seconds: 1)
    #expect(meter.take(12_100, at: soon) == nil, "100 bytes are there")
    #expect(meter.take(1, at: soon) == 135, "12,000 and a quarter of 6,000, at 100 a second")
    #expect(meter.take(1, at: soon.adding(seconds: 120)) == 15)
    #expect(meter.take(1, at: soon.adding(seconds: 121)) == nil)
    // One that did not say how large it is.
    var other = QuotaMeter(Quota(messagesPerMinute: 1000, bytesPerMinute: 6000), at: start)
    #expect(other.take(0, at: start) == nil)
    other.charge(7000)
    #expect(other.take(0, at: start) == 25)
  }

  @Test func aClockThatIsSetBackGivesNothing() {
    var meter = QuotaMeter(Quota(messagesPerMinute: 2, bytesPerMinute: 1000), at: start)
    for _ in 0..<2 { #expect(meter.take(0, at: start) == nil) }
    #expect(meter.take(0, at: start.adding(seconds: -3600)) == 30)
    #expect(meter.take(0, at: start.adding(seconds: -3570)) == nil, "and takes nothing away")
  }

  /// Whatever comes when: over no span of time more than a minute's quota and what the span brings.
  @Test func neverMoreThanAgreed() {
    var random = SplitMix(state: 11)
    for _ in 0..<50 {
      let quota = Quota(messagesPerMinute: Int.random(in: 1...200, using: &random), bytesPerMinute: 1 << 30)
      var meter = QuotaMeter(quota, at: start)
      var taken: [Int64] = []
      var now: Int64 = 0
      for _ in 0..<2000 {
        now += Int64.random(in: 0...400, using: &random)
        if let seconds = meter.take(1, at: start.adding(milliseconds: now)) {
          #expect((1...60).contains(seconds))
          if Bool.random(using: &random) { now += Int64(seconds) * 1000 }
        } else {
          taken.append(now)
        }
      }
      for first in stride(from: 0, to: taken.count, by: 37) {
        for last in stride(from: first, to: taken.count, by: 53) {
          let span = taken[last] - taken[first]
          #expect(Int64(last - first) <= Int64(quota.messagesPerMinute) * (60_000 + span) / 60_000)
        }
      }
      #expect(taken.count > 1)
    }
  }
}
