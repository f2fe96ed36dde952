import Synchronization

/// The server on which all tests have their databases: made at the first use.
package final class PostgresCluster: Sendable {
  /// - Throws: when no server is installed, or it does not start.
  package static var shared: PostgresCluster { get throws { try cluster.get() } }
  private static let cluster = Result { try PostgresCluster() }

  private let server: PostgresServer
  private static let databases = Mutex<Set<String>>([])

  private init() throws { server = try PostgresServer() }

  package var socketPath: String { server.socketPath }

  package func uri(_ database: String) -> String { server.uri(database) }

  /// Where a database is, which is made if there is none of that name.
  ///
  /// - Parameter name: letters, digits, `-` and `_`.
  package func database(_ name: String) throws -> String {
    precondition(name.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || (0x30...0x7A).contains($0) })
    if Self.databases.withLock({ $0.insert(name).inserted }) { try execute("CREATE DATABASE \"\(name)\"", in: "postgres") }
    return uri(name)
  }

  /// Removes a database, if it was made, under whoever uses it.
  package static func drop(_ name: String) {
    guard databases.withLock({ $0.remove(name) }) != nil else { return }
    _ = try? shared.execute("DROP DATABASE \"\(name)\" WITH (FORCE)", in: "postgres")
  }

  /// See ``PostgresServer/execute(_:in:)``.
  @discardableResult package func execute(_ sql: String, in database: String) throws -> [String] {
    try server.execute(sql, in: database)
  }
}
