import Glibc

/// How long one comparison may take.
struct Pace: Sendable {
  /// Rounds go on until this much time has passed, or `rounds.upperBound` of them were made, but never fewer than `rounds.lowerBound`.
  let seconds: Double
  let rounds: ClosedRange<Int>
  /// Rounds before those that count.
  let warmUp: Int

  static let full = Pace(seconds: 1.5, rounds: 9...4000, warmUp: 3)
  static let quick = Pace(seconds: 0.08, rounds: 2...200, warmUp: 1)
}

/// What one comparison gave: medians (or means) of single runs, in nanoseconds, and how many there were of each.
struct Comparison: Sendable {
  let candidate: Double
  let floor: Double
  let rounds: Int

  var ratio: Double { candidate / floor }

  /// The cost of one of `count` things that each run did.
  func divided(by count: Int) -> Comparison {
    Comparison(candidate: candidate / Double(count), floor: floor / Double(count), rounds: rounds)
  }
}

/// Measures two things in turn, so that whatever else the machine does meets both alike.
enum Stopwatch {
  /// Compares what only computes, by the processor time of the thread: other programs do not count.
  static func compare(_ pace: Pace, _ candidate: () throws -> Void, floor: () throws -> Void) rethrows -> Comparison {
    var series = Series(pace)
    for _ in 0..<pace.warmUp {
      try candidate()
      try floor()
    }
    while series.goesOn {
      if series.candidateIsFirst { series.candidates.append(try processorTime(candidate)) }
      series.floors.append(try processorTime(floor))
      if !series.candidateIsFirst { series.candidates.append(try processorTime(candidate)) }
      series.rounds += 1
    }
    return series.comparison
  }

  /// Compares what waits, for a disk or for other tasks, by the monotonic clock.
  static func compareWaiting(_ pace: Pace, _ candidate: () async throws -> Void, floor: () async throws -> Void) async rethrows
    -> Comparison
  {
    var series = Series(pace)
    for _ in 0..<pace.warmUp {
      try await candidate()
      try await floor()
    }
    while series.goesOn {
      if series.candidateIsFirst { series.candidates.append(try await elapsed(candidate)) }
      series.floors.append(try await elapsed(floor))
      if !series.candidateIsFirst { series.candidates.append(try await elapsed(candidate)) }
      series.rounds += 1
    }
    return series.comparison
  }

  /// Compares what waits by the clock, means instead of medians: what only some runs do, such as folding a log into its database, counts too.
  static func compareTotals(rounds: Int, _ candidate: () async throws -> Void, floor: () async throws -> Void) async rethrows -> Comparison
  {
    try await candidate()
    try await floor()
    var (candidates, floors) = (0.0, 0.0)
    for round in 0..<rounds {
      if round.isMultiple(of: 2) { candidates += try await elapsed(candidate) }
      floors += try await elapsed(floor)
      if !round.isMultiple(of: 2) { candidates += try await elapsed(candidate) }
    }
    return Comparison(candidate: candidates / Double(rounds), floor: floors / Double(rounds), rounds: rounds)
  }

  /// What was measured so far, and whether to go on. Who goes first changes with each round.
  private struct Series {
    let pace: Pace
    let begin = now()
    var candidates: [Double] = []
    var floors: [Double] = []
    var rounds = 0

    init(_ pace: Pace) { self.pace = pace }

    var candidateIsFirst: Bool { rounds.isMultiple(of: 2) }
    var goesOn: Bool {
      if rounds > 0, Task.isCancelled { return false }
      return rounds < pace.rounds.lowerBound || (now() - begin < pace.seconds * 1e9 && rounds < pace.rounds.upperBound)
    }
    var comparison: Comparison { Comparison(candidate: median(candidates), floor: median(floors), rounds: rounds) }
  }

  /// Processor time of the thread for one run, in nanoseconds.
  static func processorTime<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
    let begin = reading(of: CLOCK_THREAD_CPUTIME_ID)
    try body()
    return reading(of: CLOCK_THREAD_CPUTIME_ID) - begin
  }

  /// Time of one run by the monotonic clock, in nanoseconds.
  static func elapsed(_ body: () async throws -> Void) async rethrows -> Double {
    let begin = now()
    try await body()
    return now() - begin
  }

  /// The monotonic clock in nanoseconds.
  static func now() -> Double { reading(of: CLOCK_MONOTONIC) }

  /// Processor time that another process has used so far, in nanoseconds; 0 when there is no such process.
  static func processorTime(of process: Int32) -> Double {
    var clock = clockid_t()
    return clock_getcpuclockid(process, &clock) == 0 ? reading(of: clock) : 0
  }

  private static func reading(of clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }

  /// - Precondition: there is at least one value.
  static func median(_ values: [Double]) -> Double { percentile(50, of: values) }

  /// The smallest value that at least `rank` percent of the values do not exceed.
  ///
  /// - Parameter rank: 0…100.
  /// - Precondition: there is at least one value.
  static func percentile(_ rank: Double, of values: [Double]) -> Double {
    precondition(!values.isEmpty, "no measurements")
    let sorted = values.sorted()
    return sorted[max(0, min(sorted.count - 1, Int((Double(sorted.count) * rank / 100).rounded(.up)) - 1))]
  }
}

/// Keeps the optimiser from leaving out what makes the value.
@inline(never)
func consume<Value>(_ value: Value) {}
