import Declarations
import Primitives
import YAMLTree

/// Reads the lists `withhold` and `allow` of a policy, in this order, and collects what is wrong with them.
struct AllowListReader {
  let dictionary: ElementDictionary
  let document: DocumentKind
  private(set) var allows: [Bool]
  private(set) var reasons: [ElementIndex: String] = [:]
  private var named: Set<ElementIndex> = []
  private var problems: [Problem] = []

  init(dictionary: ElementDictionary, document: DocumentKind) {
    self.dictionary = dictionary
    self.document = document
    allows = [Bool](repeating: false, count: dictionary.elements.count)
  }

  mutating func withhold(_ entry: YAMLNode) throws(CausewayError) {
    try entry.allow(["element", "reason"])
    let name = try entry.required("element")
    let reason = try entry.required("reason").string()
    guard let element = try leaf(name) else { return }
    if reasons.updateValue(reason, forKey: element) != nil { refuse(name, "\(dictionary[element].id) is withheld twice") }
  }

  mutating func allow(_ entry: YAMLNode) throws(CausewayError) {
    let text = try entry.string()
    if text.utf8.suffix(2).elementsEqual(".*".utf8) {
      expand(String(text.dropLast(2)), entry)
      return
    }
    guard let element = try leaf(entry) else { return }
    if reasons[element] != nil { refuse(entry, "\(text) is allowed and withheld") }
    if !named.insert(element).inserted { refuse(entry, "\(text) is allowed twice") }
    allows[Int(element.raw)] = true
  }

  mutating func finish() throws(CausewayError) {
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
  }

  private mutating func expand(_ prefix: String, _ entry: YAMLNode) {
    let leaves: [ElementIndex]
    if let group = dictionary[id: prefix], dictionary[group].isGroup, dictionary[group].documents.contains(document) {
      guard dictionary[group].group != nil else { return refuse(entry, "the shorthand would allow the whole document") }
      leaves = dictionary.leaves(under: group)
    } else {
      let start = prefix + "."
      leaves = dictionary.elements(of: document).filter { !$0.isGroup && $0.id.utf8.starts(with: start.utf8) }.map(\.index)
    }
    guard !leaves.isEmpty else { return refuse(entry, "the shorthand \(prefix).* stands for no element") }
    for leaf in leaves where !dictionary[leaf].isPersonal && reasons[leaf] == nil { allows[Int(leaf.raw)] = true }
  }

  private mutating func leaf(_ node: YAMLNode) throws(CausewayError) -> ElementIndex? {
    let id = try node.string()
    guard let element = dictionary[id: id], dictionary[element].documents.contains(document) else {
      refuse(node, "the element \(id) is not known in this kind of document")
      return nil
    }
    guard !dictionary[element].isGroup else {
      refuse(node, "\(id) is a group: name its leaves, or \(id).*")
      return nil
    }
    return element
  }

  private mutating func refuse(_ node: YAMLNode, _ reason: String) { problems.append(ReleasePolicy.invalid(node, reason)) }
}
