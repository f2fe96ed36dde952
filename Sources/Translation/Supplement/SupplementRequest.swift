package import JSONTree
package import Primitives

/// What the target format requires and the declaration does not give: asked for once, in the target's own terms.
///
/// Minimal: exactly the required leaves that are not filled, each once.
package struct SupplementRequest: Sendable {
  package struct Item: Hashable, Sendable {
    /// Keyed path in the target format.
    package let path: String
    /// Dictionary id; nil: the format has it, the dictionary has no peer.
    package let element: String?
    package let en: String
    package let zh: String
    /// The leaf's type in the notation of structures, such as `decimal 16.2`.
    package let type: String
    /// The form that the leaf asks for besides, such as `[0-9]{10}`.
    package let pattern: String?
    package let list: String?
    /// The values that are allowed, when they are few and fixed.
    package let values: [String]
    package internal(set) var reason: Reason
    /// Values to choose from, when the source's code has several peers.
    package let candidates: [String]
    /// The beginning of the value, when only its first part is known (the six international digits of a commodity code).
    package let known: String?
  }

  /// `id@version` of the target format.
  package let profile: String
  /// nil: documents of the kind have none.
  package let direction: Direction?
  package let shape: String?
  package internal(set) var items: [Item]

  package var isEmpty: Bool { items.isEmpty }
}

extension SupplementRequest {
  /// The stable JSON form (`schemas/supplement-request.schema.json`).
  package var json: JSONValue {
    var object = JSONObject([("version", 1), ("profile", .string(profile))])
    if let direction { object["direction"] = .string(direction.rawValue) }
    if let shape { object["shape"] = .string(shape) }
    object["items"] = .array(
      items.map { item in
        var object = JSONObject([("path", .string(item.path)), ("reason", .string(item.reason.rawValue)), ("type", .string(item.type))])
        if let element = item.element { object["element"] = .string(element) }
        object["en"] = .string(item.en)
        object["zh"] = .string(item.zh)
        if let list = item.list { object["list"] = .string(list) }
        if !item.values.isEmpty { object["values"] = .array(item.values.map { .string($0) }) }
        if let pattern = item.pattern { object["pattern"] = .string(pattern) }
        if !item.candidates.isEmpty { object["candidates"] = .array(item.candidates.map { .string($0) }) }
        if let known = item.known { object["known"] = .string(known) }
        return .object(object)
      })
    return .object(object)
  }

  /// Reads the JSON form.
  ///
  /// - Throws: `write.supplement_invalid` with a JSON pointer.
  package init(json: JSONValue) throws(CausewayError) {
    func invalid(_ pointer: String) -> CausewayError { CausewayError("write.supplement_invalid", pointer: pointer) }
    guard json["version"]?.int == 1, let profile = json["profile"]?.string else { throw invalid("/profile") }
    let direction = json["direction"]?.string.flatMap(Direction.init)
    guard direction != nil || json["direction"] == nil else { throw invalid("/direction") }
    guard let list = json["items"]?.array else { throw invalid("/items") }
    var items: [Item] = []
    for (index, item) in list.enumerated() {
      guard let path = item["path"]?.string, KeyedPath(path) != nil, let type = item["type"]?.string,
        let reason = item["reason"]?.string.flatMap(Reason.init)
      else { throw invalid("/items/\(index)") }
      items.append(
        Item(
          path: path, element: item["element"]?.string, en: item["en"]?.string ?? "", zh: item["zh"]?.string ?? "", type: type,
          pattern: item["pattern"]?.string, list: item["list"]?.string,
          values: item["values"]?.array?.compactMap(\.string) ?? [], reason: reason,
          candidates: item["candidates"]?.array?.compactMap(\.string) ?? [], known: item["known"]?.string))
    }
    self.profile = profile
    self.direction = direction
    shape = json["shape"]?.string
    self.items = items
  }
}

/// One answer to a supplement item: a value in the target format's own terms.
package struct SupplementAnswer: Hashable, Sendable {
  package let path: String
  package let value: String

  package init(path: String, value: String) {
    self.path = path
    self.value = value
  }
}
