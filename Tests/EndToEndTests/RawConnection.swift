import Foundation
import Glibc
import Testing

/// A plain TCP connection to this machine: sends exactly what it is told, also what no HTTP library would.
final class RawConnection {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    try #require(descriptor >= 0 && connected == 0)
  }

  deinit { close(descriptor) }

  /// - Returns: how many bytes the other side took before it closed.
  @discardableResult func send(_ text: String) -> Int { send(Array(text.utf8)) }

  @discardableResult func send(_ bytes: [UInt8]) -> Int {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { break }
      sent += count
    }
    return sent
  }

  /// What comes until the other side closes or is silent for so long.
  func receive(silenceMilliseconds: Int32 = 1000) -> (text: String, isClosed: Bool) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard Glibc.poll(&poll, 1, silenceMilliseconds) > 0 else { return (String(decoding: bytes, as: UTF8.self), false) }
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return (String(decoding: bytes, as: UTF8.self), true) }
      bytes += buffer[..<count]
    }
  }
}
