/// A stable name for one reason why something was refused, failed or broke: `stage.reason`, snake_case ASCII.
///
/// The catalogue of all codes is `docs/errors.md`; each module lists its own in `ErrorCatalogue+<Module>.swift`.
package struct ErrorCode: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: StaticString) { rawValue = value.description }
  package var description: String { rawValue }
}

/// One thing that is wrong, with the place in the sender's own document where it is wrong.
///
/// Holds no payload values: `facts` are limits, list names, expected types, counts.
package struct Problem: Hashable, Sendable {
  package enum Severity: String, Sendable { case error, warning }

  package var code: ErrorCode
  package var severity: Severity
  /// Where, in the sender's document: a path such as `/DecMessage/DecLists/DecList[3]/GQty` or a JSON Pointer.
  package var pointer: String?
  /// Line in the sender's document, from 1; in EDIFACT the segment, from UNB.
  package var line: Int?
  /// Id of the canonical element (`schemas/canonical/dictionary.csv`) that the place stands for.
  package var element: String?
  /// Values for the placeholders of the catalogue's texts, for example `["limit": "50"]`. Never payload.
  package var facts: [String: String]

  package init(
    _ code: ErrorCode, severity: Severity = .error, pointer: String? = nil, line: Int? = nil,
    element: String? = nil, facts: [String: String] = [:]
  ) {
    self.code = code
    self.severity = severity
    self.pointer = pointer
    self.line = line
    self.element = element
    self.facts = facts
  }
}

/// What a throwing function throws: one or more problems, never none.
///
/// Equality is on the code of the first problem, so that tests compare easily.
package struct CausewayError: Error, Equatable, Sendable, CustomStringConvertible {
  package let problems: [Problem]
  /// Text of a library underneath (errno, OpenSSL, SQLite): for the log, not for partners.
  package let underlying: String?

  package init(_ problem: Problem, underlying: String? = nil) {
    problems = [problem]
    self.underlying = underlying
  }

  package init(_ code: ErrorCode, pointer: String? = nil, line: Int? = nil, facts: [String: String] = [:], underlying: String? = nil) {
    self.init(Problem(code, pointer: pointer, line: line, facts: facts), underlying: underlying)
  }

  /// - Precondition: `problems` is not empty.
  package init(problems: [Problem]) {
    precondition(!problems.isEmpty, "an error names at least one problem")
    self.problems = problems
    underlying = nil
  }

  package var code: ErrorCode { problems[0].code }

  package static func == (left: Self, right: Self) -> Bool { left.code == right.code }

  package var description: String {
    let facts = problems[0].facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    return [code.rawValue, problems[0].pointer, facts.isEmpty ? nil : facts, underlying].compactMap { $0 }.joined(separator: ": ")
  }
}

/// The three kinds of "no", never mixed.
package enum NoKind: String, Sendable {
  /// A business no: recorded and receipted.
  case refusal
  /// Could not be done: retried or put among the dead letters.
  case error
  /// An invariant is broken: writing stops, reading goes on, an alarm is raised.
  case fault
}

/// The catalogue's line for one code. Texts hold `{name}` placeholders that `Problem.facts` fills.
package struct ErrorDefinition: Sendable {
  package let code: ErrorCode
  package let kind: NoKind
  package let en: String
  package let zh: String

  package init(_ code: ErrorCode, _ kind: NoKind, en: String, zh: String) {
    self.code = code
    self.kind = kind
    self.en = en
    self.zh = zh
  }

  /// Fills the placeholders of a text with a problem's facts.
  package static func fill(_ text: String, with facts: [String: String]) -> String {
    var result = text
    for (name, value) in facts {
      var pieces: [Substring] = []
      var rest = result[...]
      while let range = rest.firstRange(of: "{\(name)}") {
        pieces.append(rest[..<range.lowerBound])
        pieces.append(value[...])
        rest = rest[range.upperBound...]
      }
      result = pieces.joined() + rest
    }
    return result
  }
}

/// Home of the catalogues: each module adds a `static let <module>: [ErrorDefinition]`.
package enum ErrorCatalogue {}
