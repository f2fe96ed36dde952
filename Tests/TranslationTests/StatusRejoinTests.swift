import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// The answers to the parts of a divided declaration are one answer to the whole.
@Suite struct StatusRejoinTests {
  /// Three parts: items 1 to 50, 51 to 100, 101 to 120.
  static let numbers = [Array(1...50), Array(51...100), Array(101...120)].map { $0.map(String.init) }

  struct Why {
    var code = "E1"
    var pointer: String?
    var steps: [(section: String, number: Int?)] = []
  }

  /// What a customs says of one part, in the hub's acknowledgement.
  static func answer(_ code: String?, registration: String = "R", text: String? = nil, _ reasons: [Why] = []) throws -> ValidDocument {
    let listed = reasons.map { why in
      let steps = why.steps.map { step in
        let number = step.number.map { "<ValueNumeric>\($0)</ValueNumeric>" } ?? ""
        return "<SpecifiedDocumentCharacteristic><TypeCode>\(step.section)</TypeCode>\(number)</SpecifiedDocumentCharacteristic>"
      }
      let pointer = why.pointer.map { "<InvalidInformation>\($0)</InvalidInformation>" } ?? ""
      return """
        <SpecifiedDocumentStatus><ReasonCode>\(why.code)</ReasonCode><ReasonClassificationCode>error</ReasonClassificationCode>\(pointer)
        \(steps.joined())</SpecifiedDocumentStatus>
        """
    }
    let condition = code.map { "<ProcessConditionCode>\($0)</ProcessConditionCode>" } ?? ""
    let said = text.map { "<ProcessCondition>\($0)</ProcessCondition>" } ?? ""
    let xml = """
      <r:CrossDomainAcknowledgementAndResponse xmlns:r="urn:causeway:uncefact:d23b:CrossDomainAcknowledgementAndResponse:1"
        xmlns="urn:causeway:uncefact:d23b:ReusableAggregateBusinessInformationEntity:1">
      <r:ExchangedDocument>
      <IssuerTradeParty><PostalTradeAddress><CountryID>CN</CountryID></PostalTradeAddress></IssuerTradeParty></r:ExchangedDocument>
      <r:AcknowledgementDocument>\(condition)\(said)<ReferenceReferencedDocument><GlobalID>\(registration)</GlobalID>\(listed.joined())
      </ReferenceReferencedDocument></r:AcknowledgementDocument></r:CrossDomainAcknowledgementAndResponse>
      """
    return try Schemas.translator().valid(Array(xml.utf8), "uncefact.cdar.xml")
  }

  static func rejoin(_ answers: [ValidDocument?], parts: String = "cn.decmessage") throws -> RejoinedStatus {
    let translator = try Schemas.translator()
    return try translator.rejoin(answers: answers, numbers: numbers, parts: try translator.profile(parts))
  }

  /// Texts of one element of the reasons, in order.
  static func reasons(_ joined: RejoinedStatus, _ id: String) throws -> [String?] {
    let dictionary = joined.status.dictionary
    let (group, element) = (try #require(dictionary[id: "Reason"]), try #require(dictionary[id: id]))
    return joined.status.root.groups(group).map { $0.text(element) }
  }

  static func code(_ codes: String?...) throws -> String? {
    try rejoin(try codes.map { $0 == "none" ? nil : try answer($0) }).code
  }

  @Test func theWholeIsWhatItsWeakestPartIs() throws {
    #expect(try Self.code("released", "released", "released") == "released")
    #expect(try Self.code("released", "accepted", "released") == "accepted")
    #expect(try Self.code("lodged", "accepted", "released") == "lodged")
    #expect(try Self.code("released", "withdrawn", "released") == "withdrawn")
    #expect(try Self.code("withdrawn", "released", "refused") == "refused")
    // Held: an answer that changes no status, as the notice of a control.
    #expect(try Self.code("released", nil, "released") == nil)
    #expect(try Self.code("refused", nil, "released") == "refused")
    // Not answered.
    #expect(try Self.code("released", "none", "released") == nil)
    #expect(try Self.code("released", "none", "refused") == "refused")
    #expect(try Self.code("none", "none", "none") == nil)
  }

  @Test func everyStatusHasItsRank() throws {
    let library = try Schemas.library.get()
    let list = try #require(library.codes.list("clearance-status"))
    #expect(Set(library.splitting.answers.weakest) == Set(list.entries.map(\.code)))
    #expect(library.splitting.answers.weakest.count == list.entries.count)
  }

  @Test func whatIsMissingIsSaid() throws {
    let joined = try Self.rejoin([try Self.answer("released"), nil, try Self.answer(nil)])
    #expect(joined.unanswered == [2])
    #expect(joined.parts.map(\.status) == ["released", nil, nil])
    #expect(joined.parts.map(\.isAnswered) == [true, false, true])
    #expect(joined.parts[1].items.first == "51")
    #expect(try Self.reasons(joined, "Reason.Code") == ["unanswered"])
    #expect(try Self.reasons(joined, "Reason.Pointer") == ["part[2]"])
    let text = String(decoding: joined.json.serialized(), as: UTF8.self)
    #expect(text.contains("\"unanswered\":[2]") && !text.contains("\"status\":\"refused\""))
  }

  @Test func whatAllSayAlikeIsSaidOfTheWhole() throws {
    let joined = try Self.rejoin(try ["A1", "A2", "A3"].map { try Self.answer("released", registration: $0) })
    #expect(joined.conflicts == ["Status.RegistrationID"])
    #expect(joined.status[id: "Status.RegistrationID"] == nil)
    #expect(joined.status[id: "Status.EconomyCode"]?.text == "CN")
    #expect(joined.status[id: "Status.Code"]?.text == "released")
    #expect(try Self.reasons(joined, "Reason.Code") == [])
    #expect(joined.parts.map(\.own) == ["A1", "A2", "A3"].map { ["Status.RegistrationID": $0] })
    let alike = try Self.rejoin(try (1...3).map { _ in try Self.answer("released", registration: "A", text: "free") })
    #expect(alike.status[id: "Status.RegistrationID"]?.text == "A" && alike.status[id: "Status.Text"]?.text == "free")
    #expect(alike.conflicts == [] && alike.parts.allSatisfy(\.own.isEmpty))
  }

  /// The number and the text of the only part that has answered are not those of the whole. The text may be all that is said of a refusal.
  @Test func whatOnePartSaysIsNotSaidOfTheWhole() throws {
    let joined = try Self.rejoin([nil, try Self.answer("refused", registration: "A2", text: "第1项商品归类有误"), nil])
    #expect(joined.code == "refused")
    #expect(joined.status[id: "Status.RegistrationID"] == nil && joined.status[id: "Status.Text"] == nil)
    #expect(joined.status[id: "Status.EconomyCode"]?.text == "CN")
    #expect(joined.parts[1].own == ["Status.RegistrationID": "A2", "Status.Text": "第1项商品归类有误"])
    #expect(try Self.reasons(joined, "Reason.Text") == [nil, "第1项商品归类有误", nil])
    #expect(try Self.reasons(joined, "Reason.Pointer") == ["part[1]", "part[2]", "part[3]"])
    #expect(try Self.reasons(joined, "Reason.TypeCode") == ["state", "state", "state"])
  }

  struct Pointer: Sendable, CustomTestStringConvertible {
    let profile, part, whole: String
    var testDescription: String { part }
  }

  /// In the second part, where item 1 is the 51st of the whole.
  static let pointers = [
    ("cn.decmessage", "/DecMessage/DecLists/DecList[3]/GQty", "/DecMessage/DecLists/DecList[53]/GQty"),
    // A part with a single item has no number in a pointer.
    ("cn.decmessage", "/DecMessage/DecLists/DecList/GQty", "/DecMessage/DecLists/DecList[51]/GQty"),
    ("cn.decmessage", "DecLists/DecList[GNo=3]/GModel", "DecLists/DecList[GNo=53]/GModel"),
    ("my.kastam", "/k1/items/2/quantity/value", "/k1/items/52/quantity/value"),
    ("my.kastam", "k1/items[3]/quantity/value", "k1/items[53]/quantity/value"),
    (
      "eu.eucdm", "/CustomsDeclaration/H1/GoodsShipment/GoodsItem[50]/Procedure/AdditionalProcedure[2]/additionalProcedure",
      "/CustomsDeclaration/H1/GoodsShipment/GoodsItem[100]/Procedure/AdditionalProcedure[2]/additionalProcedure"
    ),
    (
      "uncefact.json", "/specifiedConsignment/0/includedConsignmentItem/0/sequenceNumeric",
      "/specifiedConsignment/0/includedConsignmentItem/50/sequenceNumeric"
    ),
    // A place outside the items, and what is no place: of the part.
    ("cn.decmessage", "/DecMessage/DecHead/GrossWet", "part[2]/DecMessage/DecHead/GrossWet"),
    ("cn.decmessage", "DecHead/GrossWet", "part[2]/DecHead/GrossWet"),
    ("cn.decmessage", "see box 31", "part[2]/see box 31"),
    ("cn.decmessage", "/", "part[2]/"),
    // More items than the part has, numbers that are none, another format.
    ("cn.decmessage", "/DecMessage/DecLists/DecList[51]/GQty", "part[2]/DecMessage/DecLists/DecList[51]/GQty"),
    ("cn.decmessage", "/DecMessage/DecLists/DecList[0]/GQty", "part[2]/DecMessage/DecLists/DecList[0]/GQty"),
    ("cn.decmessage", "/DecMessage/DecLists/DecList[-1]", "part[2]/DecMessage/DecLists/DecList[-1]"),
    (
      "cn.decmessage", "/DecMessage/DecLists/DecList[99999999999999999999]/GQty",
      "part[2]/DecMessage/DecLists/DecList[99999999999999999999]/GQty"
    ),
    ("cn.decmessage", "/DecMessage/DecLists/DecList[GNo=x]", "part[2]/DecMessage/DecLists/DecList[GNo=x]"),
    ("cn.decmessage", "/DecMessage/DecLists/DecList[", "part[2]/DecMessage/DecLists/DecList["),
    ("my.kastam", "/k1/items", "part[2]/k1/items"),
    ("my.kastam", "/DecMessage/DecLists/DecList[3]/GQty", "part[2]/DecMessage/DecLists/DecList[3]/GQty"),
  ].map { Pointer(profile: $0.0, part: $0.1, whole: $0.2) }

  @Test(arguments: pointers) func aPointerGetsTheNumberOfTheWhole(_ pointer: Pointer) throws {
    let joined = try Self.rejoin(
      [try Self.answer("released"), try Self.answer("refused", [Why(pointer: pointer.part)]), try Self.answer("released")],
      parts: pointer.profile)
    #expect(joined.code == "refused")
    #expect(try Self.reasons(joined, "Reason.Pointer") == [pointer.whole])
  }

  @Test func aStepToAnItemGetsTheNumberOfTheWhole() throws {
    let steps: [(section: String, number: Int?)] = [("42A", nil), ("67A", nil), ("68A", 20), ("23A", 1)]
    let joined = try Self.rejoin([
      try Self.answer("released"), nil,
      try Self.answer("refused", [Why(steps: steps), Why(steps: [("42A", nil)]), Why(steps: [("68A", 21)])]),
    ])
    let dictionary = joined.status.dictionary
    let (group, places) = (try #require(dictionary[id: "Reason"]), try #require(dictionary[id: "ReasonPlace"]))
    let number = try #require(dictionary[id: "ReasonPlace.SequenceNumeric"])
    let found = joined.status.root.groups(group).map { $0.groups(places).map { $0.text(number) } }
    #expect(found == [[], [nil, nil, "120", "1"], [nil], ["21"]])
    // What names no item of the part is a place in the part.
    #expect(try Self.reasons(joined, "Reason.Pointer") == ["part[2]", nil, "part[3]", "part[3]"])
  }

  @Test func theSameReasonIsSaidOnce() throws {
    let same = Why(pointer: "/DecMessage/DecLists/DecList[1]/GQty")
    let joined = try Self.rejoin([
      try Self.answer("accepted", [same, same]), try Self.answer("accepted", [same]), try Self.answer("released"),
    ])
    #expect(
      try Self.reasons(joined, "Reason.Pointer") == ["/DecMessage/DecLists/DecList[1]/GQty", "/DecMessage/DecLists/DecList[51]/GQty"])
  }

  /// A declaration that was not divided has one part, and its answer is the answer.
  @Test func oneAnswerIsTheAnswer() throws {
    let translator = try Schemas.translator()
    let answer = try Self.answer("refused", [Why(pointer: "/DecMessage/DecHead/GrossWet", steps: [("68A", 2)])])
    let joined = try translator.rejoin(answers: [answer], numbers: [["1", "2"]], parts: try translator.profile("cn.decmessage"))
    #expect(joined.status.root.hasSameContent(as: answer.declaration.root))
  }

  @Test func thePlanOfADivisionIsRead() throws {
    let translator = try Schemas.translator()
    let export = try translator.valid(try translator.profile("eu.eucdm").sample(seed: 5, items: 7, direction: .export), "eu.eucdm")
    let split = translator.library.splitting.split(export.declaration, limit: 3)
    #expect(try DeclarationSplit.numbers(json: try JSONValue.parse(JSONValue.object(split.json).serialized())) == split.numbers)
    for (text, pointer) in [
      ("{}", "/version"), (#"{"version":1}"#, "/parts"), (#"{"version":1,"parts":[]}"#, "/parts"),
      (#"{"version":1,"parts":[["1"],[2]]}"#, "/parts/1"), (#"{"version":1,"parts":["1"]}"#, "/parts/0"),
    ] {
      let found = problems { _ = try DeclarationSplit.numbers(json: try JSONValue.parse(Array(text.utf8))) }
      #expect(found.map(\.code) == ["write.plan_invalid"] && found.first?.pointer == pointer, "\(text)")
    }
  }

  @Test func otherAnswersThanPartsAreRefused() throws {
    let answer = try Self.answer("released")
    #expect(problems { _ = try Self.rejoin([answer, answer]) }.map(\.code) == ["write.parts_incomplete"])
    let translator = try Schemas.translator()
    let declaration = try translator.valid(try translator.profile("cn.decmessage").sample(seed: 1), "cn.decmessage")
    #expect(problems { _ = try Self.rejoin([answer, declaration, nil]) }.map(\.code) == ["write.element_unknown"])
  }

  /// The way of a European export of 999 items to China and of China's answers back: what is refused is refused by its number in France.
  @Test func answersToTwentyPartsAreOneStatusInEveryFormat() throws {
    let translator = try Schemas.translator()
    let export = try translator.valid(try translator.profile("eu.eucdm").sample(seed: 5, items: 999, direction: .export), "eu.eucdm")
    let target = try translator.profile("cn.decmessage")
    let split = translator.library.splitting.split(export.declaration, limit: target.itemLimit)
    #expect(split.parts.count == 20)
    var answers: [ValidDocument?] = try split.parts.map { _ in try Self.answer("released") }
    #expect(try translator.rejoin(answers: answers, numbers: split.numbers, parts: target).code == "released")
    answers[19] = try Self.answer("refused", [Why(code: "E7", pointer: "/DecMessage/DecLists/DecList[49]/CodeTS")])
    answers[7] = nil
    let joined = try translator.rejoin(answers: answers, numbers: split.numbers, parts: target)
    #expect(joined.code == "refused")
    #expect(joined.unanswered == [8])
    #expect(try Self.reasons(joined, "Reason.Pointer") == ["part[8]", "/DecMessage/DecLists/DecList[999]/CodeTS"])
    // It is a status like others.
    let first = try #require(answers[0])
    for name in ["uncefact.cdar.xml", "uncefact.cdar.json", "wco.dms.response", "sg.response"] {
      let profile = try translator.profile(name)
      let written = try translator.write(first, released: joined.status, to: profile, options: .init(makesComplement: false))
      let read = try translator.valid(try written.bytes(), name, isDraft: true)
      #expect(read.declaration[id: "Status.Code"]?.text == "refused", "\(name)")
    }
  }
}
