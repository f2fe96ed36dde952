import Glibc
import JournalSQL
package import Primitives

/// A connection of its own on which the database tells of each commit of another process.
package actor PostgresListener {
  private let executor = SerialQueueExecutor(label: "journal.listener")
  private let uri: PostgresURI
  /// Name of the process whose commits are not told.
  private let ownName: String
  private var connection: PostgresConnection?

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ uri: PostgresURI, ignoring ownName: String) {
    self.uri = uri
    self.ownName = ownName
  }

  /// Waits until another process may have committed.
  ///
  /// - Parameter milliseconds: at most that long; 1…60,000.
  /// - Returns: whether there may be something new: a commit was told, or the connection had to be opened, so that some may have been missed.
  /// - Throws: `journal.unreachable` and what else opening throws; try again after a pause.
  package func wait(atMost milliseconds: Int) throws(CausewayError) -> Bool {
    guard let connection, !connection.isLost else {
      connection = nil
      let new = try PostgresConnection(uri)
      try new.execute(script: "LISTEN causeway_journal")
      connection = new
      return true
    }
    var descriptor = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
    // The queue is the listener's own.
    guard poll(&descriptor, 1, Int32(milliseconds)) > 0 else { return false }
    return try connection.notifications().contains { !$0.hasSameBytes(as: ownName) }
  }

  package func close() { connection = nil }
}
