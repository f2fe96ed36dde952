import Primitives
import Synchronization

/// Changes that wait for their turn at the journal's door, and whose turn it is.
///
/// A lock guards it, not the journal's actor: whoever waits, waits in the own task, and a crowd is woken without each of it going through the
/// actor twice.
final class ChangeQueue: Sendable {
  struct Waiting: Sendable {
    let change: Change
    let weight: Int
    let continuation: CheckedContinuation<Turn, Never>
  }

  /// What a waiting caller is woken with.
  enum Turn: Sendable {
    case decided(GroupWriter.Verdict)
    /// Commit the next group, your own change first.
    case lead
  }

  private struct State {
    var waiting: [Waiting] = []
    var waitingBytes = 0
    /// Whether some caller is committing a group; it hands over to the first who waits.
    var isBusy = false
    var isClosed = false
    var fault: CausewayError?
    var closers: [CheckedContinuation<Void, Never>] = []
    /// Changes in the last group: more than one when several callers write at the same time.
    var lastGroupCount = 0
    /// Groups that do not wait for company, because it did not come.
    var groupsWithoutWait = 0
  }

  private let limits: Journal.Limits
  private let state = Mutex(State())

  init(limits: Journal.Limits) { self.limits = limits }

  var count: Int { state.withLock { $0.waiting.count } }

  /// Why writing has stopped, or nil.
  var fault: CausewayError? { state.withLock { $0.fault } }

  /// Set once; only a restart clears it.
  func stop(_ reason: CausewayError) {
    state.withLock { if $0.fault == nil { $0.fault = reason } }
  }

  /// - Throws: `journal.faulted`, `journal.closed`.
  func checkOpen() throws(CausewayError) {
    if let error = state.withLock({ Self.closedError($0) }) { throw error }
  }

  /// Waits for its turn or for what became of the change.
  ///
  /// - Returns: at once with a failure when the change may not wait: `journal.overloaded`, `journal.faulted`, `journal.closed`.
  nonisolated(nonsending) func turn(for change: Change) async -> Turn {
    let weight = change.weight
    return await withCheckedContinuation { continuation in
      let turn = state.withLock { state -> Turn? in
        if let error = Self.closedError(state) { return .decided(.failure(error)) }
        guard state.isBusy else {
          state.isBusy = true
          return .lead
        }
        guard state.waiting.count < limits.queuedChanges,
          state.waiting.isEmpty || state.waitingBytes + weight <= limits.queuedBytes
        else { return .decided(.failure(CausewayError("journal.overloaded", facts: ["limit": String(limits.queuedChanges)]))) }
        state.waiting.append(Waiting(change: change, weight: weight, continuation: continuation))
        state.waitingBytes += weight
        return nil
      }
      if let turn { continuation.resume(returning: turn) }
    }
  }

  /// Lets in those who were woken with the group before and may have more to write. Without a turn for them they would always miss this
  /// group by a moment, and two halves of a crowd would take turns, each with its own commit. Whoever writes alone does not wait, and after
  /// a wait in vain the next groups do without.
  nonisolated(nonsending) func waitForCompany() async {
    let (before, company) = state.withLock { state in
      guard state.groupsWithoutWait == 0 else {
        state.groupsWithoutWait -= 1
        return (0, 0)
      }
      return (state.waiting.count, state.lastGroupCount - 1)
    }
    guard company > 0 else { return }
    let end = ContinuousClock.now + Self.patience
    while count < before + company, ContinuousClock.now < end { await Self.giveTurn() }
    state.withLock { if 4 * ($0.waiting.count - before) <= company { $0.groupsWithoutWait = 16 } }
  }

  /// Off the caller's actor, if it has one: a yield on it would come back before anybody else was scheduled.
  @concurrent private static func giveTurn() async { await Task.yield() }

  /// Some hundred writers come within it; no more than a commit takes on most disks.
  private static let patience = Duration.milliseconds(1)

  /// Those who go into one group with a change of this weight.
  func takeFollowers(of leaderWeight: Int) -> [Waiting] {
    state.withLock { state in
      var count = 0
      var bytes = leaderWeight
      while count < state.waiting.count, count + 1 < limits.groupChanges, bytes + state.waiting[count].weight <= limits.groupBytes {
        bytes += state.waiting[count].weight
        count += 1
      }
      let followers = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      state.waitingBytes -= bytes - leaderWeight
      state.lastGroupCount = 1 + count
      return followers
    }
  }

  /// Gives the turn to the first who waits, or leaves the door free.
  func handOver() {
    let (next, closers) = state.withLock { state -> (Waiting?, [CheckedContinuation<Void, Never>]) in
      guard !state.waiting.isEmpty else {
        state.isBusy = false
        defer { state.closers = [] }
        return (nil, state.closers)
      }
      let next = state.waiting.removeFirst()
      state.waitingBytes -= next.weight
      return (next, [])
    }
    next?.continuation.resume(returning: .lead)
    for closer in closers { closer.resume() }
  }

  /// Refuses whoever comes from now on. Returns when nobody waits any more.
  func close() async {
    await withCheckedContinuation { closer in
      let isFree = state.withLock { state in
        state.isClosed = true
        if state.isBusy { state.closers.append(closer) }
        return !state.isBusy
      }
      if isFree { closer.resume() }
    }
  }

  private static func closedError(_ state: State) -> CausewayError? {
    if let fault = state.fault { return .faulted(fault) }
    return state.isClosed ? CausewayError("journal.closed") : nil
  }
}

extension CausewayError {
  /// What a change is refused with after writing has stopped.
  static func faulted(_ fault: CausewayError) -> CausewayError {
    CausewayError("journal.faulted", facts: ["cause": fault.code.rawValue], underlying: fault.description)
  }
}
