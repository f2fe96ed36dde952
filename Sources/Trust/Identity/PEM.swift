import Primitives

/// Text form of DER structures: RFC 7468, read strictly.
enum PEM {
  /// The content of the one block that the text consists of.
  ///
  /// - Throws: `key.pem` unless there is exactly one block, with this label, and nothing else but white space around it.
  static func singleBlock(_ text: String, label: String) throws(CausewayError) -> [UInt8] {
    let found = try blocks(text, label: label)
    guard found.count == 1 else { throw CausewayError("key.pem", facts: ["label": label]) }
    return found[0]
  }

  /// The contents of all blocks, in order; every block must have this label.
  ///
  /// - Throws: `key.pem` when there is no block, a block with another label, or text between the blocks.
  static func blocks(_ text: String, label: String) throws(CausewayError) -> [[UInt8]] {
    let error = CausewayError("key.pem", facts: ["label": label])
    guard text.utf8.count <= 1 << 20 else { throw error }
    let begin = Array("-----BEGIN \(label)-----".utf8)
    let end = Array("-----END \(label)-----".utf8)
    var found: [[UInt8]] = []
    var body: [UInt8] = []
    var isOpen = false
    for piece in text.utf8.split(omittingEmptySubsequences: true, whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      var line = Array(piece)
      while line.last == 0x20 || line.last == 0x09 { line.removeLast() }
      if line.isEmpty { continue }
      if !isOpen {
        guard line == begin else { throw error }
        isOpen = true
        body = []
      } else if line == end {
        guard let bytes = Base64.decode(String(decoding: body, as: UTF8.self)), !bytes.isEmpty else { throw error }
        found.append(bytes)
        isOpen = false
      } else {
        body += line
      }
    }
    guard !isOpen, !found.isEmpty else { throw error }
    return found
  }

  static func encode(_ der: [UInt8], label: String) -> String {
    let symbols = Array(Base64.encode(der).utf8)
    let lines = stride(from: 0, to: symbols.count, by: 64).map { start in
      String(decoding: symbols[start..<min(start + 64, symbols.count)], as: UTF8.self)
    }
    return (["-----BEGIN \(label)-----"] + lines + ["-----END \(label)-----", ""]).joined(separator: "\n")
  }
}
