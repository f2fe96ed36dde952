import Foundation
import JournalPostgres
import Synchronization

/// Stands between a program and its PostgreSQL, and, when told to, cuts the line behind a commit that took effect, before the answer to it, or all lines.
final class CuttingProxy: Sendable {
  let folder: String
  private let listening: Int32
  private let target: String
  private let state = Mutex(State())

  private struct State {
    var isArmed = false
    /// Whether the next cut begins a partition.
    var isLast = false
    var isParted = false
    var cuts = 0
    var lines: [Line] = []
  }

  /// The same database, by way of the proxy.
  func uri(of direct: PostgresURI) throws -> PostgresURI {
    try PostgresURI("\(direct.text.split(separator: "?")[0])?host=\(folder)&connect_timeout=60")
  }

  /// - Parameter target: path of the server's socket.
  init(to target: String) throws {
    self.target = target
    folder = FileManager.default.temporaryDirectory.appending(path: "cut-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    listening = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let isListening = Self.withAddress(of: folder + "/.s.PGSQL.5432") { bind(listening, $0, $1) == 0 && listen(listening, 16) == 0 }
    guard isListening else { throw CocoaError(.fileWriteUnknown) }
    Thread.detachNewThread { [self] in
      while true {
        let client = accept(listening, nil, nil)
        guard client >= 0 else { return }
        let server = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.withAddress(of: target, { connect(server, $0, $1) }) == 0 else { return }
        let line = Line(client: client, server: server)
        let isParted = state.withLock { state in
          state.lines.append(line)
          return state.isParted
        }
        if isParted { line.end() }
        Thread.detachNewThread { [self] in forward(from: client, to: server, line) }
        Thread.detachNewThread { [self] in answer(from: server, to: client, line) }
      }
    }
  }

  /// - Parameter forGood: whether nothing comes through any more after that, until ``heal()``.
  func cutAfterNextCommit(forGood: Bool = false) {
    state.withLock { state in
      state.isArmed = true
      state.isLast = forGood
    }
  }
  var cuts: Int { state.withLock { $0.cuts } }

  /// Cuts all lines, and those that are opened until ``heal()``.
  func part() {
    let lines = state.withLock { state in
      state.isParted = true
      return state.lines
    }
    for line in lines { line.end() }
  }

  func heal() { state.withLock { $0.isParted = false } }

  func stop() {
    shutdown(listening, Int32(SHUT_RDWR))
    close(listening)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// One connection of a program, and that of its server.
  private final class Line: Sendable {
    let client: Int32
    let server: Int32
    /// Whether what the server says next is the answer that gets lost.
    let isDoomed = Mutex(false)

    init(client: Int32, server: Int32) {
      self.client = client
      self.server = server
    }

    func end() {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
    }
  }

  private func forward(from source: Int32, to sink: Int32, _ line: Line) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(source, &buffer, buffer.count)
      guard count > 0 else { return line.end() }
      // The simple query: type, length, text, zero.
      if buffer[..<count].starts(with: [UInt8(ascii: "Q"), 0, 0, 0, 11] + Array("COMMIT".utf8)) {
        let isArmed = state.withLock { state in
          defer { state.isArmed = false }
          return state.isArmed
        }
        if isArmed { line.isDoomed.withLock { $0 = true } }
      }
      guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return line.end() }
    }
  }

  private func answer(from source: Int32, to sink: Int32, _ line: Line) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(source, &buffer, buffer.count)
      guard count > 0 else { return line.end() }
      if line.isDoomed.withLock({ $0 }) {
        let isLast = state.withLock { state in
          state.cuts += 1
          return state.isLast
        }
        if isLast { part() }
        return line.end()
      }
      guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return line.end() }
    }
  }

  private static func withAddress<Result>(of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }
}
