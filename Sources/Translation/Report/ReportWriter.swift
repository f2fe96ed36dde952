import Declarations
import Formats
import JSONTree
import Primitives

/// Writes a report's JSON form. An entry repeats most of the ones before it, so pieces are made once and copied.
struct ReportWriter: ~Copyable {
  private let source: BoundDocument
  private let target: BoundDocument
  private let dictionary: ElementDictionary
  private let content: TranslationReport.Content
  private var bytes: [UInt8] = []
  /// The entry that is being written.
  private var line = ByteSink(capacity: 1024)
  private var pieces = ByteSink(capacity: 4096)
  private var sourcePlaces: PlaceWriter
  private var targetPlaces: PlaceWriter
  /// Beginnings of entries.
  private var outcomes: [(action: Action, reason: Reason?, piece: ByteSink.Piece)] = []
  private var tables: [ByteSink.Piece?]
  /// By instance: the group that it is one of; nil: the root.
  private let groups: [ElementIndex?]
  /// By instance: how paths in it begin.
  private var prefixes: [ByteSink.Piece?]
  /// By element: the end of the path in an instance of the element's own group, and the element.
  private var leaves: [ByteSink.Piece?]
  private var escaped: [UInt8] = []

  init(_ report: TranslationReport, _ content: TranslationReport.Content) {
    source = report.source
    target = report.target
    dictionary = report.dictionary
    self.content = content
    sourcePlaces = PlaceWriter(source.document)
    targetPlaces = PlaceWriter(target.document)
    tables = Array(repeating: nil, count: content.tables.count)
    groups = content.instances.map { $0.last?.group }
    prefixes = Array(repeating: nil, count: content.instances.count)
    leaves = Array(repeating: nil, count: dictionary.elements.count)
    bytes.reserveCapacity(192 * (content.entries.count + 2))
  }

  mutating func head(from: String, to: String, editions: HSEditions.Difference?, defaults: String?, counts: [(Action, Int)]) {
    line.append(#"{"version":1"#)
    member("from", from)
    member("to", to)
    if let editions {
      line.append(#","editions":{"list":"#)
      quoted(editions.list.utf8.span)
      member("source", editions.source)
      member("target", editions.target)
      line.append(0x7D)
    }
    if let defaults { member("defaults", defaults) }
    line.append(#","counts":{"#)
    line.append(counts.map { "\"\($0.rawValue)\":\($1)" }.joined(separator: ","))
    line.append(#"},"entries":["#)
    endLine()
  }

  mutating func entry(_ raw: TranslationReport.Raw, isFirst: Bool) {
    if !isFirst { line.append(0x2C) }
    line.append(outcome(raw.action, raw.reason), of: pieces)
    if let element = raw.element { add(element, in: Int(raw.instance)) }
    if raw.source >= 0 {
      line.append(#","source":"#)
      sourcePlaces.append(raw.source, to: &line)
    }
    if raw.target >= 0 {
      line.append(#","target":"#)
      targetPlaces.append(raw.target, to: &line)
    } else if raw.place >= 0 {
      member("target", content.places[Int(raw.place)])
    }
    if raw.table >= 0 { line.append(table(raw.table), of: pieces) }
    if raw.isConverted {
      if raw.source >= 0, let text = source.utf8(raw.source) { member("from", text.span) }
      if raw.target >= 0, let text = target.utf8(raw.target) { member("to", text.span) }
    }
    line.append(0x7D)
    endLine()
  }

  consuming func finish() -> [UInt8] {
    bytes += "]}".utf8
    return bytes
  }

  private mutating func endLine() {
    line.copy(to: &bytes)
    line.removeAll()
  }

  private mutating func outcome(_ action: Action, _ reason: Reason?) -> ByteSink.Piece {
    // What happens to one leaf mostly happens to the next as well.
    if let last = outcomes.last, last.action == action, last.reason == reason { return last.piece }
    if let known = outcomes.firstIndex(where: { $0.action == action && $0.reason == reason }) {
      outcomes.swapAt(known, outcomes.count - 1)
      return outcomes[outcomes.count - 1].piece
    }
    let start = pieces.count
    pieces.append(#"{"action":""#)
    pieces.append(action.rawValue)
    if let reason {
      pieces.append(#"","reason":""#)
      pieces.append(reason.rawValue)
    }
    pieces.append(0x22)
    let piece = pieces.piece(from: start)
    outcomes.append((action, reason, piece))
    return piece
  }

  /// Ids of elements need no escapes.
  private mutating func add(_ element: ElementIndex, in instance: Int) {
    if let group = groups[instance], dictionary.group(of: element) == group {
      line.append(prefix(instance), of: pieces)
      line.append(leaf(element), of: pieces)
    } else {
      line.append(#","path":""#)
      line.append(ElementPath(element, in: content.instances[instance]).description(in: dictionary))
      line.append(#"","element":""#)
      line.append(dictionary.id(of: element))
      line.append(0x22)
    }
  }

  private mutating func prefix(_ instance: Int) -> ByteSink.Piece {
    if let known = prefixes[instance] { return known }
    var place: [UInt8] = []
    ElementPath.append(content.instances[instance], in: dictionary, to: &place)
    let start = pieces.count
    pieces.append(#","path":""#)
    pieces.append(place)
    let piece = pieces.piece(from: start)
    prefixes[instance] = piece
    return piece
  }

  private mutating func leaf(_ element: ElementIndex) -> ByteSink.Piece {
    if let known = leaves[Int(element.raw)] { return known }
    let id = dictionary.id(of: element)
    let start = pieces.count
    pieces.append(0x2E)
    pieces.append(dictionary.name(of: element))
    pieces.append(#"","element":""#)
    pieces.append(id)
    pieces.append(0x22)
    let piece = pieces.piece(from: start)
    leaves[Int(element.raw)] = piece
    return piece
  }

  private mutating func table(_ number: Int16) -> ByteSink.Piece {
    if let known = tables[Int(number)] { return known }
    escaped.removeAll(keepingCapacity: true)
    JSONText.append(utf8: (content.tables[number]?.description ?? "").utf8.span, to: &escaped)
    let start = pieces.count
    pieces.append(#","table":"#)
    pieces.append(escaped)
    let piece = pieces.piece(from: start)
    tables[Int(number)] = piece
    return piece
  }

  private mutating func member(_ name: StaticString, _ text: String) { member(name, text.utf8.span) }

  private mutating func member(_ name: StaticString, _ text: Span<UInt8>) {
    line.append(",\"")
    line.append(name)
    line.append("\":")
    quoted(text)
  }

  private mutating func quoted(_ text: Span<UInt8>) {
    escaped.removeAll(keepingCapacity: true)
    JSONText.append(utf8: text, to: &escaped)
    line.append(escaped)
  }
}
