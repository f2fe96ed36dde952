import Formats

extension Profile {
  /// A file of a schema.
  package struct SchemaFile: Sendable {
    package let name: String
    package let text: String
  }

  /// The schema of the documents that this profile writes, generated from its structure, the same text each time: XML Schema (XSD 1.0) for XML, JSON
  /// Schema (2020-12) for JSON, none for EDIFACT, whose directory is the structure itself.
  ///
  /// The structure says more than either can: code lists, calendars and what one direction asks for are not in the schema, nor is what a
  /// profile reads beyond what it writes (`docs/formats/README.md`).
  package var schemaFiles: [SchemaFile] {
    switch syntax {
    case .xml:
      var writer = XSDWriter(self)
      return writer.files()
    case .json:
      var writer = JSONSchemaWriter(self)
      return [writer.file()]
    case .edifact: return []
    }
  }
}

extension DatePattern {
  /// The pattern as a regular expression, good in XML Schema and, with anchors around it, in JSON Schema. Knows no calendar.
  var expression: String {
    let day = #"[0-9]{4}\-(0[1-9]|1[0-2])\-(0[1-9]|[12][0-9]|3[01])"#
    if isCanonical {
      return day + #"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9])?"#
    }
    return alternatives.map { tokens in
      tokens.map { token in
        switch token {
        case .year: "[0-9]{4}"
        case .month: "(0[1-9]|1[0-2])"
        case .day: "(0[1-9]|[12][0-9]|3[01])"
        case .hour: "([01][0-9]|2[0-3])"
        case .minute, .second: "[0-5][0-9]"
        case .fraction(let count): "[0-9]{\(count)}"
        case .zone: #"(Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9])"#
        case .hourZone: #"(Z|[+\-]([01][0-9]|2[0-3]))"#
        case .singaporeTime: "SST"
        case .universalTime: "UTC"
        case .literal(let byte): Self.literal(byte)
        }
      }.joined()
    }.joined(separator: "|")
  }

  private static func literal(_ byte: UInt8) -> String {
    let text = String(decoding: [byte], as: UTF8.self)
    return #"\|.?*+(){}[]^-"#.utf8.contains(byte) ? "\\" + text : text
  }
}
