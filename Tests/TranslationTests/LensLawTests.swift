import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// The two lens laws and what follows from them, on samples and on generated documents of every profile.
@Suite struct LensLawTests {
  static let pairs = [
    ("cn.decmessage", "uncefact.xml"), ("cn.decmessage", "uncefact.json"), ("cn.decmessage", "sg.tradenet"),
    ("sg.tradenet", "uncefact.xml"),
    ("sg.tradenet", "uncefact.json"), ("sg.tradenet", "cn.decmessage"), ("uncefact.xml", "uncefact.json"), ("uncefact.json", "sg.tradenet"),
  ]

  /// Writes to the partner, over the wire and back, with a complement that went through its JSON form.
  private func putBack(_ bytes: [UInt8], _ from: String, _ to: String, keeps: Bool = true) throws -> (
    Document, Document, Translation, Translation
  ) {
    let translator = try Schemas.translator()
    let valid = try translator.valid(bytes, from)
    let there = try translator.write(valid, to: try translator.profile(to))
    let partner = try translator.valid(try there.bytes(), to, isDraft: true)
    let made = try #require(there.complement)
    let stored = made.serialized()
    let complement = try Complement(json: try JSONValue.parse(stored))
    let back = try translator.write(
      partner, to: valid.profile, options: .init(complement: keeps ? complement : nil, makesComplement: false))
    return (valid.document, try translator.parse(try back.bytes(), as: valid.profile), there, back)
  }

  @Test(arguments: Schemas.chineseSamples, ["uncefact.xml", "uncefact.json", "sg.tradenet"])
  func aSampleComesBackAsItWas(sample: String, to: String) throws {
    let (original, returned, there, _) = try putBack(try Schemas.sample("cn.decmessage/5.0/samples/" + sample), "cn.decmessage", to)
    #expect(original.differences(from: returned) == [])
    #expect(there.report.unmentionedSourceLeaves == [])
  }

  @Test(
    arguments: ["in-payment-textiles.xml", "in-non-payment-storage.xml", "outward-machine-parts.xml"],
    ["uncefact.xml", "uncefact.json", "cn.decmessage"])
  func aTradeNetSampleComesBackAsItWas(sample: String, to: String) throws {
    let (original, returned, there, _) = try putBack(try Schemas.sample("sg.tradenet/4.1/samples/" + sample), "sg.tradenet", to)
    #expect(original.differences(from: returned) == [])
    #expect(there.report.unmentionedSourceLeaves == [])
  }

  @Test(arguments: pairs) func getPut(_ from: String, _ to: String) throws {
    let profile = try Schemas.translator().profile(from)
    var refused = 0
    for seed in 0..<UInt64(6) {
      let result: (Document, Document, Translation, Translation)
      do { result = try putBack(try profile.sample(seed: seed), from, to) } catch let error as CausewayError {
        // A hub document may take a declaration back or change it, which a national format refuses.
        guard [["write.cancellation"], ["write.amendment"]].contains(error.problems.map(\.code)) else { throw error }
        refused += 1
        continue
      }
      let (original, returned, there, _) = result
      #expect(original.differences(from: returned) == [], "seed \(seed)")
      #expect(there.report.unmentionedSourceLeaves == [], "seed \(seed)")
    }
    #expect(refused < 3)
  }

  @Test(arguments: pairs) func whatIsCalledCarriedComesBackWithoutTheComplement(_ from: String, _ to: String) throws {
    let translator = try Schemas.translator()
    let profile = try translator.profile(from)
    for seed in 100..<UInt64(104) {
      let bytes = try profile.sample(seed: seed)
      let valid = try translator.valid(bytes, from)
      let there = try translator.write(valid, to: try translator.profile(to))
      let partner = try translator.valid(try there.bytes(), to, isDraft: true)
      let home = Complement(
        profile: profile.name, direction: valid.reading.direction, economy: valid.reading.economy, shape: there.complement?.shape,
        namespace: nil,
        counts: [], orders: [], entries: [])
      let back = try translator.write(partner, to: profile, options: .init(complement: home, makesComplement: false))
      let returned = try translator.validateDraft(back, profile)
      for entry in there.report.entries where entry.action == .copied || entry.action == .converted {
        guard let source = entry.source, let path = entry.path.flatMap({ ElementPath($0, in: profile.dictionary) }), entry.target != nil
        else { continue }
        let before = valid.declaration[path]
        // Instances before it may not have been carried: the value is looked for in each.
        let after = returned.declaration.values(of: path.element)
        #expect(
          before == nil || after.contains { before?.hasSameContent(as: $0) ?? false }, "\(entry.path ?? "") from \(source), seed \(seed)")
      }
    }
  }

  /// Each value that is carried, changed on the other side, comes back changed: the complement never overrides.
  @Test(arguments: [("cn.decmessage", "uncefact.xml"), ("cn.decmessage", "uncefact.json"), ("sg.tradenet", "uncefact.xml")])
  func putGet(_ from: String, _ to: String) throws {
    let translator = try Schemas.translator()
    let profile = try translator.profile(from)
    var checked = 0
    for seed in 200..<UInt64(202) {
      let valid = try translator.valid(try profile.sample(seed: seed, items: 2), from)
      let there = try translator.write(valid, to: try translator.profile(to))
      let partner = try translator.valid(try there.bytes(), to, isDraft: true)
      for entry in there.report.entries where entry.action != .missing && entry.target != nil {
        guard let path = entry.path.flatMap({ ElementPath($0, in: profile.dictionary) }), var value = partner.declaration[path],
          let changed = Self.changed(value.text, profile.dictionary[path.element].type), !Self.decides(path, profile)
        else { continue }
        value.text = changed
        let altered = partner.declaration.setting(path, value)
        let back = try translator.write(
          partner, released: altered, to: profile, options: .init(complement: there.complement, makesComplement: false))
        let wasWritten = back.report.entries.contains {
          $0.path == entry.path && ($0.action == .copied || $0.action == .converted) && $0.target != nil
        }
        guard wasWritten else { continue }
        let returned = try translator.validateDraft(back, profile)
        #expect(returned.declaration[path]?.text == changed, "\(entry.path ?? ""), seed \(seed)")
        checked += 1
      }
    }
    #expect(checked > 100)
  }

  /// Elements that choose the direction, and keys by which instances are found.
  private static func decides(_ path: ElementPath, _ profile: Profile) -> Bool {
    ["Declaration.TypeCode", "Declaration.EconomyCode", "Declaration.CategoryCode", "Declaration.FunctionCode"].contains(
      profile.dictionary[path.element].id)
  }

  private static func changed(_ text: String, _ type: ElementType) -> String? {
    switch type {
    case .decimal, .integer:
      guard let last = text.utf8.last else { return nil }
      return String(text.dropLast()) + (last == 0x37 ? "8" : "7")
    case .indicator: return text == "true" ? "false" : "true"
    case .date: return text == "2026-05-05" ? "2026-05-06" : "2026-05-05"
    case .datetime: return text.utf8.count > 10 ? "2026-05-05" + text.dropFirst(10) : nil
    case .text, .id: return String(text.unicodeScalars.dropLast().map(Character.init)) + (text.hasSuffix("Z") ? "Y" : "Z")
    case .code: return text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? String(text.dropLast()) + (text.hasSuffix("1") ? "2" : "1") : nil
    case .group: return nil
    }
  }

  /// Each entry of a complement is needed: without it the original does not come back.
  @Test(arguments: ["export-minimal.xml", "export-version-3.1.xml"]) func theComplementIsMinimal(_ sample: String) throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/" + sample), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("uncefact.xml"))
    let partner = try translator.valid(try there.bytes(), "uncefact.xml")
    let whole = try #require(there.complement)
    for index in whole.entries.indices {
      var entries = whole.entries
      entries.remove(at: index)
      let less = Complement(
        profile: whole.profile, direction: whole.direction, economy: whole.economy, shape: whole.shape, namespace: whole.namespace,
        counts: whole.counts,
        orders: whole.orders, entries: entries)
      let back = try translator.write(partner, to: valid.profile, options: .init(complement: less, makesComplement: false))
      let returned = try translator.parse(try back.bytes(), as: valid.profile)
      #expect(!valid.document.isEquivalent(to: returned), "\(whole.entries[index].path) is not needed")
    }
  }

  @Test func instancesThatComeBackInAnotherOrderAreReordered() throws {
    let bytes = try Schemas.sample("cn.decmessage/5.0/samples/export-electronics.gb18030.xml")
    let translator = try Schemas.translator()
    let document = try translator.parse(bytes, as: try translator.profile("cn.decmessage"))
    let profile = try translator.profile("cn.decmessage")
    let plain = try replacing(
      try Translator.bytes(document, profile: profile), "</DecLicenseDocus>",
      "<LicenseDocu><DocuCode>Y</DocuCode><CertCode>&lt;14&gt;E1</CertCode></LicenseDocu><LicenseDocu><DocuCode>B</DocuCode><CertCode>5</CertCode></LicenseDocu></DecLicenseDocus>"
    )
    let (original, returned, there, _) = try putBack(plain, "cn.decmessage", "uncefact.xml")
    #expect(there.complement?.orders.count == 1)
    #expect(original.differences(from: returned) == [])
  }

  @Test func aRemovedItemTakesItsEntriesWithIt() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-electronics.gb18030.xml"), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("uncefact.xml"))
    let partner = try translator.valid(try there.bytes(), "uncefact.xml")
    let item = try #require(partner.profile.dictionary[id: "GoodsItem"])
    var fewer = partner.declaration
    fewer.root.setGroups(item, Array(fewer.root.groups(item).dropLast()))
    let back = try translator.write(
      partner, released: fewer, to: valid.profile, options: .init(complement: there.complement, makesComplement: false))
    let returned = try translator.parse(try back.bytes(), as: valid.profile)
    let lists = try #require(returned.find("DecLists"))
    #expect(returned.children(lists, named: "DecList").count == fewer.root.count(item))
    #expect(back.report.entries.contains { $0.reason == .instanceGone })
  }

  @Test func aComplementOfAnotherFormatIsRefused() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml"), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("uncefact.xml"))
    let found = problems {
      _ = try translator.write(valid, to: try translator.profile("uncefact.xml"), options: .init(complement: there.complement))
    }
    #expect(found.map(\.code) == ["write.complement_profile"])
  }

  @Test(arguments: [
    "{}", "{\"version\":1,\"profile\":\"x\",\"direction\":\"EX\",\"entries\":[{\"path\":\"A[\",\"is\":\"\"}]}",
    "{\"version\":1,\"profile\":\"x\",\"direction\":\"XX\",\"entries\":[]}",
  ])
  func aMalformedComplementIsRefused(_ text: String) {
    #expect(problems { _ = try Complement(json: try JSONValue.parse(Array(text.utf8))) }.map(\.code) == ["write.complement_invalid"])
  }
}

extension Translator {
  /// The written document as it is read again.
  func validateDraft(_ translation: Translation, _ profile: Profile) throws -> Reading {
    let document = try parse(try translation.bytes(), as: profile)
    let bound = try BoundDocument(document, to: profile.structure)
    return Reader.read(bound, profile: profile, variant: try Self.variant(of: bound, profile: profile))
  }
}

extension Declaration {
  func values(of element: ElementIndex) -> [Value] {
    var found: [Value] = []
    walk { path, value in if path.element == element { found.append(value) } }
    return found
  }

  func setting(_ path: ElementPath, _ value: Value) -> Declaration {
    func set(_ group: inout Group, _ steps: ArraySlice<ElementPath.Step>) {
      guard let step = steps.first else {
        group[path.element] = value
        return
      }
      group.modify(step.group, at: step.position) { set(&$0, steps.dropFirst()) }
    }
    var changed = self
    set(&changed.root, path.steps[...])
    return changed
  }
}
