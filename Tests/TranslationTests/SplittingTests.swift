import Declarations
import Formats
import Primitives
import Testing

@testable import Translation

/// A declaration that the other side's form cannot hold: refused in one piece, divided without loss, and put together again.
@Suite struct SplittingTests {
  private func export(items: Int, seed: UInt64 = 5) throws -> ValidDocument {
    let profile = try Schemas.translator().profile("eu.eucdm")
    return try Schemas.translator().valid(try profile.sample(seed: seed, items: items, direction: .export), "eu.eucdm")
  }

  /// A rich European export in which every item has its masses, packages and value.
  private func rich(items count: Int) throws -> ValidDocument {
    let translator = try Schemas.translator()
    let dictionary = translator.library.dictionary
    let valid = try export(items: count)
    func element(_ id: String) throws -> ElementIndex { try #require(dictionary[id: id]) }
    var declaration = valid.declaration
    let (items, packaging, equipment, named) = (
      try element("GoodsItem"), try element("Packaging"), try element("TransportEquipment"), try element("EquipmentItem")
    )
    var gross = ExactDecimal(0)
    for position in 0..<count {
      let mass = try #require(ExactDecimal(mantissa: Int128(1_000 + 37 * position), scale: 3))
      gross = try #require(gross.adding(mass))
      declaration.root.modify(items, at: position) { item in
        item[dictionary[id: "GoodsItem.GrossMassMeasure"] ?? items] = Value(mass.description)
        item[dictionary[id: "GoodsItem.NetMassMeasure"] ?? items] = Value("\(1 + position % 3).5")
        item[dictionary[id: "GoodsItem.StatisticalValueAmount"] ?? items] = Value("\(100 + position).25")
        item[dictionary[id: "GoodsItem.SequenceNumeric"] ?? items] = Value(String(position + 1))
        var packages = Group(packaging)
        packages[dictionary[id: "Packaging.Quantity"] ?? items] = Value("2")
        packages[dictionary[id: "Packaging.TypeCode"] ?? items] = Value("CT")
        item.setGroups(packaging, [packages])
      }
    }
    for (id, text) in [
      ("Declaration.TotalGrossMassMeasure", gross.description), ("Declaration.TotalPackageQuantity", String(2 * count)),
      ("Declaration.GoodsItemQuantity", String(count)), ("FreightCharge.BasisCode", "3"), ("FreightCharge.Amount", "1000.01"),
      ("FreightCharge.Currency", "EUR"), ("InsuranceCharge.BasisCode", "1"), ("InsuranceCharge.Amount", "0.3"),
    ] { declaration[try element(id)] = Value(text) }
    var box = Group(equipment)
    box[try element("TransportEquipment.ID")] = Value("CSQU3054383")
    box[try element("TransportEquipment.GoodsWeightMeasure")] = Value("100.000")
    for number in [1, 50, 51, count] {
      var item = Group(named)
      item[try element("EquipmentItem.SequenceNumeric")] = Value(String(number))
      box.append(item)
    }
    declaration.root.setGroups(equipment, [box])
    let hub = try translator.write(valid, released: declaration, to: try translator.profile("uncefact.xml"))
    return try translator.valid(try hub.bytes(), "uncefact.xml")
  }

  private func sum(_ parts: [Declaration], _ id: String) -> ExactDecimal? {
    parts.reduce(ExactDecimal?(ExactDecimal(0))) { sum, part in
      part[id: id].flatMap { ExactDecimal($0.text) }.flatMap { sum?.adding($0) }
    }
  }

  @Test func moreItemsThanTheFormHoldsAreRefusedInOnePiece() throws {
    let translator = try Schemas.translator()
    let found = problems { _ = try translator.write(try export(items: 51), to: try translator.profile("cn.decmessage")) }
    #expect(found.map(\.code) == ["write.item_limit"])
    #expect(found.first?.facts["count"] == "51")
    #expect(problems { _ = try translator.write(try export(items: 50), to: try translator.profile("cn.decmessage")) } == [])
  }

  @Test func nineHundredNinetyNineItemsBecomeTwentyDeclarationsAndOneAgain() throws {
    let translator = try Schemas.translator()
    let whole = try rich(items: 999)
    let target = try translator.profile("cn.decmessage")
    let split = try translator.writeParts(whole, to: target)
    #expect(split.parts.count == 20)
    #expect(split.parts.allSatisfy { $0.declaration.root.count(translator.library.splitting.items) <= 50 })
    let common = Set(split.common.map(\.path))
    #expect(!common.isEmpty)
    var answered: [Declaration] = []
    var totals: [String: ExactDecimal] = [:]
    for part in split.parts {
      #expect(part.report.unmentionedSourceLeaves == [])
      let answers = try part.supplement.items.map { SupplementAnswer(path: $0.path, value: try Self.answer($0)) }
      let supplied = try translator.supply(answers, to: part.document, profile: target)
      #expect(supplied.remaining.isEmpty)
      let valid = try translator.valid(supplied.bytes, "cn.decmessage")
      answered.append(valid.declaration)
      let head = try #require(valid.document.find("DecHead"))
      for name in ["GrossWet", "PackNo", "FeeRate"] {
        let text = try #require(valid.document.first(name, of: head).flatMap { valid.document.text($0) })
        totals[name] = totals[name, default: ExactDecimal(0)].adding(try #require(ExactDecimal(text)))
      }
    }
    // What China's parts add up to is what France declared.
    let declared = try #require(whole.declaration[id: "Declaration.TotalGrossMassMeasure"]?.text)
    #expect(totals["GrossWet"] == ExactDecimal(declared))
    #expect(totals["PackNo"] == ExactDecimal(1998))
    #expect(totals["FeeRate"] == ExactDecimal("1000.01"))
    // A rate is the same for each.
    #expect(answered.allSatisfy { $0[id: "InsuranceCharge.Amount"]?.text == "0.3" })
    let (joined, _) = try translator.rejoin(answered, split.split)
    let items = translator.library.splitting.items
    #expect(joined.root.count(items) == 999)
    for id in ["Commodity.HS6", "GoodsItem.SequenceNumeric"] {
      let element = try #require(joined.dictionary[id: id])
      #expect(joined.root.groups(items).map { $0.text(element) } == whole.declaration.root.groups(items).map { $0.text(element) })
    }
    #expect(joined[id: "Declaration.TotalPackageQuantity"]?.text == "1998")
    #expect(joined[id: "FreightCharge.Amount"].flatMap { ExactDecimal($0.text) } == ExactDecimal("1000.01"))
    let part = split.parts[1]
    #expect(part.report.entries.contains { $0.reason == .otherPart })
    #expect(part.report.counts[.withheld] == nil)
    #expect(part.report.entries.first { $0.element == "Declaration.TotalGrossMassMeasure" }?.action == .computed)
  }

  /// Answers as somebody who knows the commodity; anything valid by type and list otherwise.
  static func answer(_ item: SupplementRequest.Item) throws -> String {
    if let candidate = item.candidates.first ?? item.values.first { return candidate }
    if let list = item.list.flatMap(try Schemas.library.get().codes.list), let entry = list.entries.first(where: { $0.validTo == nil }) {
      return entry.code
    }
    switch try #require(LeafType(item.type)) {
    case .code(let length):
      let known = item.known ?? ""
      return known + String(repeating: "0", count: max(1, item.known == nil ? 1 : length - known.utf8.count))
    case .decimal, .integer: return "1"
    case .indicator(_, let yes): return yes
    case .date, .datetime: return "20260401"
    default: return "ANSWER"
    }
  }

  @Test func containersFollowTheirItemsAndTheirWeightIsShared() throws {
    let translator = try Schemas.translator()
    let whole = try rich(items: 120)
    let split = translator.library.splitting.split(whole.declaration, limit: 50)
    let dictionary = translator.library.dictionary
    let (equipment, named) = (try #require(dictionary[id: "TransportEquipment"]), try #require(dictionary[id: "EquipmentItem"]))
    let number = try #require(dictionary[id: "EquipmentItem.SequenceNumeric"])
    let boxes = split.parts.map { $0.root.groups(equipment) }
    #expect(boxes.map(\.count) == [1, 1, 1])
    #expect(boxes.map { $0[0].groups(named).compactMap { $0.text(number) } } == [["1", "50"], ["1"], ["20"]])
    let weight = try #require(dictionary[id: "TransportEquipment.GoodsWeightMeasure"])
    let shares = boxes.compactMap { $0[0].text(weight).flatMap { ExactDecimal($0) } }
    #expect(shares.count == 3)
    #expect(shares.reduce(ExactDecimal?(ExactDecimal(0))) { $1.adding($0 ?? ExactDecimal(0)) } == ExactDecimal(100))
    let (joined, conflicts) = try translator.rejoin(split.parts, split)
    #expect(conflicts == [])
    #expect(joined.root.hasSameContent(as: whole.declaration.root))
  }

  @Test func withoutANumberThatAllItemsHaveATotalIsLeftOut() throws {
    let translator = try Schemas.translator()
    let dictionary = translator.library.dictionary
    var whole = try rich(items: 60).declaration
    let items = translator.library.splitting.items
    for id in ["GoodsItem.GrossMassMeasure", "GoodsItem.NetMassMeasure", "StatutoryQuantity.Value"] {
      let element = try #require(dictionary[id: id])
      whole.root.modify(items, at: 7) { $0[element] = nil }
    }
    let split = translator.library.splitting.split(whole, limit: 50)
    #expect(split.parts.allSatisfy { $0[id: "Declaration.TotalGrossMassMeasure"] == nil })
    #expect(split.divisions.contains { $0.element == "Declaration.TotalGrossMassMeasure" && !$0.isDivided })
    // The next best key.
    #expect(split.divisions.first { $0.element == "FreightCharge.Amount" }?.by == "GoodsItem.StatisticalValueAmount")
    #expect(sum(split.parts, "FreightCharge.Amount") == ExactDecimal("1000.01"))
  }

  @Test func partsThatAreNotTheWholeAreRefused() throws {
    let translator = try Schemas.translator()
    let split = translator.library.splitting.split(try rich(items: 60).declaration, limit: 50)
    #expect(problems { _ = try translator.rejoin(split.parts.dropLast(), split) }.map(\.code) == ["write.parts_incomplete"])
    #expect(problems { _ = try translator.rejoin(split.parts.reversed(), split) }.map(\.code) == ["write.parts_incomplete"])
  }

  @Test(arguments: [
    ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]), ("-1.00", ["1", "2"], ["-0.33", "-0.67"]),
    ("7", ["0", "5", "0"], ["0", "7", "0"]),
    ("0.05", ["1", "1", "1", "1", "1", "1"], ["0.01", "0.01", "0.01", "0.01", "0.01", "0.00"]),
  ])
  func sharesAddUpExactly(_ total: String, _ weights: [String], _ expected: [String]) throws {
    let whole = try #require(ExactDecimal(total))
    let shares = try #require(Apportionment.shares(of: whole, by: weights.compactMap { ExactDecimal($0) }, scale: whole.scale))
    #expect(shares.map(\.description) == expected)
  }

  @Test func thereAreNoSharesOfNothing() throws {
    let one = ExactDecimal(1)
    #expect(Apportionment.shares(of: one, by: [ExactDecimal(0), ExactDecimal(0)], scale: 0) == nil)
    #expect(Apportionment.shares(of: one, by: [try #require(ExactDecimal("-1")), one], scale: 0) == nil)
  }
}
