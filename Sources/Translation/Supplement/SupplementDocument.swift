package import Declarations
package import Primitives

/// A supplement request or an answer to one as a document of the dictionary's kind `supplement`: what the hub format of supplements holds.
package struct SupplementDocument: Sendable {
  package enum Content: Sendable {
    case request(SupplementRequest)
    /// Values in the terms of a format, `id@version`.
    case answer(profile: String, [SupplementAnswer])
  }

  /// Number of the message, and of the request that it answers.
  package var number: String?
  package var requestNumber: String?
  package var clearance: String?
  /// ISO 3166-1 alpha-2 code of the economy whose declaration needs the values.
  package var economy: String?
  /// Local reference number and registration number of that declaration.
  package var localReference: String?
  package var registration: String?
  /// RFC 3339.
  package var issued: String?
  package let content: Content

  package init(_ content: Content) { self.content = content }

  /// UNTDID 1225.
  private static let (request, answer) = ("13", "11")
  /// Kinds of `SupplementChoice`.
  private static let (allowed, candidate) = ("VALUE", "CANDIDATE")

  // MARK: As a document

  /// The document, for ``Translator/write(_:as:on:)``.
  ///
  /// - Throws: `profile.invalid`: the dictionary lacks an element of the kind.
  package func document(in dictionary: ElementDictionary) throws(CausewayError) -> Declaration {
    guard var document = Declaration("supplement", in: dictionary) else { throw Self.lacking("Supplement") }
    try Self.set(&document.root, dictionary, "Supplement.ID", number)
    try Self.set(&document.root, dictionary, "Supplement.RequestID", requestNumber)
    try Self.set(&document.root, dictionary, "Supplement.ClearanceID", clearance)
    try Self.set(&document.root, dictionary, "Supplement.EconomyCode", economy)
    try Self.set(&document.root, dictionary, "Supplement.LRN", localReference)
    try Self.set(&document.root, dictionary, "Supplement.RegistrationID", registration)
    try Self.set(&document.root, dictionary, "Supplement.IssueDateTime", issued)
    switch content {
    case .request(let request):
      try Self.set(&document.root, dictionary, "Supplement.FunctionCode", Self.request)
      try Self.set(&document.root, dictionary, "Supplement.ProfileID", request.profile)
      try Self.set(&document.root, dictionary, "Supplement.ShapeID", request.shape)
      try Self.set(&document.root, dictionary, "Supplement.DirectionCode", request.direction?.rawValue)
      for (index, item) in request.items.enumerated() { document.root.append(try Self.group(item, index + 1, dictionary)) }
    case .answer(let profile, let answers):
      try Self.set(&document.root, dictionary, "Supplement.FunctionCode", Self.answer)
      try Self.set(&document.root, dictionary, "Supplement.ProfileID", profile)
      for answer in answers {
        var group = Group(try Self.element("SupplementItem", dictionary))
        try Self.set(&group, dictionary, "SupplementItem.Path", answer.path)
        try Self.set(&group, dictionary, "SupplementItem.Value", answer.value)
        document.root.append(group)
      }
    }
    return document
  }

  private static func group(
    _ item: SupplementRequest.Item, _ number: Int, _ dictionary: ElementDictionary
  ) throws(CausewayError) -> Group {
    var group = Group(try element("SupplementItem", dictionary))
    try set(&group, dictionary, "SupplementItem.SequenceNumeric", String(number))
    try set(&group, dictionary, "SupplementItem.Path", item.path)
    try set(&group, dictionary, "SupplementItem.Element", item.element)
    try set(&group, dictionary, "SupplementItem.Name", item.en)
    try set(&group, dictionary, "SupplementItem.Name.Local", item.zh)
    try set(&group, dictionary, "SupplementItem.ReasonCode", item.reason.rawValue)
    try set(&group, dictionary, "SupplementItem.TypeID", item.type)
    try set(&group, dictionary, "SupplementItem.Pattern", item.pattern)
    try set(&group, dictionary, "SupplementItem.ListID", item.list)
    try set(&group, dictionary, "SupplementItem.KnownValue", item.known)
    for (kind, values) in [(allowed, item.values), (candidate, item.candidates)] {
      for value in values {
        var choice = Group(try element("SupplementChoice", dictionary))
        try set(&choice, dictionary, "SupplementChoice.KindCode", kind)
        try set(&choice, dictionary, "SupplementChoice.Value", value)
        group.append(choice)
      }
    }
    return group
  }

  // MARK: From a document

  /// - Throws: `write.supplement_invalid` with the place in the document: it is neither request nor answer, an item has no place, or says a reason that is not known.
  package init(_ document: Declaration) throws(CausewayError) {
    let dictionary = document.dictionary
    func text(_ id: String, _ group: Group) -> String? { dictionary[id: id].flatMap { group.text($0) } }
    func invalid(_ place: String) -> CausewayError { CausewayError("write.supplement_invalid", pointer: place) }
    let root = document.root
    let items = dictionary[id: "SupplementItem"].map { root.groups($0) } ?? []
    let profile = text("Supplement.ProfileID", root) ?? ""
    switch text("Supplement.FunctionCode", root) {
    case Self.answer?:
      var answers: [SupplementAnswer] = []
      for (index, item) in items.enumerated() {
        guard let path = text("SupplementItem.Path", item) else { throw invalid("SupplementItem[\(index + 1)].Path") }
        answers.append(SupplementAnswer(path: path, value: text("SupplementItem.Value", item) ?? ""))
      }
      content = .answer(profile: profile, answers)
    case Self.request?:
      let direction = text("Supplement.DirectionCode", root)
      var asked: [SupplementRequest.Item] = []
      for (index, item) in items.enumerated() {
        func choices(_ kind: String) -> [String] {
          guard let element = dictionary[id: "SupplementChoice"] else { return [] }
          return item.groups(element).filter { text("SupplementChoice.KindCode", $0)?.hasSameBytes(as: kind) ?? false }
            .compactMap { text("SupplementChoice.Value", $0) }
        }
        guard let path = text("SupplementItem.Path", item), KeyedPath(path) != nil else {
          throw invalid("SupplementItem[\(index + 1)].Path")
        }
        guard let reason = text("SupplementItem.ReasonCode", item).flatMap(Reason.init) else {
          throw invalid("SupplementItem[\(index + 1)].ReasonCode")
        }
        asked.append(
          SupplementRequest.Item(
            path: path, element: text("SupplementItem.Element", item), en: text("SupplementItem.Name", item) ?? "",
            zh: text("SupplementItem.Name.Local", item) ?? "", type: text("SupplementItem.TypeID", item) ?? "",
            pattern: text("SupplementItem.Pattern", item), list: text("SupplementItem.ListID", item), values: choices(Self.allowed),
            reason: reason, candidates: choices(Self.candidate), known: text("SupplementItem.KnownValue", item)))
      }
      content = .request(
        SupplementRequest(
          profile: profile, direction: direction.flatMap(Direction.init), shape: text("Supplement.ShapeID", root), items: asked))
    default: throw invalid("Supplement.FunctionCode")
    }
    number = text("Supplement.ID", root)
    requestNumber = text("Supplement.RequestID", root)
    clearance = text("Supplement.ClearanceID", root)
    economy = text("Supplement.EconomyCode", root)
    localReference = text("Supplement.LRN", root)
    registration = text("Supplement.RegistrationID", root)
    issued = text("Supplement.IssueDateTime", root)
  }

  // MARK: Elements

  private static func lacking(_ id: String) -> CausewayError {
    CausewayError("profile.invalid", facts: ["reason": "the dictionary has no element \(id)"])
  }

  private static func element(_ id: String, _ dictionary: ElementDictionary) throws(CausewayError) -> ElementIndex {
    guard let element = dictionary[id: id] else { throw lacking(id) }
    return element
  }

  private static func set(
    _ group: inout Group, _ dictionary: ElementDictionary, _ id: String, _ text: String?
  ) throws(CausewayError) {
    guard let text, !text.utf8.isEmpty else { return }
    group[try element(id, dictionary)] = Value(text)
  }
}
