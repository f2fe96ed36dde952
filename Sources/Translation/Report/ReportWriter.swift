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
  /// What is not in `bytes` yet: some pages, so that a large report is not held twice.
  private var text = ByteSink(capacity: 2 * ReportWriter.page)
  private static let page = 8192
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
    text.append(#"{"version":1"#)
    member("from", from)
    member("to", to)
    if let editions {
      text.append(#","editions":{"list":"#)
      JSONText.append(utf8: editions.list.utf8.span, to: &text)
      member("source", editions.source)
      member("target", editions.target)
      text.append(0x7D)
    }
    if let defaults { member("defaults", defaults) }
    text.append(#","counts":{"#)
    for (index, (action, count)) in counts.enumerated() {
      if index > 0 { text.append(0x2C) }
      text.append(0x22)
      text.append(string: action.rawValue)
      text.append("\":")
      text.append(decimal: count)
    }
    text.append(#"},"entries":["#)
  }

  mutating func entry(_ raw: TranslationReport.Raw, isFirst: Bool) {
    if !isFirst { text.append(0x2C) }
    text.append(outcome(raw.action, raw.reason), of: pieces)
    if let element = raw.element { add(element, in: Int(raw.instance)) }
    if raw.source >= 0 {
      text.append(#","source":"#)
      sourcePlaces.append(raw.source, to: &text)
    }
    if raw.target >= 0 {
      text.append(#","target":"#)
      targetPlaces.append(raw.target, to: &text)
    } else if raw.place >= 0 {
      member("target", content.places[Int(raw.place)])
    }
    if raw.table >= 0 { text.append(table(raw.table), of: pieces) }
    if raw.isConverted {
      if raw.source >= 0, let from = source.utf8(raw.source) { member("from", from.span) }
      if raw.target >= 0, let to = target.utf8(raw.target) { member("to", to.span) }
    }
    text.append(0x7D)
    if text.count > Self.page { text.move(to: &bytes) }
  }

  consuming func finish() -> [UInt8] {
    text.append("]}")
    text.move(to: &bytes)
    return bytes
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
    pieces.append(string: action.rawValue)
    if let reason {
      pieces.append(#"","reason":""#)
      pieces.append(string: reason.rawValue)
    }
    pieces.append(0x22)
    let piece = pieces.piece(from: start)
    outcomes.append((action, reason, piece))
    return piece
  }

  /// Ids of elements need no escapes.
  private mutating func add(_ element: ElementIndex, in instance: Int) {
    if let group = groups[instance], dictionary.group(of: element) == group {
      text.append(prefix(instance), of: pieces)
      text.append(leaf(element), of: pieces)
    } else {
      let id = dictionary.id(of: element)
      let isInRoot = content.instances[instance].isEmpty
      text.append(#","path":""#)
      text.append(string: isInRoot ? id : ElementPath(element, in: content.instances[instance]).description(in: dictionary))
      text.append(#"","element":""#)
      text.append(string: id)
      text.append(0x22)
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
    pieces.append(string: dictionary.name(of: element))
    pieces.append(#"","element":""#)
    pieces.append(string: id)
    pieces.append(0x22)
    let piece = pieces.piece(from: start)
    leaves[Int(element.raw)] = piece
    return piece
  }

  private mutating func table(_ number: Int16) -> ByteSink.Piece {
    if let known = tables[Int(number)] { return known }
    let start = pieces.count
    pieces.append(#","table":"#)
    JSONText.append(utf8: (content.tables[number]?.description ?? "").utf8.span, to: &pieces)
    let piece = pieces.piece(from: start)
    tables[Int(number)] = piece
    return piece
  }

  private mutating func member(_ name: StaticString, _ value: String) { member(name, value.utf8.span) }

  private mutating func member(_ name: StaticString, _ value: Span<UInt8>) {
    text.append(",\"")
    text.append(name)
    text.append("\":")
    JSONText.append(utf8: value, to: &text)
  }
}
