package import Primitives

/// A table in CSV (RFC 4180, UTF-8, LF or CRLF), read strictly: every row has exactly the columns of the header.
///
/// Lines before the header that start with `#` hold facts about the table, one `# key: value` each. Empty lines are refused.
package struct CSVTable: Sendable {
  package struct Row: Sendable {
    /// From 1, the line where the row starts.
    package let line: Int
    package let fields: [String]
  }

  /// Name of the file, for messages.
  package let file: String
  package let facts: [String: String]
  package let columns: [String]
  package let rows: [Row]

  /// Parses a whole file.
  ///
  /// - Throws: `config.csv_malformed` with file, line and reason.
  /// - Complexity: O(bytes).
  package static func parse(_ bytes: [UInt8], file: String) throws(CausewayError) -> CSVTable {
    var reader = Reader(bytes: bytes, file: file)
    return try reader.table()
  }

  /// Position of a column that must be there.
  ///
  /// - Throws: `config.csv_malformed`.
  package func column(_ name: String) throws(CausewayError) -> Int {
    guard let position = columns.firstIndex(where: { $0.hasSameBytes(as: name) }) else {
      throw CausewayError("config.csv_malformed", pointer: file, line: 1, facts: ["reason": "there is no column \(name)"])
    }
    return position
  }

  private struct Reader {
    let bytes: [UInt8]
    let file: String
    var position = 0
    var line = 1

    init(bytes: [UInt8], file: String) {
      self.bytes = bytes
      self.file = file
    }

    mutating func table() throws(CausewayError) -> CSVTable {
      if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
      guard String(validating: bytes, as: UTF8.self) != nil else { throw malformed("the file is not UTF-8") }
      var facts: [String: String] = [:]
      while position < bytes.count, bytes[position] == 0x23 {
        let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
        let text = bytes[(position + 1)..<end]
        guard let colon = text.firstIndex(of: 0x3A) else { throw malformed("a # line is `# key: value`") }
        let key = Self.trimmed(text[..<colon])
        guard facts.updateValue(Self.trimmed(text[(colon + 1)...]), forKey: key) == nil else {
          throw malformed("the fact \(key) is given twice")
        }
        position = min(end + 1, bytes.count)
        line += 1
      }
      guard position < bytes.count else { throw malformed("there is no header") }
      let columns = try record()
      for (index, name) in columns.enumerated() {
        guard !name.isEmpty, !columns[..<index].contains(name) else {
          throw malformed("a column has no name or a name twice", line: line - 1)
        }
      }
      var rows: [Row] = []
      while position < bytes.count {
        let start = line
        let fields = try record()
        guard fields.count == columns.count else {
          throw malformed("the row has \(fields.count) fields, the header \(columns.count)", line: start)
        }
        rows.append(Row(line: start, fields: fields))
      }
      return CSVTable(file: file, facts: facts, columns: columns, rows: rows)
    }

    private mutating func record() throws(CausewayError) -> [String] {
      if bytes[position] == 0x0A || bytes[position] == 0x0D { throw malformed("an empty line") }
      var fields: [String] = []
      while true {
        fields.append(try field())
        guard position < bytes.count else {
          line += 1
          return fields
        }
        switch bytes[position] {
        case 0x2C: position += 1
        case 0x0A:
          position += 1
          line += 1
          return fields
        case 0x0D where position + 1 < bytes.count && bytes[position + 1] == 0x0A:
          position += 2
          line += 1
          return fields
        default: throw malformed("text after a closing quote, or a lone carriage return")
        }
      }
    }

    private mutating func field() throws(CausewayError) -> String {
      guard position < bytes.count else { return "" }
      guard bytes[position] == 0x22 else {
        let start = position
        while position < bytes.count, bytes[position] != 0x2C, bytes[position] != 0x0A, bytes[position] != 0x0D {
          guard bytes[position] != 0x22 else { throw malformed("a quote inside an unquoted field") }
          position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
      }
      let start = line
      position += 1
      var text: [UInt8] = []
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        if byte == 0x22 {
          guard position < bytes.count, bytes[position] == 0x22 else { return String(decoding: text, as: UTF8.self) }
          position += 1
        } else if byte == 0x0A {
          line += 1
        }
        text.append(byte)
      }
      throw malformed("a quoted field is not closed", line: start)
    }

    private func malformed(_ reason: String, line: Int? = nil) -> CausewayError {
      CausewayError("config.csv_malformed", pointer: file, line: line ?? self.line, facts: ["reason": reason])
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
      let text = bytes.drop { Lexical.isSpace($0) }
      let end = text.lastIndex { !Lexical.isSpace($0) }.map { $0 + 1 } ?? text.startIndex
      return String(decoding: text[text.startIndex..<end], as: UTF8.self)
    }
  }
}
