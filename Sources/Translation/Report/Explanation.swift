import Declarations
import Formats
package import JSONTree
package import Primitives
import YAMLTree

/// What became of one value, for somebody who asks: where it stood, which rule and which table took it, what it was and what it is.
///
/// Holds values of the declaration: for the person who has the document in hand, never for a log.
package struct Explanation: Sendable {
  /// A side of the translation.
  package struct Side: Sendable {
    /// Pointer into the document; of what is missing, the keyed path of the place.
    package let place: String
    package let text: String?
    /// `mapping.yaml:LINE` of the rule; `ID/VERSION/mapping.yaml:LINE` of one that is another profile's.
    package let rule: String?
  }

  /// Place in the declaration, such as `GoodsItem[2].Origin.CountryCode`.
  package let path: String
  package let source: Side?
  package let target: Side?
  package let action: Action
  package let reason: Reason?
  /// Table and version.
  package let table: String?
  /// Which line of a corridor's defaults said it, and why it may.
  package let agreed: (line: String, reason: String)?

  package var text: String {
    func side(_ side: Side?) -> String {
      guard let side else { return "—" }
      return side.place + (side.text.map { " “\($0)”" } ?? "") + (side.rule.map { " (\($0))" } ?? "")
    }
    let how =
      action.rawValue + (reason.map { ", \($0.rawValue)" } ?? "") + (table.map { ", by \($0)" } ?? "")
      + (agreed.map { ", \($0.line) (\($0.reason))" } ?? "")
    return "\(path): \(how)\n  from \(side(source))\n  to   \(side(target))"
  }

  /// The stable JSON form (`schemas/explanation.schema.json`).
  package var json: JSONValue {
    func object(_ side: Side) -> JSONValue {
      var object = JSONObject([("place", .string(side.place))])
      if let text = side.text { object["value"] = .string(text) }
      if let rule = side.rule { object["rule"] = .string(rule) }
      return .object(object)
    }
    var result = JSONObject([("path", .string(path)), ("action", .string(action.rawValue))])
    if let reason { result["reason"] = .string(reason.rawValue) }
    if let table { result["table"] = .string(table) }
    if let agreed { result["agreed"] = .object(JSONObject([("line", .string(agreed.line)), ("reason", .string(agreed.reason))])) }
    if let source { result["source"] = object(source) }
    if let target { result["target"] = object(target) }
    return .object(result)
  }
}

extension Translation {
  /// Every entry of the report on one element, or on one instance of it.
  ///
  /// - Parameter name: a dictionary id, or the place of one value (`GoodsItem[2].Origin.CountryCode`).
  /// - Throws: `write.element_unknown`.
  package func explanations(of name: String, from valid: ValidDocument) throws(CausewayError) -> [Explanation] {
    let dictionary = profile.dictionary
    let isID = dictionary[id: name] != nil
    guard isID || ElementPath(name, in: dictionary) != nil else {
      throw CausewayError("write.element_unknown", facts: ["element": name])
    }
    return report.explanations(source: valid.plan, target: plan) { path, element in (isID ? element : path).hasSameBytes(as: name) }
  }
}

extension TranslationReport {
  fileprivate func explanations(source plan: VariantPlan, target: VariantPlan, _ isWanted: (String, String) -> Bool) -> [Explanation] {
    let content = make()
    return content.entries.compactMap { raw in
      guard let path = content.path(raw), isWanted(path.description(in: dictionary), dictionary[path.element].id) else { return nil }
      return Explanation(
        path: path.description(in: dictionary), source: side(source, raw.source, plan, path.element),
        target: side(self.target, raw.target, target, path.element) ?? content.place(raw).map { .init(place: $0, text: nil, rule: nil) },
        action: raw.action, reason: raw.reason, table: content.table(raw)?.description,
        agreed: raw.action == .defaulted ? agreed(on: path) : nil)
    }
  }

  private func agreed(on path: ElementPath) -> (line: String, reason: String)? {
    guard let defaults, let entry = defaults.places[path] else { return nil }
    return (line: "defaults/\(defaults.defaults.id).yaml:\(entry.line)", reason: entry.reason)
  }

  private func side(_ bound: BoundDocument, _ node: Int32, _ plan: VariantPlan, _ element: ElementIndex) -> Explanation.Side? {
    guard node >= 0 else { return nil }
    let binding = Int(bound.binding[Int(node)])
    let rule = binding < 0 ? nil : plan.uses[binding].first { $0.rule.elements.contains(element) || $0.rule.elements.isEmpty }?.rule
    return Explanation.Side(
      place: bound.document.pointer(.init(index: node)), text: bound.utf8(node).map { String(decoding: $0, as: UTF8.self) },
      rule: rule.map { $0.place.name(in: plan.root.place.file) })
  }
}

extension YAMLPlace {
  /// How a person who looks at one file calls the place: by name and line, and by profile when it is another file.
  fileprivate func name(in own: String) -> String {
    "\(file.split(separator: "/").suffix(file.hasSameBytes(as: own) ? 1 : 3).joined(separator: "/")):\(line)"
  }
}
