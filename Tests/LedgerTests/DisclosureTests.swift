import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

@testable import Ledger

@Suite struct DisclosureTests {
  /// Computed by a program that shares nothing with this one; docs/disclosure.md has it for others.
  @Test func knownAnswers() throws {
    let tree = try DisclosureSample().tree
    #expect(
      String(decoding: try tree.contents.json.canonical(), as: UTF8.self)
        == #"{"elements":{"Commodity":"Description.Local HS6*2!","Declarant":"ID*0!","Declaration":"LRN!","GoodsItem":"NetMassMeasure"},"leaves":5,"profile":"uncefact.xml/d23b","v":1}"#
    )
    #expect(tree.contents.hash.hex == "19610480add836392c11bfa7325282498b11760d5d005630c8544d0c7f62e350")
    #expect(tree.root.hex == "bf357632736b138dbc8b80840373c1fedbe9c837b42b72440e87630596e7d520")
    let (shown, proof) = tree.shown([1, 4])
    var first: [UInt8] = []
    shown[0].append(to: &first)
    #expect(String(decoding: first, as: UTF8.self) == #"[1,"Commodity.HS6",[1],"vFyJ4wZBbyfU53Jydfeq0Q","620520",{"list":"hs6"}]"#)
    #expect(
      Base64.encode(proof.flatMap(\.bytes), .url)
        == "tUldxWmmFQIngPjrLJxlCFmxderm_TYHOL02gyjUkTHGLzEdUiRZOjIXCey1yaPBQSvSevsYco9qb40LA6euWA")
  }

  /// Benign twins: every choice of fields of an untouched message is proven.
  @Test func everyChoiceIsProven() throws {
    let sample = try DisclosureSample()
    for set in 1..<(1 << 5) {
      let indices = (0..<5).filter { set >> $0 & 1 == 1 }
      let file = try sample.file(showing: indices)
      let verified = try Disclosure(parsing: file).verify(by: sample.policy)
      #expect(verified.fields.map(\.name) == indices.map { DisclosureSample.fields[$0].name })
      #expect(verified.elements.reduce(0) { $0 + $1.withheld } == 5 - indices.count)
      #expect(verified.entry == sample.entry)
      #expect(verified.checkpoint.cosignatures.count == 2)
      #expect(try Disclosure(parsing: file).bytes == file)
    }
  }

  @Test func whatIsWithheldIsNamed() throws {
    let sample = try DisclosureSample()
    let verified = try Disclosure(parsing: try sample.file(showing: [1, 4])).verify(by: sample.policy)
    let told = verified.elements.map { "\($0.id) \($0.shown)/\($0.count)\($0.isMandatory ? "!" : "")\($0.isMissing ? " missing" : "")" }
    #expect(
      told == [
        "Commodity.Description.Local 0/1", "Commodity.HS6 1/2!", "Declarant.ID 0/0! missing", "Declaration.LRN 0/1!",
        "GoodsItem.NetMassMeasure 1/1",
      ])
    // Who asked for something is told that it is not all there.
    let file = try sample.file(showing: [1, 3, 4])
    #expect(sample.problem(file, requiring: ["Commodity.HS6", "GoodsItem.NetMassMeasure"]) == nil)
    for absent in ["Declaration.LRN", "Declarant.ID", "Declaration.UCR"] {
      #expect(sample.problem(file, requiring: ["Commodity.HS6", absent]) == "ledger.disclosure_withheld")
    }
    #expect(sample.problem(try sample.file(showing: [1]), requiring: ["Commodity.HS6"]) == "ledger.disclosure_withheld")
  }

  /// A mandatory field taken out of the file afterwards, and out of what the contents count.
  @Test func nothingIsTakenOut() throws {
    let sample = try DisclosureSample()
    let without = try sample.changed(showing: [0, 1]) { $0["fields"] = .array(Array($0["fields"]!.array!.dropFirst())) }
    #expect(sample.problem(without) == "ledger.proof_length")
    func contents(_ elements: JSONValue, leaves: Int = 5) throws -> [UInt8] {
      try sample.changed { file in
        var contents = file["contents"]!.object!
        contents["elements"] = elements
        contents["leaves"] = .number(JSONNumber(leaves))
        file["contents"] = .object(contents)
      }
    }
    let others: JSONValue = ["Commodity": "Description.Local HS6*2!", "Declaration": "LRN!", "GoodsItem": "NetMassMeasure"]
    #expect(sample.problem(try contents(others)) == "ledger.disclosure_mismatch")
    #expect(
      sample.problem(
        try contents(["Commodity": "Description.Local HS6*2!", "Declarant": "ID*0!", "Declaration": "LRN", "GoodsItem": "NetMassMeasure"]))
        == "ledger.disclosure_mismatch")
    #expect(
      sample.problem(try contents(["Commodity": "Description.Local HS6*2!", "GoodsItem": "NetMassMeasure"]))
        == "ledger.disclosure_malformed")
    let renamed = try contents([
      "Commodity": "Description.Local HS6*2!", "Declarant": "ID*0!", "Declaration": "UCR!", "GoodsItem": "NetMassMeasure",
    ])
    #expect(sample.problem(renamed) == "ledger.disclosure_mismatch")
  }

  @Test func everyFlippedByteIsRefused() throws {
    let sample = try DisclosureSample()
    let file = try sample.file()
    #expect(sample.problem(file) == nil)
    for position in file.indices {
      for bits: UInt8 in [0x01, 0x02, 0x20, 0x80] {
        var other = file
        other[position] ^= bits
        if sample.problem(other) == nil { Issue.record("byte \(position) xor \(bits)") }
      }
    }
    for length in 0..<file.count where sample.problem(Array(file.prefix(length))) == nil { Issue.record("first \(length) bytes") }
    for more in ["\n", " ", "{}", "\0"] { #expect(sample.problem(file + Array(more.utf8)) != nil) }
    #expect(sample.problem(Array("\u{FEFF}".utf8) + file) != nil)
  }

  @Test func fieldsAreNotChangedMovedOrMade() throws {
    let sample = try DisclosureSample()
    func fields(_ change: (inout [JSONValue]) -> Void) throws -> ErrorCode? {
      sample.problem(
        try sample.changed { file in
          var fields = file["fields"]!.array!
          change(&fields)
          file["fields"] = .array(fields)
        })
    }
    func member(_ index: Int, _ value: JSONValue?, of field: Int = 0) throws -> ErrorCode? {
      try fields { fields in
        var members = fields[field].array!
        if let value { members[index] = value } else { members.remove(at: index) }
        fields[field] = .array(members)
      }
    }
    #expect(try fields { $0.swapAt(0, 1) } == "ledger.proof_index")
    #expect(try fields { $0.insert($0[0], at: 0) } == "ledger.disclosure_malformed")
    #expect(try fields { $0 = [] } == "ledger.disclosure_malformed")
    #expect(try member(0, 2) == "ledger.disclosure_mismatch")
    #expect(try member(0, 5, of: 1) == "ledger.proof_index")
    #expect(try member(0, -1) == "ledger.disclosure_malformed")
    #expect(try member(1, "Declaration.LRN") == "ledger.disclosure_mismatch")
    #expect(try member(1, "Declaration.UCR") == "ledger.disclosure_malformed")
    #expect(try member(1, "Declarant.ID") == "ledger.disclosure_malformed")
    #expect(try member(2, [2]) == "ledger.disclosure_mismatch")
    #expect(try member(2, []) == "ledger.disclosure_mismatch")
    #expect(try member(2, [0]) == "ledger.disclosure_malformed")
    #expect(try member(3, "AAAAAAAAAAAAAAAAAAAAAA") == "ledger.disclosure_mismatch")
    #expect(try member(3, "AAAAAAAAAAAAAAAAAAAAAB") == "ledger.disclosure_malformed")
    #expect(try member(4, "620521") == "ledger.disclosure_mismatch")
    #expect(try member(4, nil) == "ledger.disclosure_malformed")
    #expect(try member(4, nil, of: 1) == "ledger.disclosure_malformed")
    #expect(try member(4, .null, of: 1) == "ledger.disclosure_mismatch")
    #expect(try member(5, nil) == "ledger.disclosure_mismatch")
    #expect(try member(5, ["unit": "hs6"]) == "ledger.disclosure_mismatch")
    #expect(try member(5, ["lists": "hs6"]) == "ledger.disclosure_malformed")
    // The same field a second time under another index, in the place of one that is withheld.
    #expect(
      try fields { fields in
        var copy = fields[0].array!
        copy[0] = 3
        fields.insert(.array(copy), at: 1)
      } == "ledger.disclosure_malformed")
  }

  @Test func partsOfOtherMessagesAreRefused() throws {
    let sample = try DisclosureSample()
    let other = try DisclosureSample(more: [Field(element: "Declaration.UCR", place: [], value: "U", terms: nil)])
    let twin = try DisclosureSample(secret: HMACKey.random())
    for (name, code) in [
      ("contents", "ledger.proof_length"), ("entry", "ledger.disclosure_mismatch"), ("hashes", "ledger.proof_length"),
      ("proof", "ledger.checkpoint_origin"),
    ] where name != "proof" {
      let foreign = try JSONValue.parse(try other.file())[name]
      #expect(sample.problem(try sample.changed { $0[name] = foreign })?.rawValue == code, "\(name)")
    }
    // The same declaration under another secret: nothing of it fits.
    for name in ["entry", "hashes", "fields"] {
      let foreign = try JSONValue.parse(try twin.file())[name]
      #expect(sample.problem(try sample.changed { $0[name] = foreign }) == "ledger.disclosure_mismatch", "\(name)")
    }
    // Another ledger's proof is of a log that is not believed.
    let proof = try JSONValue.parse(try twin.file())["proof"]
    #expect(sample.problem(try sample.changed { $0["proof"] = proof }) == "ledger.note_unknown_key")
    #expect(twin.problem(try sample.file()) == "ledger.note_unknown_key")
    // Without its cosignatures the policy does not count it; one that trusts the log alone does.
    let alone = try sample.changed { file in
      let lines = file["proof"]!.string!.split(separator: "\n", omittingEmptySubsequences: false)
      file["proof"] = .string(lines.filter { !$0.contains("witness1.example") }.joined(separator: "\n"))
    }
    #expect(sample.problem(alone) == "ledger.quorum_missing")
    _ = try Disclosure(parsing: alone).verify(by: LogPolicy(log: [sample.ledger.signer.verifierKey]))
  }

  @Test func theEntryIsOneOfAMessageByThatProfile() throws {
    for kind in ["declaration.received", "amendment.sent", "amendment.received"] {
      let sample = try DisclosureSample(kind: kind)
      #expect(sample.problem(try sample.file()) == nil)
    }
    for kind in ["message.refused", "fields.refused", "status.sent", "declaration.sent.twice"] {
      let sample = try DisclosureSample(kind: kind)
      #expect(sample.problem(try sample.file()) == "ledger.disclosure_entry", "\(kind)")
    }
    let sample = try DisclosureSample(profile: "uncefact.xml/d23a")
    #expect(sample.problem(try sample.file()) == "ledger.disclosure_entry")
    let foreign = try DisclosureSample(root: SHA256.hash("another message"))
    #expect(throws: CausewayError("ledger.disclosure_mismatch")) { try foreign.file() }
    let extra = try DisclosureSample().changed { file in
      file["proof"] = .string(file["proof"]!.string!.replacing("index 10", with: "extra AAAA\nindex 10"))
    }
    #expect(try DisclosureSample().problem(extra) == "ledger.disclosure_malformed")
  }

  /// Small domains: without the secret a withheld field's hash says nothing, and no two fields share a salt.
  @Test func withheldFieldsCannotBeGuessed() throws {
    let yes = (0..<64).map { Field(element: "Valuation.RoyaltyIndicator", place: [$0 + 1], value: "true", terms: nil) }
    func hashes(_ secret: HMACKey) throws -> Set<Digest> {
      let tree = try FieldTree(yes, mandatory: [], profile: "p/1", secret: secret)
      let shown = tree.shown(Array(yes.indices)).fields
      #expect(Set(shown.map(\.salt)).count == 64)
      #expect(shown.allSatisfy { $0.salt.count == 16 })
      return Set(shown.map(\.hash))
    }
    let first = try hashes(.random())
    let second = try hashes(.random())
    #expect(first.count == 64 && first.isDisjoint(with: second))
    // What somebody would compute who knows everything but the salt, and tries what he has seen of other fields' salts.
    let tree = try FieldTree(yes, mandatory: [], profile: "p/1", secret: .random())
    let (shown, proof) = tree.shown([0])
    for value in ["true", "false"] {
      let guess = SaltedField(Field(element: yes[1].element, place: [2], value: value, terms: nil), index: 1, salt: shown[0].salt)
      #expect(!proof.contains(guess.hash))
    }
  }

  /// A field, the contents and an entry are hashed as different things, whatever bytes they hold.
  @Test func leavesAreOfOneKind() throws {
    let sample = try DisclosureSample()
    let (shown, _) = sample.tree.shown([0])
    var field: [UInt8] = []
    shown[0].append(to: &field)
    #expect(shown[0].hash != MerkleTree.leafHash(field))
    #expect(sample.tree.contents.hash != MerkleTree.leafHash(try sample.tree.contents.json.canonical()))
    #expect(SaltedField.prefix.first != UInt8(ascii: "{"))
    #expect(throws: CausewayError("ledger.entry_invalid")) { try Entry(parsing: SaltedField.prefix + field) }
  }

  @Test func hostileFilesAreRefusedEarly() throws {
    let sample = try DisclosureSample()
    #expect(sample.problem([UInt8](repeating: 0x20, count: Disclosure.largestByteCount + 1)) == "parse.json_too_large")
    #expect(sample.problem(Array(String(repeating: "[", count: 100_000).utf8)) == "parse.json_depth")
    #expect(sample.problem(Array("{}".utf8)) == "ledger.disclosure_malformed")
    #expect(sample.problem(Array(" ".utf8) + (try sample.file())) == "parse.json_not_canonical")
    for leaves: JSONValue in [0, -1, 1_000_001, 9_007_199_254_740_991, "5", .null] {
      let file = try sample.changed { file in
        var contents = file["contents"]!.object!
        contents["leaves"] = leaves
        file["contents"] = .object(contents)
      }
      #expect(sample.problem(file) == "ledger.disclosure_malformed", "\(leaves)")
    }
    for hashes in ["A", "AAAA", String(repeating: "A", count: 4_000_000), "====", "tUld+"] {
      let code = sample.problem(try sample.changed { $0["hashes"] = .string(hashes) })
      #expect(code == "ledger.disclosure_malformed" || code == "ledger.proof_length", "\(hashes.count)")
    }
    for tokens in [
      "", " ", "HS6*2!  X", "HS6*2!!", "HS6*02!", "HS6*1!", "HS6*-2", "HS6*", "HS6**2", "*2", "HS6.*2", "Z*0", "HS6*9999999999999999999",
      "HS6! HS6*1", "HS6*2! Description.Local", "HS\u{E9}*2",
    ] {
      let file = try sample.changed { file in
        var contents = file["contents"]!.object!
        var elements = contents["elements"]!.object!
        elements["Commodity"] = .string(tokens)
        contents["elements"] = .object(elements)
        file["contents"] = .object(contents)
      }
      #expect(sample.problem(file) == "ledger.disclosure_malformed", "\(tokens)")
    }
    for member in ["contents", "entry", "fields", "hashes", "proof", "v"] {
      #expect(sample.problem(try sample.changed { $0[member] = nil }) == "ledger.disclosure_malformed")
      #expect(sample.problem(try sample.changed { $0[member] = .null }) != nil)
    }
    #expect(sample.problem(try sample.changed { $0["more"] = 1 }) == "ledger.disclosure_malformed")
  }

  /// `schemas/disclosure.schema.json` describes the file, and nothing that is none.
  @Test func theSchemaDescribesTheFile() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let schema = try JSONSchema([UInt8](try Data(contentsOf: root.appending(path: "schemas/disclosure.schema.json"))))
    let sample = try DisclosureSample()
    for indices in [[0], [1, 4], [0, 1, 2, 3, 4]] {
      #expect(try schema.errors(in: try JSONValue.parse(try sample.file(showing: indices))) == [])
    }
    let good = try #require(try JSONValue.parse(try sample.file()).object)
    for member in good.members {
      var other = good
      other[member.name] = nil
      #expect(try schema.errors(in: .object(other)) != [], "\(member.name)")
      other[member.name] = true
      #expect(try schema.errors(in: .object(other)) != [], "\(member.name)")
    }
    for tokens in ["", "A  B", "A*1", "A*0", "A*02", "A!!"] {
      var other = good
      other["contents"] = ["elements": ["Commodity": .string(tokens)], "leaves": 5, "profile": "p/1", "v": 1]
      #expect(try schema.errors(in: .object(other)) != [], "\(tokens)")
    }
  }

  @Test func treesHaveFields() throws {
    #expect(throws: CausewayError("ledger.fields_count")) { try FieldTree([], mandatory: [], profile: "p/1", secret: .random()) }
  }
}
