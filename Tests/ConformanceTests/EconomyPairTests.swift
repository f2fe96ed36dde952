import Declarations
import Formats
import Foundation
import Policy
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// An export declaration of each pilot economy becomes an import draft of each other, by the hub. Nothing is left unsaid on the way; what is asked
/// for is what is required and not known, no more and no less; and one round of answers makes the draft valid.
///
/// `make prove` does it with 200 declarations of each pair; a run of the tests with a few.
@Suite struct EconomyPairTests {
  struct Pair: Sendable, CustomTestStringConvertible {
    let from: String
    let to: String
    var testDescription: String { "\(from) to \(to)" }
  }

  static let formats = ["cn.decmessage": "CN", "sg.tradenet": "SG", "my.kastam": "MY", "eu.eucdm": "FR"]
  static let pairs = formats.keys.sorted().flatMap { from in
    formats.keys.sorted().filter { $0 != from }.map { Pair(from: from, to: $0) }
  }
  static let asked = ProcessInfo.processInfo.environment["CAUSEWAY_PROOFS"].flatMap(UInt64.init)
  static let count = asked ?? 12

  struct Tally {
    var declarations = 0
    var underPolicy = 0
    var leaves = 0
    var items = 0
  }

  @Test(arguments: pairs) func exportsBecomeImports(_ pair: Pair) throws {
    var tally = Tally()
    for seed in 0..<Self.count { try Self.check(pair, seed, &tally) }
    #expect(tally.declarations == Int(Self.count))
    // The measure of a proof: not by documents that say nothing, nor by drafts that lack nothing.
    #expect(tally.leaves > 50 * tally.declarations && tally.items > 5 * tally.declarations, "\(tally)")
    if Self.asked != nil { print("\(pair.testDescription): \(tally)") }
  }

  /// One declaration, rich or sparse, of one to four items; every other one by the JSON of the hub, every third under the policy of its
  /// corridor, every fifth in the JSON of the European format.
  static func check(_ pair: Pair, _ seed: UInt64, _ tally: inout Tally) throws {
    let translator = try Repository.translator()
    func format(_ name: String) throws -> Profile {
      try translator.profile(name == "eu.eucdm" && seed % 5 == 0 ? "eu.eucdm.json" : name)
    }
    let (from, to) = (try format(pair.from), try format(pair.to))
    let hub = try translator.profile(seed % 2 == 0 ? "uncefact.xml" : "uncefact.json")
    let comment = "\(from.id) to \(to.id) seed \(seed)"
    let bytes = try from.sample(seed: seed, items: 1 + Int(seed % 4), direction: .export, density: seed % 7 < 5 ? 85 : 45)
    let source = try translator.validate(try translator.parse(bytes, as: from), as: from)

    let policy = seed % 3 == 1 ? try policies.get()["\(formats[pair.from] ?? "")-\(formats[pair.to] ?? "")"] : nil
    let there = try translator.write(source, released: try policy?.release(source.declaration).declaration, to: hub)
    #expect(there.supplement.isEmpty, "\(comment)")
    try account(there, of: source, bytes, comment)

    let wire = try there.bytes()
    let received = try translator.validate(try translator.parse(wire, as: hub), as: hub)
    let draft = try translator.write(received, to: to, options: .init(makesComplement: false, replacesDraft: true))
    try account(draft, of: received, wire, comment)
    try compareRequest(draft, comment)

    let answers = try draft.supplement.items.map { SupplementAnswer(path: $0.path, value: try Answer.text(for: $0)) }
    let supplied = try translator.supply(answers, to: draft.document, profile: to)
    #expect(supplied.remaining.isEmpty, "\(comment): a second round would be needed for \(supplied.remaining.items.map(\.path))")
    let found = problems { _ = try translator.valid(supplied.bytes, to.id) }.filter { $0.severity == .error }
    #expect(found == [], "\(comment)")
    tally.declarations += 1
    tally.underPolicy += policy == nil ? 0 : 1
    tally.leaves += leafCount(bytes, from.syntax)
    tally.items += draft.supplement.items.count
  }

  static let policies = Result {
    let dictionary = try Repository.library.get().dictionary
    return try CorridorPagesTests.policies.reduce(into: [String: ReleasePolicy]()) { found, name in
      let file = Repository.root.appending(path: "schemas/policies/\(name).yaml").path
      let policy = try ReleasePolicy(configuration: try YAMLDocument.load(file), dictionary: dictionary)
      found["\(policy.from)-\(policy.to)"] = policy
    }
  }

  // MARK: The account

  /// Every leaf of the source is in the report, every leaf in the report is one of the source, and none is told twice: one entry for each element
  /// that it gives and each place that it goes to. The leaves are counted in the bytes.
  static func account(_ translation: Translation, of source: ValidDocument, _ bytes: [UInt8], _ comment: String) throws {
    let entries = translation.report.entries
    let leavesTold = Set(entries.compactMap(\.source))
    let leaves = leaves(of: source.document)
    #expect(leavesTold.subtracting(leaves) == [], "\(comment): told and not there")
    #expect(leaves.subtracting(leavesTold) == [], "\(comment): there and not told")
    #expect(leavesTold.count == leafCount(bytes, source.profile.syntax), "\(comment)")
    struct Line: Hashable {
      let source, path, target: String?
    }
    var seen: Set<Line> = []
    for entry in entries {
      let line = Line(source: entry.source, path: entry.path, target: entry.target)
      if !seen.insert(line).inserted { Issue.record("\(comment): told twice: \(entry)") }
    }
    // Each value that was read is told by its own name, from the leaf that it was read from; the other side's declaration becomes a reference.
    var pointers = DocumentPointers(source.document)
    let told = Set(entries.compactMap { entry in entry.element.map { Line(source: entry.source, path: $0, target: nil) } })
    source.declaration.walk { path, value in
      guard value.isFilled, value.origin >= 0 else { return }
      let name = source.profile.dictionary[path.element].id
      let line = Line(source: pointers.pointer(.init(index: value.origin)), path: name, target: nil)
      if name == "Declaration.ID", entries.contains(where: { $0.source == line.source && $0.element == "PreviousDocument.ID" }) { return }
      if !told.contains(line) { Issue.record("\(comment): the report is silent about \(line)") }
    }
    // And so is every value of the target.
    let targets = Set(entries.compactMap(\.target))
    let silent = Self.leaves(of: translation.document, filled: true).subtracting(targets)
    #expect(silent == [], "\(comment): nobody says where they are from")
  }

  /// The text of a leaf with attributes stands in a member of its own in JSON, and is the leaf's.
  private static func leaves(of document: Document, filled: Bool = false) -> Set<String> {
    var pointers = DocumentPointers(document)
    var found: Set<String> = []
    for index in 1..<Int32(document.count) {
      let id = Document.NodeID(index: index)
      let text = document.text(id)
      guard filled ? text != nil : document.kind(id) == .attribute || !document.hasElements(id) else { continue }
      let pointer = pointers.pointer(id)
      found.insert(document.syntax == .json && document.name(id) == "content" ? String(pointer.dropLast("/content".count)) : pointer)
    }
    return found
  }

  /// Leaves of a document by its bytes: in XML start tags that an end tag follows, and attributes that declare no namespace; in JSON members and
  /// elements that are no object and no array, and those of them that are empty.
  static func leafCount(_ bytes: [UInt8], _ syntax: Document.Syntax) -> Int {
    if syntax == .json {
      func count(_ value: Any) -> Int {
        switch value {
        case let object as [String: Any]: object.isEmpty ? 1 : object.values.reduce(0) { $0 + count($1) }
        case let array as [Any]: array.isEmpty ? 1 : array.reduce(0) { $0 + count($1) }
        default: 1
        }
      }
      return (try? JSONSerialization.jsonObject(with: Data(bytes))).map(count) ?? -1
    }
    var leaves = 0
    var isOpen = false
    for tag in bytes.split(separator: UInt8(ascii: "<")).compactMap({
      $0.split(separator: UInt8(ascii: ">"), omittingEmptySubsequences: false).first
    }) {
      switch tag.first {
      case UInt8(ascii: "?"): continue
      case UInt8(ascii: "/"):
        leaves += isOpen ? 1 : 0
        isOpen = false
      default:
        let isClosed = tag.last == UInt8(ascii: "/")
        let names = String(decoding: tag, as: UTF8.self).components(separatedBy: "=\"").dropLast().compactMap {
          $0.split(separator: " ").last
        }
        leaves += names.count { !$0.hasPrefix("xmlns") } + (isClosed ? 1 : 0)
        isOpen = !isClosed
      }
    }
    return leaves
  }

  // MARK: The request

  /// What is asked for is exactly what the structure requires and the draft does not have, by a computation of our own; and of nothing that is
  /// asked for as never declared the declaration has a value.
  static func compareRequest(_ draft: Translation, _ comment: String) throws {
    let to = draft.profile
    let document = try Repository.translator().parse(try draft.bytes(), as: to)
    let required = try #require(try structures.get()[to.id])
    let missing = required.missing(in: document, direction: "import")
    var asked: Set<RequiredLeaves.Place> = []
    for item in draft.supplement.items {
      guard let place = required.place(item.path, in: document) else {
        Issue.record("\(comment): \(item.path) is no place that waits for a value")
        continue
      }
      if !asked.insert(place).inserted { Issue.record("\(comment): \(item.path) is asked twice") }
    }
    #expect(asked.subtracting(missing) == [], "\(comment): asked and not missing")
    #expect(missing.subtracting(asked) == [], "\(comment): missing and not asked")

    let dictionary = to.dictionary
    let items = try #require(dictionary[id: "GoodsItem"])
    for (element, asked) in Dictionary(grouping: draft.supplement.items.filter { $0.reason == .notDeclared }, by: \.element) {
      guard let element = element.flatMap({ dictionary[id: $0] }) else { continue }
      let root = draft.declaration.root
      switch dictionary[element].group {
      case root.element: #expect(root.text(element) == nil, "\(comment): \(dictionary[element].id) was declared")
      case items:
        let without = root.groups(items).count { $0.text(element) == nil }
        let parents = Set(asked.map { $0.path.split(separator: "/").dropLast().joined(separator: "/") })
        #expect(parents.count <= without, "\(comment): \(dictionary[element].id) was declared")
      default: break
      }
    }
  }

  static let structures = Result {
    let translator = try Repository.translator()
    return try (formats.keys + ["eu.eucdm.json"]).reduce(into: [String: RequiredLeaves]()) { found, id in
      let profile = try translator.profile(id)
      let folder = Repository.root.appending(path: "schemas/profiles/\(profile.id)/\(profile.version)")
      let file = try YAMLDocument.load(folder.appending(path: "profile.yaml").path).required("structure").string()
      found[id] = try RequiredLeaves(file: folder.appending(path: file).standardized.path)
    }
  }
}

/// The computation that the requests are compared with does see what is missing.
@Suite struct RequiredLeavesTests {
  @Test(arguments: EconomyPairTests.formats.keys.sorted() + ["eu.eucdm.json"])
  func aValidDocumentLacksNothing(_ name: String) throws {
    let translator = try Repository.translator()
    let profile = try translator.profile(name)
    let required = try #require(try EconomyPairTests.structures.get()[name])
    for seed in 0..<UInt64(8) {
      let direction = seed % 2 == 0 ? Direction.export : .import
      let document = try translator.parse(try profile.sample(seed: seed, items: 2, direction: direction, density: 85), as: profile)
      #expect(required.missing(in: document, direction: direction == .export ? "export" : "import") == [], "seed \(seed)")
    }
  }

  @Test(arguments: ["cn.decmessage", "sg.tradenet", "eu.eucdm"]) func aBlankOneLacksWhatIsBlank(_ name: String) throws {
    let translator = try Repository.translator()
    let profile = try translator.profile(name)
    let required = try #require(try EconomyPairTests.structures.get()[name])
    var blanks = 0
    for direction in [Direction.export, .import] {
      let document = try translator.parse(try profile.sample(seed: 1, items: 1, direction: direction, density: 20), as: profile)
      for mutation in try Mutation.all(of: document, profile) where mutation.kind == .blank {
        let missing = required.missing(in: mutation.document, direction: direction == .export ? "export" : "import")
        let refused = problems { _ = try translator.validate(mutation.document, as: profile) }.filter { $0.code == "validate.missing" }
        #expect(missing.map { $0.parent + "/" + $0.names.joined(separator: "/") }.sorted() == refused.compactMap(\.pointer).sorted())
        blanks += missing.count
      }
    }
    #expect(blanks >= 10, "\(blanks)")
  }
}
