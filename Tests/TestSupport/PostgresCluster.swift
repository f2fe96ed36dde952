import CPQ
import Foundation
import Synchronization

/// A PostgreSQL of the test process's own: made at the first use, on a socket in a folder of its own, and gone with the process, however that ends.
package final class PostgresCluster: Sendable {
  /// - Throws: when no server is installed, or it does not start.
  package static var shared: PostgresCluster { get throws { try cluster.get() } }
  private static let cluster = Result { try PostgresCluster() }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let folder: String
  private static let databases = Mutex<Set<String>>([])
  /// The supervisor ends the server when this closes: with the last of the process's descriptors at the latest.
  private let lifeline: FileHandle

  private init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "pg-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let supervisor = Process()
    let script = """
      "$2/initdb" -D "$1/data" -U causeway -A trust --no-sync -E UTF8 --locale=C >"$1/log" 2>&1 || exit 1
      "$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=600 -c max_wal_size=2GB >>"$1/log" 2>&1 &
      server=$!
      cat >/dev/null
      kill -QUIT $server
      wait $server
      rm -rf "$1"
      """
    let command = ["/bin/sh", "-c", script, "sh", folder, try Self.programs()]
    // The server refuses to run as root.
    if geteuid() == 0, let nobody = getpwnam("nobody") {
      guard chown(folder, nobody.pointee.pw_uid, nobody.pointee.pw_gid) == 0 else { throw Failure(description: "chown: errno \(errno)") }
      supervisor.executableURL = URL(filePath: "/usr/bin/setpriv")
      supervisor.arguments = ["--reuid=\(nobody.pointee.pw_uid)", "--regid=\(nobody.pointee.pw_gid)", "--clear-groups", "--"] + command
    } else {
      supervisor.executableURL = URL(filePath: command[0])
      supervisor.arguments = Array(command.dropFirst())
    }
    let pipe = Pipe()
    lifeline = pipe.fileHandleForWriting
    // No other program that the tests start may keep it open.
    _ = fcntl(lifeline.fileDescriptor, F_SETFD, FD_CLOEXEC)
    supervisor.standardInput = pipe.fileHandleForReading
    supervisor.standardOutput = FileHandle.nullDevice
    supervisor.standardError = FileHandle.nullDevice
    try supervisor.run()
    let deadline = Date.now.addingTimeInterval(60)
    while PQping(uri("postgres")) != PQPING_OK {
      guard supervisor.isRunning, Date.now < deadline else {
        throw Failure(description: "PostgreSQL does not start: " + ((try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""))
      }
      usleep(20_000)
    }
  }

  private static func programs() throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
    guard let newest = versions.max() else {
      throw Failure(description: "no PostgreSQL server in \(root): `scripts/setup postgresql` installs one")
    }
    return "\(root)/\(newest)/bin"
  }

  package var socketPath: String { folder + "/.s.PGSQL.5432" }

  package func uri(_ database: String) -> String { "postgresql://causeway@/\(database)?host=\(folder)" }

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

  /// Runs statements as somebody else who has the database's password.
  ///
  /// - Returns: the first column of the last statement's rows; "" for NULL.
  @discardableResult package func execute(_ sql: String, in database: String) throws -> [String] {
    let connection = PQconnectdb(uri(database))
    defer { PQfinish(connection) }
    let result = PQexec(connection, sql)
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK else {
      throw Failure(description: "\(String(cString: PQerrorMessage(connection))): \(sql)")
    }
    return (0..<PQntuples(result)).map { PQnfields(result) > 0 ? String(cString: PQgetvalue(result, $0, 0)) : "" }
  }
}
