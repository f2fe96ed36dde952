import Declarations
import Exchange
import Ledger
import Primitives
import Translation
import Trust

/// What a message commits to besides its bytes: the root over the fields of its declaration, and the secret that opens it.
struct FieldCommitment: Sendable {
  let root: Digest
  let secret: HMACKey
}

extension Declaration {
  /// The fields of the declaration under one root, as sender and receiver compute it (docs/disclosure.md).
  ///
  /// - Parameter profile: by which the wire document was read.
  /// - Throws: `ledger.fields_count`.
  func fieldTree(profile: VersionedName, secret: HMACKey) throws(CausewayError) -> FieldTree {
    try FieldTree(fields, mandatory: mandatoryElements, profile: GatewayNode.name(profile), secret: secret)
  }

  /// Every value that stands in the tree, in the order of the walk.
  private var fields: [Field] {
    var known = [Field.Terms??](repeating: nil, count: dictionary.elements.count)
    func terms(of element: ElementIndex) -> Field.Terms? {
      if let terms = known[Int(element.raw)] { return terms }
      let found = dictionary[element].list.map { Field.Terms.list($0) } ?? dictionary[element].unit.map { .unit($0) }
      known[Int(element.raw)] = .some(found)
      return found
    }
    var fields: [Field] = []
    walk { path, value in
      fields.append(
        Field(
          element: dictionary.id(of: path.element), place: path.steps.map { $0.position + 1 }, value: value.isNull ? nil : value.text,
          terms: terms(of: path.element)))
    }
    return fields
  }

  /// Ids of the elements that the dictionary requires of a declaration of this direction, in a group that is there or is required itself.
  private var mandatoryElements: [String] {
    let isImport = text("Declaration.TypeCode") == Direction.import.rawValue
    var isExpected = [Bool](repeating: false, count: dictionary.elements.count)
    func mark(_ group: Group) {
      isExpected[Int(group.element.raw)] = true
      for instances in group.groups { instances.groups.forEach(mark) }
    }
    mark(root)
    var ids: [String] = []
    // A group stands in the dictionary before what is in it. Looked at where they lie: to copy an element costs more than to look.
    let elements = dictionary.elements
    for index in elements.indices {
      guard let group = elements[index].group, isExpected[Int(group.raw)],
        isImport ? elements[index].import.isRequired : elements[index].export.isRequired
      else { continue }
      if elements[index].isGroup { isExpected[index] = true } else { ids.append(elements[index].id) }
    }
    return ids
  }
}

extension GatewayNode {
  /// Reads a document of our own as its receiver will, and commits to its fields.
  ///
  /// - Throws: the parsers' codes when it cannot be read: it then does not go out.
  func commitment(to bytes: [UInt8], as profile: Profile) throws(CausewayError) -> FieldCommitment {
    let secret = HMACKey.random()
    let declaration = try Translator(profiles).declaration(of: bytes, as: profile)
    return FieldCommitment(root: try declaration.fieldTree(profile: profile.versioned, secret: secret).root, secret: secret)
  }
}
