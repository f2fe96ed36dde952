import JSONTree
import Primitives

/// Which elements a document has, and how often: the part of a fields root that every disclosure shows, so that nothing is withheld unnamed.
///
/// JSON: `{"elements":{"Commodity":"Brand*12 HS6*50!","Declarant":"ID*0!"},"leaves":62,"profile":"uncefact.xml/d23b","v":1}`.
/// - Invariant: ``elements`` are in rising byte order of their ids, each once; counts add up to ``leafCount``; only mandatory ones have the count 0.
/// - SeeAlso: docs/disclosure.md, The contents.
package struct FieldContents: Sendable {
  package struct Element: Sendable {
    package let id: String
    /// How many fields it has, empty ones included.
    package let count: Int
    /// The dictionary requires it of such a document.
    package let isMandatory: Bool
  }

  package let elements: [Element]
  /// Number of fields.
  package let leafCount: Int
  /// `id/version` of the profile by which the document is read.
  package let profile: String

  package static let mostLeaves = 1_000_000
  private static let version = 1
  private static let prefix = Array("causeway/fields/v1\n".utf8)

  /// Counts the fields of a document.
  ///
  /// - Parameter mandatory: ids of the elements that are required of it, whether it has them or not.
  init(of fields: [Field], mandatory: [String], profile: String) {
    var counts: [ByteString: Int] = [:]
    for field in fields { counts[ByteString(field.element), default: 0] += 1 }
    let required = Set(mandatory.map { ByteString($0) })
    elements = Set(counts.keys).union(required).sorted().map { id in
      Element(id: id.string, count: counts[id] ?? 0, isMandatory: required.contains(id))
    }
    leafCount = fields.count
    self.profile = profile
  }

  /// `SHA-256(0x00 ‖ "causeway/fields/v1" ‖ LF ‖ canonical JSON)`.
  var hash: Digest {
    do {
      return MerkleTree.leafHash(Self.prefix + (try json.canonical()))
    } catch {
      preconditionFailure("contents always have a canonical form: \(error)")
    }
  }

  var json: JSONValue {
    var object = JSONObject()
    var open: (name: String, tokens: [String])?
    for element in elements {
      let (group, name) = Self.parts(element.id)
      let token = name + (element.count == 1 ? "" : "*\(element.count)") + (element.isMandatory ? "!" : "")
      if let current = open, current.name.hasSameBytes(as: group) {
        open?.tokens.append(token)
      } else {
        if let open { object.members.append(.init(open.name, .string(open.tokens.joined(separator: " ")))) }
        open = (group, [token])
      }
    }
    if let open { object.members.append(.init(open.name, .string(open.tokens.joined(separator: " ")))) }
    return [
      "elements": .object(object), "leaves": .number(JSONNumber(leafCount)), "profile": .string(profile),
      "v": .number(JSONNumber(Self.version)),
    ]
  }

  /// An id before and behind its first dot.
  private static func parts(_ id: String) -> (String, String) {
    let dot = id.utf8.firstIndex(of: 0x2E) ?? id.utf8.endIndex
    return (String(id[..<dot]), String(id[dot...].dropFirst()))
  }

  /// Reads the contents of a disclosure.
  ///
  /// - Throws: `ledger.disclosure_malformed`.
  init(json: JSONValue) throws(CausewayError) {
    try Disclosure.check(json, "contents", members: ["elements", "leaves", "profile", "v"])
    guard json["v"]?.int == Self.version, let groups = json["elements"]?.object, let profile = json["profile"]?.string,
      (1...256).contains(profile.utf8.count), let leafCount = json["leaves"]?.int, (1...Self.mostLeaves).contains(leafCount)
    else { throw Self.malformed("elements, leaves and profile in version 1") }
    var elements: [Element] = []
    var sum = 0
    for group in groups.members {
      guard let text = group.value.string else { throw Self.malformed("a text for each group of ids") }
      for token in text.utf8.split(separator: 0x20, omittingEmptySubsequences: false) {
        let element = try Self.element(in: group.name, Substring(token))
        // Together with the canonical order of the members: each id once.
        if let last = elements.last, ByteString(last.id) >= ByteString(element.id) { throw Self.malformed("elements in rising order") }
        guard element.count <= leafCount - sum else { throw Self.malformed("counts that add up to leaves") }
        sum += element.count
        elements.append(element)
      }
    }
    guard sum == leafCount else { throw Self.malformed("counts that add up to leaves") }
    self.elements = elements
    self.leafCount = leafCount
    self.profile = profile
  }

  /// `name[*count][!]`.
  private static func element(in group: String, _ token: Substring) throws(CausewayError) -> Element {
    let isMandatory = token.utf8.last == 0x21
    let parts = token.utf8.dropLast(isMandatory ? 1 : 0).split(separator: 0x2A, omittingEmptySubsequences: false)
    let id = "\(group).\(parts.first.map { String(Substring($0)) } ?? "")"
    guard group.utf8.allSatisfy(Field.isAlphanumeric), Field.isElement(id), parts.count <= 2 else {
      throw malformed("name, count and mark")
    }
    guard parts.count == 2 else { return Element(id: id, count: 1, isMandatory: isMandatory) }
    let digits = Substring(parts[1])
    guard let count = Int(digits), ByteString(String(count)) == ByteString(String(digits)), count == 0 ? isMandatory : count > 1 else {
      throw malformed("a count without leading zeros")
    }
    return Element(id: id, count: count, isMandatory: isMandatory)
  }

  private static func malformed(_ expected: String) -> CausewayError { Disclosure.malformed("contents", expected) }
}
