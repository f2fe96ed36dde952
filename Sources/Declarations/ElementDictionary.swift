package import Primitives

/// The canonical dictionary: the elements that mappings, policies, reports and error messages refer to by id.
///
/// Loaded from CSV with the columns id, group, kind, type, export, import, list, unit, follows, personal, row, wco, documents, en, zh; the
/// column agreed may be missing.
/// A document kind exists because a row names it in `documents` (several are separated by a space); it has exactly one root group.
package final class ElementDictionary: Sendable {
  package let elements: [Element]
  /// In order of first mention.
  package let kinds: [DocumentKind]
  private let byID: [ByteString: ElementIndex]
  private let roots: [DocumentKind: ElementIndex]
  private let childrenByIndex: [[ElementIndex]]
  private let names: [String]
  /// By root: the message function of its documents.
  private let functions: [ElementIndex: ElementIndex]

  private init(elements: [Element], kinds: [DocumentKind], byID: [ByteString: ElementIndex], roots: [DocumentKind: ElementIndex]) {
    self.elements = elements
    self.kinds = kinds
    self.byID = byID
    self.roots = roots
    var children = [[ElementIndex]](repeating: [], count: elements.count)
    for element in elements { if let group = element.group { children[Int(group.raw)].append(element.index) } }
    childrenByIndex = children
    names = elements.map { element in
      element.group.map { String(ElementPath.name(element.id, in: elements[Int($0.raw)].id)) } ?? element.id
    }
    var functions: [ElementIndex: ElementIndex] = [:]
    for root in roots.values { functions[root] = byID[ByteString(elements[Int(root.raw)].id + ".FunctionCode")] }
    self.functions = functions
  }

  package subscript(id id: String) -> ElementIndex? { byID[ByteString(id)] }
  package subscript(_ index: ElementIndex) -> Element { elements[Int(index.raw)] }

  /// The id alone: an element is large, and copying it costs more than looking it up.
  package func id(of element: ElementIndex) -> String { elements[Int(element.raw)].id }
  package func group(of element: ElementIndex) -> ElementIndex? { elements[Int(element.raw)].group }
  /// What an element is called in an instance of its group: its id without the group's name in front.
  package func name(of element: ElementIndex) -> String { names[Int(element.raw)] }
  /// What a value of an element was stated with (`Element.follows`).
  package func follows(of element: ElementIndex) -> [ElementIndex] { elements[Int(element.raw)].follows }

  package func root(of kind: DocumentKind) -> ElementIndex? { roots[kind] }

  /// The message function of the documents that have a root; nil: they have none.
  package func function(of root: ElementIndex) -> ElementIndex? { functions[root] }

  /// Elements and groups directly in a group, in dictionary order.
  package func children(of group: ElementIndex) -> [ElementIndex] { childrenByIndex[Int(group.raw)] }

  /// All elements of a document kind, groups included, in dictionary order.
  package func elements(of kind: DocumentKind) -> [Element] { elements.filter { $0.documents.contains(kind) } }

  /// Leaves of a group and of all groups nested in it, in dictionary order.
  package func leaves(under group: ElementIndex) -> [ElementIndex] {
    elements.filter { !$0.isGroup && isElement($0.index, inside: group) }.map(\.index)
  }

  /// The groups around an element from the root inwards, the element itself excluded.
  package func groups(around element: ElementIndex) -> [ElementIndex] {
    var chain: [ElementIndex] = []
    var next = self[element].group
    while let group = next {
      chain.append(group)
      next = self[group].group
    }
    return chain.reversed()
  }

  package func isElement(_ element: ElementIndex, inside group: ElementIndex) -> Bool {
    var next = self[element].group
    while let current = next {
      if current == group { return true }
      next = self[current].group
    }
    return false
  }

  /// Reads the dictionary.
  ///
  /// - Throws: `config.csv_malformed`, `config.dictionary_invalid`; file, line and reason are given, all invalid rows at once.
  package static func load(csv: [UInt8], file: String = "dictionary.csv") throws(CausewayError) -> ElementDictionary {
    let table = try CSVTable.parse(csv, file: file)
    var builder = try Builder(table)
    for row in table.rows { builder.add(row) }
    return try builder.finish()
  }

  private struct Builder {
    static let names = [
      "id", "group", "kind", "type", "export", "import", "list", "unit", "follows", "personal", "row", "wco", "documents", "en", "zh",
    ]
    let file: String
    let columns: [String: Int]
    var elements: [Element] = []
    var kinds: [DocumentKind] = []
    var byID: [ByteString: ElementIndex] = [:]
    var roots: [DocumentKind: ElementIndex] = [:]
    var problems: [Problem] = []
    /// Ids may stand below the line that names them.
    var followed: [(element: ElementIndex, ids: [String], line: Int)] = []

    init(_ table: CSVTable) throws(CausewayError) {
      file = table.file
      var columns: [String: Int] = [:]
      for name in Self.names { columns[name] = try table.column(name) }
      if table.columns.contains("agreed") { columns["agreed"] = try table.column("agreed") }
      self.columns = columns
    }

    mutating func add(_ row: CSVTable.Row) {
      func field(_ name: String) -> String { columns[name].map { row.fields[$0] } ?? "" }
      func optional(_ name: String) -> String? { field(name).isEmpty ? nil : field(name) }
      let id = field("id")
      func refuse(_ reason: String) {
        problems.append(
          Problem("config.dictionary_invalid", pointer: file, line: row.line, element: id, facts: ["id": id, "reason": reason]))
      }
      guard ElementDictionary.isIdentifier(id) else { return refuse("the id is not made of letters, digits and single dots") }
      guard byID[ByteString(id)] == nil else { return refuse("the id is there already") }
      guard elements.count < Int(Int16.max) else { return refuse("there are too many elements") }
      let group = optional("group").map { byID[ByteString($0)] }
      if let group {
        guard let group else { return refuse("the group \(field("group")) is not known above this line") }
        guard elements[Int(group.raw)].isGroup else { return refuse("the group \(field("group")) is not a group") }
      }
      let type: ElementType
      switch field("kind") {
      case "group":
        guard optional("type") == nil, !id.utf8.contains(0x2E) else { return refuse("a group has no type and no dot in its id") }
        type = .group
      case "leaf":
        guard group != nil, id.utf8.contains(0x2E) else { return refuse("a leaf stands in a group and has a dot in its id") }
        guard let parsed = ElementType(field("type")) else { return refuse("the type is not known") }
        type = parsed
      default: return refuse("the kind is neither group nor leaf")
      }
      let isRoot = group == nil
      guard let export = Self.cardinality(field("export"), isRoot: isRoot), let `import` = Self.cardinality(field("import"), isRoot: isRoot)
      else { return refuse("a cardinality is not of the form 1, 0..1, 0..99 or 1..n") }
      if type != .group, export.max ?? 2 > 1 || `import`.max ?? 2 > 1 { return refuse("a leaf occurs at most once in its group") }
      guard ["", "1"].contains(field("personal")) else { return refuse("personal is 1 or empty") }
      guard ["", "1"].contains(field("agreed")) else { return refuse("agreed is 1 or empty") }
      guard field("agreed").isEmpty || field("personal").isEmpty else { return refuse("nobody agrees on personal data") }
      let rows = field("row").split(separator: " ").map { Int($0) }
      guard rows.allSatisfy({ $0 != nil }) else { return refuse("row holds numbers") }
      let documents = field("documents").split(separator: " ").map { DocumentKind(rawValue: String($0)) }
      guard !documents.isEmpty else { return refuse("no document kind is named") }
      if let group = group ?? nil, !documents.allSatisfy(elements[Int(group.raw)].documents.contains) {
        return refuse("its group does not occur in that document kind")
      }
      guard !field("en").isEmpty, !field("zh").isEmpty else { return refuse("a name is missing") }
      let index = ElementIndex(raw: Int16(elements.count))
      if isRoot {
        for kind in documents where roots.updateValue(index, forKey: kind) != nil { return refuse("the kind \(kind) has a root already") }
      }
      for kind in documents where !kinds.contains(kind) { kinds.append(kind) }
      byID[ByteString(id)] = index
      if let ids = optional("follows") { followed.append((index, ids.split(separator: " ").map(String.init), row.line)) }
      elements.append(
        Element(
          index: index, id: id, group: group ?? nil, type: type, export: export, import: `import`, list: optional("list"),
          unit: optional("unit"), follows: [], isPersonal: field("personal") == "1", isAgreeable: field("agreed") == "1",
          crosswalkRows: rows.compactMap { $0 },
          wcoID: optional("wco"),
          documents: documents, en: field("en"), zh: field("zh")))
    }

    private mutating func resolveFollowed() {
      for (index, ids, line) in followed {
        for id in ids {
          guard let other = byID[ByteString(id)], other != index, elements[Int(other.raw)].group == elements[Int(index.raw)].group else {
            problems.append(
              Problem(
                "config.dictionary_invalid", pointer: file, line: line, element: elements[Int(index.raw)].id,
                facts: ["id": elements[Int(index.raw)].id, "reason": "follows names \(id), which is no other element of its group"]))
            continue
          }
          elements[Int(index.raw)].follows.append(other)
        }
      }
    }

    mutating func finish() throws(CausewayError) -> ElementDictionary {
      resolveFollowed()
      guard problems.isEmpty else { throw CausewayError(problems: problems) }
      guard !elements.isEmpty else {
        throw CausewayError("config.dictionary_invalid", pointer: file, facts: ["id": "", "reason": "there is no element"])
      }
      return ElementDictionary(elements: elements, kinds: kinds, byID: byID, roots: roots)
    }

    private static func cardinality(_ text: String, isRoot: Bool) -> Cardinality? {
      text.isEmpty && isRoot ? Cardinality(min: 1, max: 1) : Cardinality(text)
    }
  }

  /// ASCII letters and digits in parts that are separated by single dots.
  static func isIdentifier(_ text: String) -> Bool {
    var previousIsDot = true
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: previousIsDot = false
      case 0x2E where !previousIsDot: previousIsDot = true
      default: return false
      }
    }
    return !previousIsDot
  }
}
