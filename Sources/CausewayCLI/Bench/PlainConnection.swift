import Dispatch
import Glibc
import JSONTree
import Primitives

/// An HTTP/1.1 connection to the inside API of a gateway on this machine, kept open, on a blocking socket: the bench's client shares the processors with
/// what it measures, and `URLSession` would take a millisecond for each request.
///
/// One request at a time.
final class PlainConnection: @unchecked Sendable {
  // Sendable by hand: only the queue touches the socket.
  private let socket: Int32
  private let queue = DispatchQueue(label: "bench.connection")
  private let head: String

  /// How long an answer may take, in seconds.
  private static let patience = 60

  /// - Throws: `deliver.unreachable`.
  init(to site: DemoWorld.Site) throws(CausewayError) {
    head = "Host: 127.0.0.1:\(site.insidePort)\r\nAuthorization: Bearer \(site.token.exposed)\r\nContent-Type: application/xml\r\n"
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(site.insidePort).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        connect(socket, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected, setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0 else {
      close(socket)
      throw CausewayError("deliver.unreachable")
    }
  }

  deinit { close(socket) }

  /// - Throws: `deliver.unreachable`, `deliver.answer` for any answer but a 2xx; `parse.json_*`.
  func post(_ path: String, idempotencyKey: String, _ body: [UInt8]) async throws(CausewayError) -> JSONValue {
    let request =
      Array(
        "POST \(path) HTTP/1.1\r\n\(head)Idempotency-Key: \(idempotencyKey)\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    let answer = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: Result { () throws(CausewayError) in try self.exchange(request) }) }
    }
    return try JSONValue.parse(try answer.get())
  }

  private func exchange(_ request: [UInt8]) throws(CausewayError) -> [UInt8] {
    var sent = 0
    while sent < request.count {
      let count = request.withUnsafeBytes { bytes in
        send(socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw CausewayError("deliver.unreachable") }
      sent += count
    }
    var answer: [UInt8] = []
    while true {
      if let body = try Self.body(of: answer) { return body }
      let received = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
        count = max(0, recv(socket, buffer.baseAddress, buffer.count, 0))
      }
      guard !received.isEmpty else { throw CausewayError("deliver.unreachable") }
      answer += received
    }
  }

  /// The body of an answer; nil while some of it has not come.
  ///
  /// - Throws: `deliver.answer` for another status than 2xx, and for an answer that does not state its length.
  static func body(of answer: [UInt8]) throws(CausewayError) -> [UInt8]? {
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    let lengths = lines.dropFirst().compactMap { line -> Int? in
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
      return Int(parts[1].drop { $0 == " " })
    }
    guard (200..<300).contains(status), let length = lengths.first, length >= 0 else {
      throw CausewayError("deliver.answer", facts: ["status": String(status)])
    }
    let body = answer[end.upperBound...]
    return body.count < length ? nil : Array(body.prefix(length))
  }
}
