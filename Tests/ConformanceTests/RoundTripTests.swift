import Formats
import Foundation
import JSONTree
import Primitives
import Testing

@testable import Translation

/// There and back on the way of the command line: bytes, document, evidence, declaration, document, bytes. With the complement the same
/// document comes back; without it, everything that the report calls carried.
@Suite struct RoundTripTests {
  struct Trip {
    let original: ValidDocument
    let there: Translation
    /// With the complement, which went through its JSON form.
    let back: Document
    /// Without: of the complement, only what names the side that the original was on.
    let bare: Document
  }

  /// A draft lacks what the other side has to add, and is read as one.
  static func trip(_ bytes: [UInt8], _ from: String, _ to: String) throws -> Trip {
    let translator = try Repository.translator()
    let original = try translator.valid(bytes, from)
    // An amendment goes to a format of originals as a draft does.
    let there = try translator.write(original, to: try translator.profile(to), options: .init(replacesDraft: true))
    let partner = try translator.valid(try there.bytes(), to, isDraft: true)
    let stored = try #require(there.complement).serialized()
    let complement = try Complement(json: try JSONValue.parse(stored))
    var empty = Complement(
      profile: complement.profile, direction: complement.direction, economy: complement.economy, shape: complement.shape, namespace: nil,
      counts: [], orders: [], entries: [])
    empty.function = complement.function
    let documents = try [complement, empty].map { complement in
      // Bare, an amendment may lack what makes it one.
      let back = try translator.write(
        partner, to: original.profile,
        options: .init(complement: complement, makesComplement: false, replacesDraft: complement.entries.isEmpty))
      return try translator.parse(try back.bytes(), as: original.profile)
    }
    return Trip(original: original, there: there, back: documents[0], bare: documents[1])
  }

  /// - Returns: the number of leaves that are called carried.
  @discardableResult
  static func check(_ bytes: [UInt8], _ from: String, _ to: String, _ comment: String) throws -> Int {
    let trip = try trip(bytes, from, to)
    #expect(trip.original.document.differences(from: trip.back) == [], "\(comment)")
    return try lost(trip, comment)
  }

  @Test func everyProfileHasSamples() throws {
    for profile in try Repository.library.get().profiles { #expect(Sample.all(profile.name).count >= 2, "\(profile.name)") }
  }

  @Test(arguments: Sample.national, Repository.ways)
  func samplesComeBack(_ sample: Sample, _ way: String) throws {
    let to = Repository.end(of: way, from: sample.profile)
    // Little of the least declaration, and of an extract, has a place in the format of another economy.
    let least = way == "national" && Repository.further.contains(sample.profile) ? 1 : 6
    try unlessRefused(way) {
      let count = try Self.check(try sample.bytes(), sample.profile, to, sample.name)
      #expect(count >= least)
    }
  }

  /// Eleven times fifty declarations, of each direction, with what generators find and people do not.
  @Test(arguments: 0..<11, ["uncefact.xml", "uncefact.json", "sg.tradenet"])
  func generatedChineseDeclarationsComeBack(_ block: UInt64, _ to: String) throws {
    let profile = try Repository.translator().profile("cn.decmessage")
    for seed in (block * 50)..<(block * 50 + 50) {
      try Self.check(try profile.sample(seed: seed, items: seed % 10 == 0 ? nil : 1), "cn.decmessage", to, "seed \(seed)")
    }
  }

  @Test(arguments: 0..<4, ["uncefact.xml", "uncefact.json", "cn.decmessage"])
  func generatedSingaporeanDeclarationsComeBack(_ block: UInt64, _ to: String) throws {
    let profile = try Repository.translator().profile("sg.tradenet")
    for seed in (block * 25)..<(block * 25 + 25) {
      try Self.check(try profile.sample(seed: seed, items: 2), "sg.tradenet", to, "seed \(seed)")
    }
  }

  @Test(arguments: Repository.further, Repository.ways)
  func generatedDeclarationsComeBack(_ from: String, _ way: String) throws {
    let profile = try Repository.translator().profile(from)
    let to = Repository.end(of: way, from: from)
    var count = 0
    for seed in 0..<UInt64(10) {
      let bytes = try profile.sample(seed: seed, items: 2)
      // A declaration that says what the other side's rules do not allow does not come back from there.
      let refused = problems { if try Self.check(bytes, from, to, "seed \(seed)") > 0 { count += 1 } }
      #expect(refused.allSatisfy { $0.facts["rule"] != nil && way == "national" }, "seed \(seed)")
    }
    #expect(count >= (way == "national" ? 5 : 10))
  }

  /// Reports each leaf that is called carried and does not come back in its place.
  ///
  /// - Returns: the number of leaves that are called carried.
  static func lost(_ trip: Trip, _ comment: String) throws -> Int {
    let profile = trip.original.profile
    let left = try Places(trip.original.document, profile)
    let right = try Places(trip.bare, profile)
    var carried: Set<String> = []
    var other: Set<String> = []
    for entry in trip.there.report.entries {
      guard let source = entry.source else { continue }
      switch entry.action {
      case .copied, .converted: carried.insert(source)
      default: other.insert(source)
      }
    }
    // A leaf that gives several elements is carried when all of them are.
    carried.subtract(other)
    for pointer in carried {
      guard let place = left.place[pointer], let text = left.text[place] else {
        Issue.record("\(comment): the report names \(pointer), which the document does not have")
        continue
      }
      // An instance of a list in front of it may hold nothing that is carried: then it has moved up.
      let kind = Places.kind(place)
      let isThere = right.text[place] == text || right.texts[kind, default: []].contains(text)
      if !isThere { Issue.record("\(comment): \(pointer) is called carried") }
    }
    return carried.count
  }

  /// Leaves of a document by their place in the structure, whatever name of an element was used.
  struct Places {
    private(set) var place: [String: String] = [:]
    private(set) var text: [String: String] = [:]
    /// Texts by place without the numbers of instances.
    private(set) var texts: [String: Set<String>] = [:]

    static func kind(_ place: String) -> String {
      place.split(separator: "/").map { $0.prefix { $0 != "#" } }.joined(separator: "/")
    }

    init(_ document: Document, _ profile: Profile) throws {
      let bound = try BoundDocument(document, to: profile.structure)
      var keys = [String](repeating: "", count: document.count)
      var counts: [String: Int] = [:]
      for index in 0..<Int32(document.count) {
        let binding = bound.binding[Int(index)]
        guard binding >= 0 else { continue }
        let id = Document.NodeID(index: index)
        let base = document.parent(id).map { keys[Int($0.index)] } ?? ""
        let number = counts["\(base)/\(binding)", default: 0] + 1
        counts["\(base)/\(binding)"] = number
        keys[Int(index)] = "\(base)/\(binding)#\(number)"
        place[document.pointer(id)] = keys[Int(index)]
        guard profile.structure[Int(binding)].isLeaf else { continue }
        let held = bound.utf8(index).map { String(decoding: $0, as: UTF8.self) } ?? ""
        text[keys[Int(index)]] = held
        texts[Self.kind(keys[Int(index)]), default: []].insert(held)
      }
    }
  }
}
