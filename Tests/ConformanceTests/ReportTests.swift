import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Every leaf that the source has and every leaf that the target requires is in the report, by a count of our own; and once the supplement is
/// answered, in one round, the target's document is valid.
@Suite struct ReportTests {
  @Test(arguments: Sample.national, Repository.ways)
  func samples(_ sample: Sample, _ way: String) throws {
    try unlessRefused(way) {
      try Self.check(try sample.bytes(), sample.profile, Repository.end(of: way, from: sample.profile), sample.name)
    }
  }

  @Test func generatedChineseDeclarationsInTheHub() throws {
    let profile = try Repository.translator().profile("cn.decmessage")
    for seed in 1000..<UInt64(1050) {
      try Self.check(try profile.sample(seed: seed, items: 1), "cn.decmessage", "uncefact.xml", "seed \(seed)")
    }
  }

  @Test(arguments: 0..<10) func generatedChineseDeclarations(_ block: UInt64) throws {
    let profile = try Repository.translator().profile("cn.decmessage")
    for seed in (block * 50)..<(block * 50 + 50) {
      try Self.check(try profile.sample(seed: seed, items: seed % 10 == 0 ? nil : 1), "cn.decmessage", "sg.tradenet", "seed \(seed)")
    }
  }

  @Test(arguments: 0..<4) func generatedSingaporeanDeclarations(_ block: UInt64) throws {
    let profile = try Repository.translator().profile("sg.tradenet")
    for seed in (block * 25)..<(block * 25 + 25) {
      try Self.check(try profile.sample(seed: seed, items: 2), "sg.tradenet", "cn.decmessage", "seed \(seed)")
    }
  }

  @Test(arguments: Repository.further, Repository.ways)
  func generatedDeclarations(_ from: String, _ way: String) throws {
    let profile = try Repository.translator().profile(from)
    for seed in 100..<UInt64(108) {
      try Self.check(
        try profile.sample(seed: seed, items: 2), from, Repository.end(of: way, from: from), "seed \(seed)", isCareless: true)
    }
  }

  /// From China, whose other side has what each format asks for: a format of one direction takes what it can.
  @Test(arguments: Repository.further) func declarationsInEachFormat(_ to: String) throws {
    let translator = try Repository.translator()
    let (source, target) = (try translator.profile("cn.decmessage"), try translator.profile(to))
    var count = 0
    for seed in 2000..<UInt64(2010) {
      let direction = seed % 2 == 0 ? Direction.export : .import
      let written = target.isHub ? direction : direction.mirrored
      guard target.plan.variants.contains(where: { $0.variant.direction == written }) else { continue }
      try Self.check(try source.sample(seed: seed, items: 2, direction: direction), "cn.decmessage", to, "seed \(seed)")
      count += 1
    }
    #expect(count >= 5)
  }

  /// One seller and one currency for two invoices, each of which has to name its own: nobody declared that they are the same, but they were declared.
  @Test func whatIsAskedForInEachInstanceWasDeclared() throws {
    let translator = try Repository.translator()
    let source = try translator.valid(
      try translator.profile("eu.eucdm").sample(seed: 97, items: 2, direction: .export, density: 85), "eu.eucdm")
    let dictionary = translator.library.dictionary
    func request(invoices: Int) throws -> SupplementRequest {
      var declaration = source.declaration
      declaration[try #require(dictionary[id: "Exporter.Name.Latin"])] = Value("SELLER")
      declaration[try #require(dictionary[id: "Declaration.InvoiceCurrency"])] = Value("EUR")
      let invoice = try #require(dictionary[id: "InvoiceDocument"])
      declaration.root.setGroups(
        invoice,
        try (1...invoices).map { number in
          var group = Group(invoice)
          group[try #require(dictionary[id: "InvoiceDocument.ID"])] = Value("F\(number)")
          return group
        })
      return try translator.write(
        source, released: declaration, to: try translator.profile("sg.tradenet"), options: .init(replacesDraft: true)
      ).supplement
    }
    let (one, two) = (try request(invoices: 1), try request(invoices: 2))
    for element in ["Seller.Name", "Declaration.InvoiceCurrency"] {
      #expect(!one.items.contains { $0.element == element })
      let asked = two.items.filter { $0.element == element }
      #expect(asked.count == 2 && asked.allSatisfy { $0.reason == .reshaped }, "\(element): \(asked.map(\.reason))")
    }
  }

  /// What there is to say of an export that nobody changed: each requested item is new, none is asked twice, and all are answered at once.
  ///
  /// - Parameter isCareless: the declaration may contradict a rule of the target by what it says, which no answer can mend.
  static func check(_ bytes: [UInt8], _ from: String, _ to: String, _ comment: String, isCareless: Bool = false) throws {
    let translator = try Repository.translator()
    // Where every document amends, what is to become one says so.
    let target = try translator.profile(to)
    let isAmending = target.plan.variants.contains { target.impliedFunction($0) == .changes }
    let translation = try translator.translate(
      bytes, from: try translator.profile(from), to: target, options: .init(replacesDraft: true),
      release: isAmending ? { $0.amending } : nil)
    let entries = translation.report.entries
    let sources = Set(entries.compactMap(\.source))
    let targets = Set(entries.compactMap(\.target))
    let original = try translator.parse(bytes, as: try translator.profile(from))
    for pointer in leaves(of: original) where !sources.contains(pointer) {
      Issue.record("\(comment): the report is silent about \(pointer)")
    }
    let required = try requirements(of: translation)
    for pointer in required.filled where !targets.contains(pointer) { Issue.record("\(comment): the report is silent about \(pointer)") }
    let asked = translation.supplement.items.map(\.path)
    #expect(Set(asked).count == asked.count, "\(comment): an item is asked twice")
    #expect(asked.count == required.missing, "\(comment): items are asked that are not missing, or the other way round")
    let missing = Set(entries.filter { $0.action == .missing }.compactMap(\.target))
    #expect(missing == Set(asked), "\(comment)")
    #expect(translation.report.counts.values.reduce(0, +) == entries.count)
    guard !Repository.hub.contains(to) else { return }
    let supplied = try translator.supply(
      translation.supplement.items.map { .init(path: $0.path, value: try Answer.text(for: $0)) }, to: translation.document,
      profile: translation.profile)
    #expect(supplied.remaining.isEmpty, "\(comment): a second round would be needed for \(supplied.remaining.items.map(\.path))")
    let stated = isCareless ? Set(translation.problems.compactMap { $0.facts["rule"] }) : []
    let found = problems { _ = try translator.valid(supplied.bytes, to) }
    #expect(found.filter { $0.severity == .error && !stated.contains($0.facts["rule"] ?? "") } == [], "\(comment)")
  }

  /// Attributes, and elements without child elements.
  static func leaves(of document: Document) -> [String] {
    var pointers: [String] = []
    for index in 1..<Int32(document.count) {
      let id = Document.NodeID(index: index)
      let hasElements = document.children(id).contains { document.kind($0) == .element }
      if document.kind(id) == .attribute || !hasElements { pointers.append(document.pointer(id)) }
    }
    return pointers
  }

  /// Places where the structure asks for a leaf: filled ones by pointer, the others by number.
  static func requirements(of translation: Translation) throws -> (filled: [String], missing: Int) {
    let structure = translation.profile.structure
    let bound = try BoundDocument(translation.document, to: structure)
    let variant = try Translator.variant(of: bound, profile: translation.profile).variant
    var filled: [String] = []
    var missing = 0
    for index in 0..<Int32(translation.document.count) where bound.binding[Int(index)] >= 0 {
      for child in structure.children(Int(bound.binding[Int(index)]))
      where structure[child].isLeaf && structure.isRequired(child, in: variant) {
        let there = bound.children(index, boundTo: child)
        let found = there.filter { bound.filled($0) != nil }
        if found.isEmpty { missing += 1 }
        // A quantity that is not there will need its unit with it.
        if there.isEmpty { missing += structure.children(child).filter { structure.isRequired($0, in: variant) }.count }
        filled += found.map { translation.document.pointer(.init(index: $0)) }
      }
    }
    return (filled, missing)
  }
}

/// Answers a supplement item as somebody would who knows nothing but the item: its element, type, list, candidates and what is known of it.
enum Answer {
  /// - Parameter library: whose lists the codes are from; nil: the repository's.
  static func text(for item: SupplementRequest.Item, of library: ProfileLibrary? = nil) throws -> String {
    if let candidate = item.candidates.first { return candidate }
    if let value = item.values.first { return value }
    let codes = try (library ?? Repository.library.get()).codes
    if let list = item.list.flatMap(codes.list), let entry = list.entries.first(where: { $0.validTo == nil }) { return entry.code }
    if item.element == "GoodsItem.SequenceNumeric", let position = item.path.matches(of: #/\[(\d+)\]/#).last { return String(position.1) }
    // Not less than the net mass that may be known.
    if item.element?.contains("GrossMass") ?? false { return "9999" }
    let isCommodity = item.element?.hasPrefix("Commodity.") ?? false
    // What is known is the beginning of a code of digits, here as elsewhere.
    if item.known == nil, let pattern = item.pattern { return least(try #require(TextPattern(pattern)).part) }
    switch try #require(LeafType(item.type)) {
    case .code(let length):
      let known = item.known ?? ""
      return known + String(repeating: "0", count: isCommodity ? min(length, 10) - known.utf8.count : 1)
    case .text: return "ANSWER"
    case .id(let limit): return isCommodity ? (item.known ?? "000000") + "00" : String("197801536N".prefix(limit))
    case .decimal, .integer: return "1"
    case .indicator(_, let yes): return yes
    case .base64: return "QUJD"
    case .date(let pattern), .datetime(let pattern):
      guard case .exact(let text) = pattern.write(try #require(CivilTime(canonical: "2026-04-01"))) else { return "2026-04-01" }
      return text
    }
  }

  /// The shortest text of a pattern, of its first letters; some letter where it only says what may not stand there.
  private static func least(_ part: TextPattern.Part) -> String {
    switch part {
    case .set(let ranges, let isInverted):
      isInverted ? "A" : Unicode.Scalar(ranges[0].lowerBound).map { String(Character($0)) } ?? ""
    case .sequence(let parts): parts.map(least).joined()
    case .choice(let parts): least(parts[0])
    case .many(let inner, let low, _): String(repeating: least(inner), count: low)
    }
  }
}
