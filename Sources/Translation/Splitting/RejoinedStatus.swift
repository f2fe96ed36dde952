package import Declarations
package import JSONTree
package import Primitives

/// One status of a declaration that was divided, from the answers to its parts.
package struct RejoinedStatus: Sendable {
  /// What became of one part.
  package struct Part: Hashable, Sendable {
    /// Numbers of its items in the whole declaration.
    package let items: [String]
    package let isAnswered: Bool
    /// nil: not answered, or by an answer that leaves the status as it was.
    package let status: String?
    /// What it says of itself alone, such as the registration number: texts by dictionary id.
    package let own: [String: String]
  }

  /// Of the whole: a document of the kind of the answers. Without a status while it is open (``SplittingRules/rejoin(answers:numbers:profile:)``).
  package let status: Declaration
  /// In the order of the split.
  package let parts: [Part]
  /// Dictionary ids of what not all parts say, or say differently: absent from `status`.
  package let conflicts: [String]
  /// The status of the whole; nil: open.
  package let code: String?

  /// Parts that have no answer yet, counted from 1.
  package var unanswered: [Int] { parts.indices.filter { !parts[$0].isAnswered }.map { $0 + 1 } }

  /// The account of the parts, for people and machines.
  package var json: JSONValue {
    let parts = parts.map { part -> JSONValue in
      var object = JSONObject([("items", .array(part.items.map { .string($0) })), ("answered", .bool(part.isAnswered))])
      if let status = part.status { object["status"] = .string(status) }
      if !part.own.isEmpty { object["own"] = .object(JSONObject(part.own.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })) }
      return .object(object)
    }
    var object = JSONObject([
      ("version", 1), ("parts", .array(parts)), ("unanswered", .array(unanswered.map { .number(JSONNumber($0)) })),
      ("conflicts", .array(conflicts.map { .string($0) })),
    ])
    if let code { object["status"] = .string(code) }
    return .object(object)
  }
}

extension SplittingRules {
  /// One answer from the answers to the parts (`answers` in `splitting.yaml`). Pure: the same answers give the same status.
  ///
  /// All released: released. One refused: refused, whatever the others are and whether they have answered. Otherwise the weakest of them, and none while
  /// a part has not answered or its answer leaves the status as it was. Reasons are those of all parts, each once, the numbers of items those of the
  /// whole; a place outside the items is called by its part. A part without an answer is a reason of its own, and so is a text that not all parts say.
  ///
  /// - Parameters:
  ///   - answers: in the order of the split; nil: none yet.
  ///   - numbers: of the split.
  ///   - profile: the format of the parts' documents, by which pointers are followed.
  /// - Throws: `write.parts_incomplete` when there are more or fewer answers than parts; `write.element_unknown`: an answer is no status.
  /// - Complexity: O(values of all answers, and reasons²).
  func rejoin(answers: [Declaration?], numbers: [[String]], profile: Profile) throws(CausewayError) -> RejoinedStatus {
    let dictionary = profile.dictionary
    guard answers.count == numbers.count else {
      throw CausewayError("write.parts_incomplete", facts: ["expected": String(numbers.count), "found": String(answers.count)])
    }
    let rules = self.answers
    guard let kind = dictionary[rules.status].group, answers.allSatisfy({ $0 == nil || $0?.root.element == kind }) else {
      throw CausewayError("write.element_unknown", facts: ["element": dictionary[rules.status].id])
    }
    var whole = Group(kind)
    var conflicts: [ElementIndex] = []
    for element in Set(answers.flatMap { $0?.root.values.map(\.element) ?? [] }).sorted() where element != rules.status {
      let values = answers.filter { $0 != nil || !rules.whole.contains(element) }.map { $0?.root[element] }
      if let value = values[0], values.allSatisfy({ $0.map(value.hasSameContent) ?? false }) {
        whole[element] = Value(value.text)
      } else {
        conflicts.append(element)
      }
    }
    let codes = answers.map { $0?.root.text(rules.status) }
    let code = code(codes, rules)
    whole[rules.status] = code.map { Value($0) }
    let places = ItemPlaces(profile, items: items)
    for (part, answer) in answers.enumerated() {
      var reasons = answer?.root.groups(rules.reasons).map { bare($0) } ?? []
      func add(_ members: [(element: ElementIndex, text: String)]) {
        var reason = Group(rules.reasons)
        for member in members { reason[member.element] = Value(member.text) }
        reasons.append(reason)
      }
      if answer == nil { add(rules.unanswered) }
      if conflicts.contains(rules.text), let text = answer?.root.text(rules.text) {
        add(rules.textKind + [(element: rules.reasonText, text: text)])
      }
      let range = numbers[..<part].reduce(0) { $0 + $1.count }
      for var reason in reasons {
        place(&reason, part: part, of: numbers, first: range, places)
        if !whole.groups(rules.reasons).contains(where: { $0.hasSameContent(as: reason) }) { whole.append(reason) }
      }
    }
    let parts = answers.indices.map { index in
      let own = conflicts.compactMap { id in answers[index]?.root.text(id).map { (dictionary[id].id, $0) } }
      return RejoinedStatus.Part(
        items: numbers[index], isAnswered: answers[index] != nil, status: codes[index], own: Dictionary(uniqueKeysWithValues: own))
    }
    return RejoinedStatus(
      status: Declaration(root: whole, in: dictionary), parts: parts, conflicts: conflicts.map { dictionary[$0].id }, code: code)
  }

  private func code(_ codes: [String?], _ rules: Answers) -> String? {
    func isThere(_ code: String) -> Bool { codes.contains { $0?.hasSameBytes(as: code) ?? false } }
    if let decided = rules.weakest.first(where: { code in rules.decides.contains(code) && isThere(code) }) { return decided }
    return codes.contains(nil) ? nil : rules.weakest.first(where: isThere)
  }

  /// Without the places in the answers that its values were read from.
  private func bare(_ group: Group) -> Group {
    var bare = Group(group.element)
    for member in group.values { bare[member.element] = member.value.isNull ? .null() : Value(member.value.text) }
    for list in group.groups { bare.setGroups(list.element, list.groups.map { self.bare($0) }) }
    return bare
  }

  /// Gives a reason its place in the whole.
  ///
  /// - Parameter first: how many items the parts before have.
  private func place(_ reason: inout Group, part: Int, of numbers: [[String]], first: Int, _ places: ItemPlaces) {
    let (rules, own) = (answers, numbers[part])
    guard numbers.count > 1 else { return }
    let pointer = reason.text(rules.pointer)
    let followed = pointer.flatMap { places.moved($0, first: first, numbers: own) }
    if let followed { reason[rules.pointer] = Value(followed) }
    let step = reason.groups(rules.steps).firstIndex { step in
      step.text(rules.stepClass).map { text in rules.itemClasses.contains { $0.hasSameBytes(as: text) } } ?? false
    }
    if let step, let number = reason.groups(rules.steps)[step].text(rules.stepNumber).flatMap(Int.init), own.indices.contains(number - 1) {
      reason.modify(rules.steps, at: step) { $0[rules.stepNumber] = Value(own[number - 1]) }
      if pointer == nil { return }
    }
    if followed == nil {
      let rest = pointer.map { $0.utf8.first == 0x2F ? $0 : "/" + $0 } ?? ""
      reason[rules.pointer] = Value("part[\(part + 1)]\(rest)")
    }
  }
}

extension DeclarationSplit {
  /// What of a plan (``json``) the answers are rejoined by: for each part, the numbers of its items in the whole.
  ///
  /// - Throws: `write.plan_invalid` with a JSON pointer.
  package static func numbers(json: JSONValue) throws(CausewayError) -> [[String]] {
    func invalid(_ pointer: String) -> CausewayError { CausewayError("write.plan_invalid", pointer: pointer) }
    guard json["version"]?.int == 1 else { throw invalid("/version") }
    guard let parts = json["parts"]?.array, !parts.isEmpty else { throw invalid("/parts") }
    var numbers: [[String]] = []
    for (index, part) in parts.enumerated() {
      guard let items = part.array, items.allSatisfy({ $0.string != nil }) else { throw invalid("/parts/\(index)") }
      numbers.append(items.compactMap(\.string))
    }
    return numbers
  }
}

extension Translator {
  /// ``SplittingRules/rejoin(answers:numbers:profile:)`` for answers that were read from documents.
  ///
  /// - Parameter parts: the format of the parts' documents.
  /// - Throws: `write.parts_incomplete`, `write.element_unknown`.
  package func rejoin(answers: [ValidDocument?], numbers: [[String]], parts: Profile) throws(CausewayError) -> RejoinedStatus {
    try library.splitting.rejoin(answers: answers.map { $0?.declaration }, numbers: numbers, profile: parts)
  }
}
