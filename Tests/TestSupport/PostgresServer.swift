import CPQ
import Foundation

/// A PostgreSQL server of the test process's own, on a socket in a folder of its own: gone with the process, however that ends.
package final class PostgresServer: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let folder: String
  /// Ends the server when its input ends: with the tests at the latest.
  private let supervisor: ChildProcess

  /// - Parameters:
  ///   - settings: beside those in which all servers of tests are alike, as `name=value`.
  ///   - primary: which this one is a standby of; nil: a new cluster.
  /// - Throws: when no server is installed, or it does not start.
  package init(settings: [String] = [], standbyOf primary: PostgresServer? = nil) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "pg-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let script = """
      folder=$1 programs=$2 primary=$3
      shift 3
      if [ -n "$primary" ]; then
        "$programs/pg_basebackup" -D "$folder/data" -h "$primary" -U causeway -R -X stream -c fast --no-sync >"$folder/log" 2>&1 || exit 1
      else
        "$programs/initdb" -D "$folder/data" -U causeway -A trust --no-sync -E UTF8 --locale=C >"$folder/log" 2>&1 || exit 1
      fi
      "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=600 -c max_wal_size=2GB "$@" >>"$folder/log" 2>&1 &
      server=$!
      cat >/dev/null
      # Again and again: a server that has just been started ignores it.
      (while kill -QUIT $server; do sleep 1; done) 2>/dev/null &
      repetition=$!
      wait $server
      kill $repetition 2>/dev/null
      rm -rf "$folder"
      """
    let options = (settings + (primary == nil ? [] : ["cluster_name=standby"])).flatMap { ["-c", $0] }
    var command = ["/bin/sh", "-c", script, "sh", folder, try Self.programs(), primary?.folder ?? ""] + options
    // The server refuses to run as root.
    if geteuid() == 0, let nobody = getpwnam("nobody") {
      guard chown(folder, nobody.pointee.pw_uid, nobody.pointee.pw_gid) == 0 else { throw Failure(description: "chown: errno \(errno)") }
      command =
        ["/usr/bin/setpriv", "--reuid=\(nobody.pointee.pw_uid)", "--regid=\(nobody.pointee.pw_gid)", "--clear-groups", "--"] + command
    }
    supervisor = try ChildProcess(command, input: .pipe, errors: .nothing)
    let deadline = Date.now.addingTimeInterval(120)
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

  /// With patience: beside everything else that the tests do at the same time, a connection may take some seconds.
  package func uri(_ database: String) -> String { "postgresql://causeway@/\(database)?host=\(folder)&connect_timeout=60" }

  /// Ends the server at once, with everything that it has begun, as if its machine had lost power.
  package func kill() throws { try signal(SIGKILL) }
  /// Stops the server and all that it has begun: connections stay open, and nobody answers.
  package func freeze() throws { try signal(SIGSTOP) }
  package func thaw() throws { try signal(SIGCONT) }

  private func signal(_ signal: Int32) throws {
    let file = try String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
    guard let process = file.split(separator: "\n").first.flatMap({ pid_t($0) }), process > 1 else {
      throw Failure(description: "no process id in postmaster.pid")
    }
    let children = (try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)) ?? ""
    for id in [process] + children.split(separator: " ").compactMap({ pid_t($0) }) { _ = Foundation.kill(id, signal) }
  }

  /// Makes a standby the primary. Returns when it takes writes.
  package func promote() throws {
    guard try execute("SELECT pg_promote(true, 60)", in: "postgres") == ["t"] else { throw Failure(description: "was not promoted") }
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
