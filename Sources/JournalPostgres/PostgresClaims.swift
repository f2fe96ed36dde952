import JournalSQL
import Primitives

/// What this process alone works on, of all that share the database: advisory locks of a session of its own.
///
/// They are no rows: nothing is written, no clock is read, and there is nothing to clean up behind a process that dies. The server gives them back when the
/// session ends: at once when the process is killed, and after some seconds of silence when it is stopped, its machine is gone, or the network is.
actor PostgresClaims {
  private let executor = SerialQueueExecutor(label: "journal.claims")
  private let uri: PostgresURI
  /// After which a session that says nothing is ended by the server (from PostgreSQL 14; before, only when its machine cannot be reached).
  private let silenceSeconds: Int
  private var connection: PostgresConnection?
  private var held: Set<ByteString> = []
  private var isClosed = false

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ uri: PostgresURI, silenceSeconds: Int) {
    self.uri = uri
    self.silenceSeconds = silenceSeconds
  }

  /// - Returns: of the names, in their order, those that nobody had; at most `limit`.
  /// - Throws: `journal.unreachable` and what else a connection throws.
  func claim(_ names: [String], atMost limit: Int) throws(CausewayError) -> [String] {
    let connection = try open()
    var rest = names.filter { !held.contains(ByteString($0)) }[...]
    var claimed: [String] = []
    while claimed.count < limit, !rest.isEmpty {
      let tried = rest.prefix(limit - claimed.count)
      rest = rest.dropFirst(tried.count)
      let taken = Set(try connection.lock(tried).map { ByteString($0) })
      held.formUnion(taken)
      claimed += tried.filter { taken.contains(ByteString($0)) }
    }
    return claimed
  }

  /// Names that are not held any more are left alone.
  func release(_ names: [String]) {
    let names = names.filter { held.remove(ByteString($0)) != nil }
    guard !names.isEmpty, let connection else { return }
    do throws(CausewayError) {
      try connection.unlock(names)
    } catch {
      drop()
    }
  }

  /// A sign of life. A session that is gone has lost everything that was held.
  func keep() {
    guard let connection else { return }
    do throws(CausewayError) {
      try connection.run("SELECT 1")
    } catch {
      drop()
    }
  }

  func close() {
    isClosed = true
    drop()
  }

  private func drop() {
    connection = nil
    held = []
  }

  private func open() throws(CausewayError) -> PostgresConnection {
    guard !isClosed else { throw CausewayError("journal.closed") }
    if let connection, !connection.isLost { return connection }
    drop()
    let new = try PostgresConnection(uri)
    try new.endWhenSilent(afterSeconds: silenceSeconds)
    connection = new
    return new
  }
}

extension PostgresConnection {
  /// Has the server end this session when the process, its machine or the network between them is gone.
  fileprivate func endWhenSilent(afterSeconds seconds: Int) throws(CausewayError) {
    try execute(script: "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3")
    if version >= 14_00_00 { try execute(script: "SET idle_session_timeout = \(seconds * 1000)") }
  }

  fileprivate func lock(_ names: ArraySlice<String>) throws(CausewayError) -> [String] {
    let values = names.map { _ in "(?::text)" }.joined(separator: ", ")
    let rows = try rows(
      assembled: "SELECT name, pg_try_advisory_lock(hashtextextended(name, 0))::integer FROM (VALUES \(values)) AS claim (name)",
      names.map { .text($0) }
    ) { row throws(CausewayError) in (name: try row.text(0), isTaken: try row.int(1) == 1) }
    return rows.filter(\.isTaken).map(\.name)
  }

  fileprivate func unlock(_ names: [String]) throws(CausewayError) {
    let values = names.map { _ in "(?::text)" }.joined(separator: ", ")
    _ = try rows(
      assembled: "SELECT pg_advisory_unlock(hashtextextended(name, 0))::integer FROM (VALUES \(values)) AS claim (name)",
      names.map { .text($0) }
    ) { row throws(CausewayError) in try row.int(0) }
  }
}
