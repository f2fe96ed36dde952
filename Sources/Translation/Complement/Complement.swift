package import JSONTree
package import Primitives

/// What the partner's document does not carry of a document: it stays at home, is never sent, and makes writing back give the original.
///
/// It holds only what does not come back by itself. An entry whose element the partner changed is not applied: the partner's value wins.
package struct Complement: Sendable {
  package struct Entry: Sendable {
    /// A keyed path in the format's own names.
    package let path: String
    /// The original text; nil: the original has nothing there.
    package let text: String?
    /// The original has an explicit null there; the text is then empty.
    package let isNull: Bool
    /// The original's name of the element, when it is not the one that is written.
    package let name: String?
    /// What the partner's document said of the elements that the place stands for, when the entry was made; nil: nothing. The entry holds
    /// only as long as it says the same.
    package let guards: [(element: String, text: String?)]
  }

  /// `id@version` of the format of the original.
  package let profile: String
  /// nil: documents of the kind have none.
  package let direction: Direction?
  /// Economy that the original was made to; empty: it does not say.
  package let economy: String
  package let shape: String?
  /// Namespace URI of the original's root, when it is not the one that is written; empty: the original has no namespace anywhere.
  package let namespace: String?
  /// Number of instances, for repeated elements that are addressed by position: an entry holds only as long as it is the same.
  package let counts: [(path: String, count: Int)]
  /// Repeated elements that come back in another order: for each place of the original the position in what comes back; 0: an added one.
  package let orders: [(path: String, order: [Int])]
  package let entries: [Entry]
  /// The original's name of the root, when it is not the one that is written.
  package var root: String?
  /// What the partner's document said of the message function (empty: nothing), when the original does something else to an earlier document. Only
  /// as long as it says the same, the original's comes back.
  package var function: String?

  package var isEmpty: Bool { entries.isEmpty && orders.isEmpty && namespace == nil && root == nil && function == nil }
}

extension Complement {
  /// The stable JSON form (`schemas/complement.schema.json`).
  ///
  /// - Parameter pretty: as of ``JSONWriter``.
  package func serialized(pretty: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    writer.beginObject()
    writer.member("version", 1)
    writer.member("profile", profile)
    writer.member("economy", economy)
    writer.member("direction", direction?.rawValue)
    writer.member("shape", shape)
    writer.member("namespace", namespace)
    writer.member("root", root)
    writer.member("function", function)
    if !counts.isEmpty {
      writer.name("counts")
      writer.beginObject()
      for (path, count) in counts { writer.member(path, count) }
      writer.endObject()
    }
    if !orders.isEmpty {
      writer.name("orders")
      writer.beginObject()
      for (path, order) in orders {
        writer.name(path)
        writer.beginArray()
        for position in order { writer.number(position) }
        writer.endArray()
      }
      writer.endObject()
    }
    writer.name("entries")
    writer.beginArray()
    for entry in entries {
      writer.beginObject()
      writer.member("path", entry.path)
      writer.name("is")
      if let text = entry.text { writer.string(text) } else { writer.null() }
      if entry.isNull { writer.member("null", true) }
      writer.member("name", entry.name)
      if !entry.guards.isEmpty {
        writer.name("guard")
        writer.beginObject()
        for (element, text) in entry.guards {
          writer.name(element)
          if let text { writer.string(text) } else { writer.null() }
        }
        writer.endObject()
      }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.finish()
  }

  /// Reads the JSON form.
  ///
  /// - Throws: `write.complement_invalid` with a JSON pointer.
  package init(json: JSONValue) throws(CausewayError) {
    func invalid(_ pointer: String) -> CausewayError { CausewayError("write.complement_invalid", pointer: pointer) }
    guard json["version"]?.int == 1 else { throw invalid("/version") }
    guard let profile = json["profile"]?.string else { throw invalid("/profile") }
    let direction = json["direction"]?.string.flatMap(Direction.init)
    guard direction != nil || json["direction"] == nil else { throw invalid("/direction") }
    var counts: [(path: String, count: Int)] = []
    for member in json["counts"]?.object?.members ?? [] {
      guard let count = member.value.int, count >= 0 else { throw invalid("/counts") }
      counts.append((path: member.name, count: count))
    }
    var orders: [(path: String, order: [Int])] = []
    for member in json["orders"]?.object?.members ?? [] {
      guard let list = member.value.array, list.allSatisfy({ $0.int.map { $0 >= 0 } ?? false }) else { throw invalid("/orders") }
      orders.append((path: member.name, order: list.compactMap(\.int)))
    }
    var entries: [Entry] = []
    guard let list = json["entries"]?.array else { throw invalid("/entries") }
    for (index, item) in list.enumerated() {
      guard let path = item["path"]?.string, KeyedPath(path) != nil, let text = item["is"], text.isNull || text.string != nil else {
        throw invalid("/entries/\(index)")
      }
      let isNull = item["null"] != nil
      guard !isNull || item["null"]?.bool == true && text.string?.isEmpty == true else { throw invalid("/entries/\(index)/null") }
      var guards: [(element: String, text: String?)] = []
      for member in item["guard"]?.object?.members ?? [] {
        guard member.value.isNull || member.value.string != nil else { throw invalid("/entries/\(index)/guard") }
        guards.append((element: member.name, text: member.value.string))
      }
      entries.append(Entry(path: path, text: text.string, isNull: isNull, name: item["name"]?.string, guards: guards))
    }
    self.profile = profile
    self.direction = direction
    shape = json["shape"]?.string
    namespace = json["namespace"]?.string
    root = json["root"]?.string
    function = json["function"]?.string
    economy = json["economy"]?.string ?? ""
    self.counts = counts
    self.orders = orders
    self.entries = entries
  }
}
