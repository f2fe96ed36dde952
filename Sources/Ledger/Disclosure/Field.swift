import JSONTree
import Primitives
import Trust

/// One value of a document, by the id of its element and its place: what a fields root commits to (docs/disclosure.md). What the id means, this
/// module does not know.
package struct Field: Sendable {
  /// What a value is to be understood by, where its element has such terms.
  package enum Terms: Sendable {
    /// Id of the code list that it is of.
    case list(String)
    /// UN/ECE Rec 20 code of the unit that it is in.
    case unit(String)
  }

  /// Letters, digits and dots, at least one dot. At most 100 bytes.
  package let element: String
  /// Positions of the group instances around it, from 1, outermost first. At most 8.
  package let place: [Int]
  /// Canonical text, empty for an empty value; nil: an explicit null.
  package let value: String?
  package let terms: Terms?

  package init(element: String, place: [Int], value: String?, terms: Terms?) {
    self.element = element
    self.place = place
    self.value = value
    self.terms = terms
  }

  /// `Commodity.HS6[7]`, `Declaration.LRN`: element and place for people. Not the place's path: the element's groups are known by its id.
  package var name: String { place.isEmpty ? element : "\(element)[\(place.map(String.init).joined(separator: ".."))]" }

  static let mostPlaces = 8
  static let largestPosition = 1_000_000

  /// Letters, digits and single dots, at least one dot.
  static func isElement(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    return text.utf8.count <= 100 && parts.count > 1 && parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAlphanumeric) }
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}

/// A field with its index in the tree and its salt: what is hashed, and what a disclosure shows.
///
/// JSON: `[412,"Commodity.HS6",[7],"kO2c…",  "620520"]`, with the terms as a sixth member where there are some.
package struct SaltedField: Sendable {
  /// Position among the fields of its document, from 0.
  package let index: Int
  package let field: Field
  /// Shape: 16 bytes.
  package let salt: [UInt8]

  static let prefix = Array("causeway/field/v1\n".utf8)
  private static let saltPrefix = Array("causeway/field-salt/v1\n".utf8)

  init(_ field: Field, index: Int, salt: [UInt8]) {
    self.field = field
    self.index = index
    self.salt = salt
  }

  /// The salt of the field at an index: 128 bits that nobody guesses without the secret.
  static func salt(at index: Int, _ secret: HMACKey.Authenticator) -> [UInt8] {
    var text = saltPrefix
    text.append(decimal: index)
    return Array(secret.code(of: text).bytes.prefix(16))
  }

  /// Leaf of the tree: `SHA-256(0x00 ‖ "causeway/field/v1" ‖ LF ‖ canonical JSON)`. No ledger entry begins so.
  var hash: Digest {
    var bytes: [UInt8] = []
    return hash(by: &bytes)
  }

  /// - Parameter bytes: is overwritten; what hashes many fields lends the same memory to all.
  func hash(by bytes: inout [UInt8]) -> Digest {
    bytes.removeAll(keepingCapacity: true)
    bytes += Self.prefix
    append(to: &bytes)
    return MerkleTree.leafHash(bytes)
  }

  /// Adds the canonical JSON, written directly: a large declaration has twenty thousand fields.
  func append(to bytes: inout [UInt8]) {
    func append(_ text: String) { JSONText.append(utf8: text.utf8.span, to: &bytes) }
    bytes.append(0x5B)
    bytes.append(decimal: index)
    bytes.append(0x2C)
    append(field.element)
    bytes += [0x2C, 0x5B]
    for (offset, position) in field.place.enumerated() {
      if offset > 0 { bytes.append(0x2C) }
      bytes.append(decimal: position)
    }
    bytes += [0x5D, 0x2C]
    append(Base64.encode(salt, .url))
    bytes.append(0x2C)
    if let value = field.value { append(value) } else { bytes += Array("null".utf8) }
    if let terms = field.terms {
      let (name, text) =
        switch terms {
        case .list(let id): ("list", id)
        case .unit(let code): ("unit", code)
        }
      bytes += [0x2C, 0x7B]
      append(name)
      bytes.append(0x3A)
      append(text)
      bytes.append(0x7D)
    }
    bytes.append(0x5D)
  }

  /// Reads a field as a disclosure shows it.
  ///
  /// - Throws: `ledger.disclosure_malformed`.
  init(json: JSONValue) throws(CausewayError) {
    guard let members = json.array, members.count == 5 || members.count == 6,
      let index = members[0].int, (0..<FieldContents.mostLeaves).contains(index),
      let element = members[1].string, Field.isElement(element),
      let place = members[2].array?.map(\.int), place.count <= Field.mostPlaces,
      place.allSatisfy({ $0.map((1...Field.largestPosition).contains) ?? false }),
      let salt = members[3].string.flatMap({ Base64.decode($0, .url) }), salt.count == 16,
      members[4].isNull || members[4].string != nil
    else { throw Disclosure.malformed("fields", "index, element, place, salt and value") }
    var terms: Field.Terms?
    if members.count == 6 {
      guard let object = members[5].object, object.members.count == 1, let text = object.members[0].value.string,
        (1...100).contains(text.utf8.count)
      else { throw Disclosure.malformed("fields", "list or unit") }
      switch ByteString(object.members[0].name) {
      case "list": terms = .list(text)
      case "unit": terms = .unit(text)
      default: throw Disclosure.malformed("fields", "list or unit")
      }
    }
    self.init(Field(element: element, place: place.compactMap { $0 }, value: members[4].string, terms: terms), index: index, salt: salt)
  }
}
