import Foundation
import Primitives

/// The files of a folder as whoever steals the disk has them.
struct RawFiles {
  private let files: [(name: String, data: Data)]

  init(_ folder: String) throws {
    files = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().compactMap { name in
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), !isFolder.boolValue else { return nil }
      return (name, try Data(contentsOf: URL(filePath: folder + "/" + name)))
    }
  }

  var byteCount: Int { files.reduce(0) { $0 + $1.data.count } }
  var names: [String] { files.map(\.name) }

  func hold(_ bytes: some Collection<UInt8>) -> Bool {
    let needle = Array(bytes)
    return files.contains { file in file.data.withUnsafeBytes { Self.find(needle, in: $0) } }
  }

  /// By the C library: there are thousands of searches in megabytes.
  private static func find(_ needle: [UInt8], in data: UnsafeRawBufferPointer) -> Bool {
    guard let start = data.baseAddress, let first = needle.first, data.count >= needle.count else { return false }
    var (next, left) = (start, data.count - needle.count + 1)
    while left > 0, let found = memchr(next, Int32(first), left) {
      if memcmp(found, needle, needle.count) == 0 { return true }
      left -= UnsafeRawPointer(found) - next + 1
      next = UnsafeRawPointer(found) + 1
    }
    return false
  }

  /// The forms of a secret that stand in the files: plain, hexadecimal in either case, and base64 wherever the secret begins in a longer text.
  func forms(of secret: [UInt8]) -> [String] {
    var found: [String] = []
    if hold(secret) { found.append("plain") }
    let hex = Hex.encode(secret)
    if hold(hex.utf8) { found.append("hex") }
    if hold(hex.uppercased().utf8) { found.append("HEX") }
    for shift in 0..<3 {
      let longer = [UInt8](repeating: 0x20, count: shift) + secret
      // What the bytes before and after it decide is left out.
      let text = Array(Base64.encode(Array(longer.prefix(longer.count / 3 * 3))).utf8).dropFirst(shift == 0 ? 0 : 4)
      let url = text.map { $0 == 0x2B ? 0x2D : $0 == 0x2F ? 0x5F : $0 }
      // Shorter ones stand there by chance: what is left of "8500.00000" is in the times of receipts.
      if text.count >= 12, hold(text) || hold(url) { found.append("base64+\(shift)") }
    }
    return found
  }
}
