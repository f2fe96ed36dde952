import CPQ
import Glibc
package import Primitives

/// Where a PostgreSQL journal is: a libpq connection URI, `postgresql://[user@]host[:port][,host…]/database[?option=value…]`.
///
/// Hosts, TLS (`sslmode`, `sslrootcert`, `sslcert` …) and the file with the password (`passfile`) are the operator's. Without
/// `target_session_attrs` it is the server that takes writes which is looked for among the hosts.
/// - SeeAlso: https://www.postgresql.org/docs/15/libpq-connect.html
package struct PostgresURI: Sendable {
  package let text: String

  /// - Throws: `journal.uri_invalid` when libpq does not understand it, or it holds a password: that belongs into a file.
  package init(_ text: String) throws(CausewayError) {
    var message: UnsafeMutablePointer<CChar>?
    guard text.hasPrefix("postgresql://") || text.hasPrefix("postgres://"), let options = PQconninfoParse(text, &message) else {
      PQfreemem(message)
      throw CausewayError("journal.uri_invalid", facts: ["reason": "form"])
    }
    defer { PQconninfoFree(options) }
    var option = options
    while let keyword = option.pointee.keyword {
      if String(cString: keyword) == "password", option.pointee.val != nil {
        throw CausewayError("journal.uri_invalid", facts: ["reason": "password"])
      }
      option += 1
    }
    self.text = text
  }

  /// What holds unless the URI says otherwise. A server that does not answer is given up within some ten seconds.
  private static let defaults = [
    ("application_name", "causeway"), ("target_session_attrs", "read-write"), ("connect_timeout", "5"), ("keepalives_idle", "5"),
    ("keepalives_interval", "2"), ("keepalives_count", "3"), ("tcp_user_timeout", "10000"),
  ]

  /// - Returns: a connection, whose owner finishes it.
  /// - Throws: `journal.unreachable`.
  func connect() throws(CausewayError) -> OpaquePointer {
    let options = Self.defaults + [("dbname", text), ("client_encoding", "UTF8")]
    let strings = options.map { (strdup($0.0), strdup($0.1)) }
    defer {
      for (keyword, value) in strings {
        free(keyword)
        free(value)
      }
    }
    let keywords = strings.map { UnsafePointer($0.0) } + [nil]
    let values = strings.map { UnsafePointer($0.1) } + [nil]
    guard let handle = PQconnectdbParams(keywords, values, 1) else { throw CausewayError("journal.unreachable") }
    guard PQstatus(handle) == CONNECTION_OK else {
      // Names hosts, user and database; a password it does not.
      let text = String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: "; ")
      PQfinish(handle)
      throw CausewayError("journal.unreachable", underlying: text)
    }
    return handle
  }
}
