import Declarations
import Formats
import JSONTree
import Primitives

/// Writes a report's JSON form. An entry repeats most of the ones before it, so pieces are made once and copied.
struct ReportWriter {
  private let source: BoundDocument
  private let target: BoundDocument
  private let dictionary: ElementDictionary
  private var bytes: [UInt8] = []
  private var sourcePointers: DocumentPointers
  private var targetPointers: DocumentPointers
  /// Beginnings of entries, by action.
  private var outcomes: [[(reason: Reason?, text: [UInt8])]] = Array(repeating: [], count: Action.allCases.count)
  private var tables: [(table: CodeListVersion, text: [UInt8])] = []
  /// The instance that the last entry stood in, and how paths there begin.
  private var steps: [ElementPath.Step] = []
  private var prefix: [UInt8] = []
  /// By element: the end of the path in an instance of the element's own group, and the element.
  private var leaves: [[UInt8]]

  private static let sourceName = Array(#","source":""#.utf8)
  private static let targetName = Array(#","target":""#.utf8)
  private static let pathName = Array(#","path":""#.utf8)
  private static let elementName = Array(#"","element":""#.utf8)

  /// - Parameter entries: how many there will be.
  init(_ report: TranslationReport, entries: Int) {
    source = report.source
    target = report.target
    dictionary = report.dictionary
    sourcePointers = DocumentPointers(source.document)
    targetPointers = DocumentPointers(target.document)
    leaves = Array(repeating: [], count: dictionary.elements.count)
    bytes.reserveCapacity(256 * (entries + 1))
  }

  mutating func head(from: String, to: String, editions: HSEditions.Difference?, defaults: String?, counts: [(Action, Int)]) {
    bytes += #"{"version":1"#.utf8
    member("from", from)
    member("to", to)
    if let editions {
      bytes += #","editions":{"list":"\#(editions.list)""#.utf8
      member("source", editions.source)
      member("target", editions.target)
      bytes.append(0x7D)
    }
    if let defaults { member("defaults", defaults) }
    bytes += #","counts":{"#.utf8
    bytes += counts.map { "\"\($0.rawValue)\":\($1)" }.joined(separator: ",").utf8
    bytes += #"},"entries":["#.utf8
  }

  mutating func entry(_ raw: TranslationReport.Raw, isFirst: Bool) {
    if !isFirst { bytes.append(0x2C) }
    begin(raw.action, raw.reason)
    if let path = raw.element { add(path) }
    if raw.source >= 0 { Self.add(Self.sourceName, raw.source, &sourcePointers, to: &bytes) }
    if raw.target >= 0 {
      Self.add(Self.targetName, raw.target, &targetPointers, to: &bytes)
    } else if let place = raw.place {
      member("target", place)
    }
    if let table = raw.table { add(table) }
    if raw.isConverted {
      if raw.source >= 0, let text = source.utf8(raw.source) { member("from", text.span) }
      if raw.target >= 0, let text = target.utf8(raw.target) { member("to", text.span) }
    }
    bytes.append(0x7D)
  }

  consuming func finish() -> [UInt8] {
    bytes += "]}".utf8
    return bytes
  }

  private mutating func begin(_ action: Action, _ reason: Reason?) {
    let known = action.index
    for index in outcomes[known].indices where outcomes[known][index].reason == reason {
      bytes.append(contentsOf: outcomes[known][index].text)
      return
    }
    let text = Array((#"{"action":"\#(action.rawValue)""# + (reason.map { #","reason":"\#($0.rawValue)""# } ?? "")).utf8)
    outcomes[known].append((reason, text))
    bytes.append(contentsOf: text)
  }

  /// Ids of elements need no escapes.
  private mutating func add(_ path: ElementPath) {
    if path.steps != steps {
      steps = path.steps
      prefix.removeAll(keepingCapacity: true)
      prefix.append(contentsOf: Self.pathName)
      ElementPath.append(steps, in: dictionary, to: &prefix)
    }
    let index = Int(path.element.raw)
    if let group = steps.last?.group, dictionary.group(of: path.element) == group {
      bytes.append(contentsOf: prefix)
      if leaves[index].isEmpty {
        let id = dictionary.id(of: path.element)
        leaves[index] = [0x2E] + ElementPath.name(id, in: dictionary.id(of: group)).utf8 + Self.elementName + id.utf8 + [0x22]
      }
      bytes.append(contentsOf: leaves[index])
    } else {
      bytes.append(contentsOf: Self.pathName)
      bytes += path.description(in: dictionary).utf8
      bytes.append(contentsOf: Self.elementName)
      bytes += dictionary.id(of: path.element).utf8
      bytes.append(0x22)
    }
  }

  private static func add(_ name: [UInt8], _ node: Int32, _ pointers: inout DocumentPointers, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: name)
    if pointers.document.syntax == .json {
      // The only names that can hold what has to be escaped.
      bytes.removeLast()
      JSONText.append(utf8: pointers.pointer(.init(index: node)).utf8.span, to: &bytes)
    } else {
      pointers.append(.init(index: node), to: &bytes)
      bytes.append(0x22)
    }
  }

  private mutating func add(_ table: CodeListVersion) {
    if let known = tables.first(where: { $0.table === table }) {
      bytes.append(contentsOf: known.text)
      return
    }
    let start = bytes.count
    member("table", table.description)
    tables.append((table, Array(bytes[start...])))
  }

  private mutating func member(_ name: StaticString, _ text: String) { member(name, text.utf8.span) }

  private mutating func member(_ name: StaticString, _ text: Span<UInt8>) {
    bytes += [0x2C, 0x22]
    name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes += [0x22, 0x3A]
    JSONText.append(utf8: text, to: &bytes)
  }
}
