import Foundation
import JSONTree
import Journal
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway
@testable import Ledger

/// Evidence files of both sides of a clearance, and what a dishonest maker could do to them. Each is also read by the program in Python.
@Suite struct EvidenceTests {
  static var schema: JSONSchema {
    get throws { try JSONSchema([UInt8](try Data(contentsOf: URL(filePath: Economies.schemas + "/evidence.schema.json")))) }
  }

  struct Released {
    let world: World
    let clearance: String
    let declaration: MessageID
  }

  /// A clearance that both sides have released, and two ledgers that are cosigned.
  func released(cosigned: Bool = true) async throws -> Released {
    let world = try await World(registry: Economies.shared.witnessed)
    let declared = try await world.declareReleased()
    if cosigned { try await cosign(world) }
    return Released(world: world, clearance: declared.clearanceID, declaration: try #require(MessageID(declared.messageID)))
  }

  func cosign(_ world: World) async throws {
    for node in [world.cn, world.sg] {
      for witness in node.witnesses { _ = try await node.askToCosign(witness) }
    }
  }

  func export(
    _ subject: EvidenceRequest.Subject, at economy: String, without: [String] = [], _ world: World
  ) async throws -> [UInt8] {
    let request = try EvidenceRequest(subject, without: without)
    let now = world.clock.now()
    let evidence = try await world[economy].journal.read { reader throws(CausewayError) in
      try request.evidence(
        from: reader, maker: economy, registry: Economies.shared.witnessed,
        document: String(decoding: Economies.shared.witnessedDocument, as: UTF8.self), at: now)
    }
    let party = Economies.shared[economy]
    return try evidence.signed(keyID: party.signing.keyID, key: party.signingKey)
  }

  func verify(_ file: [UInt8], authorities: [Certificate]? = nil, acceptsUnwitnessed: Bool = false) -> EvidenceReport {
    EvidenceVerifier.verify(
      file, registryKeys: [Economies.shared.registryKey], timeStampAuthorities: authorities, acceptsUnwitnessed: acceptsUnwitnessed)
  }

  /// What the program in Python says of a file.
  func python(
    _ file: [UInt8], key: PublicKey = Economies.shared.registryKey, _ options: [String] = []
  ) throws -> (status: Int32, report: JSONValue) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "evidence-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(file).write(to: folder.appending(path: "file"))
    try Data(key.pem.utf8).write(to: folder.appending(path: "key"))
    let (pem, path) = (folder.appending(path: "key").path(), folder.appending(path: "file").path())
    let result = try ChildProcess.run(
      ["python3", Economies.root + "interop/verifier/causeway_evidence.py", "--registry-key", pem, "--json", path] + options)
    return (result.status, try JSONValue.parse(Array(result.output.utf8)))
  }

  func findings(_ report: JSONValue) -> [String] {
    (report["findings"]?.array ?? []).map { "\($0["code"]?.string ?? "") \($0["at"]?.string ?? "")" }.sorted()
  }

  /// Both programs come to the same findings.
  func expectAgreement(_ file: [UInt8], _ expected: [String], _ comment: String = "") throws {
    let report = verify(file)
    #expect(findings(report.json) == expected.sorted(), "\(comment)")
    let other = try python(file)
    #expect(other.status == (expected.isEmpty ? 0 : 65), "\(comment)")
    #expect(findings(other.report) == expected.sorted(), "\(comment): Python \(String(decoding: other.report.serialized(), as: UTF8.self))")
    if expected.isEmpty {
      for member in ["maker", "made", "clearance", "registry", "mode", "messages", "checkpoints", "timeStamps"] {
        #expect(try other.report[member]?.canonical() == report.json[member]?.canonical(), "\(member)")
      }
    }
  }

  /// The file after a change that its maker signs.
  func changed(_ file: [UInt8], by economy: String, _ change: (JSONValue) throws -> JSONValue) throws -> [UInt8] {
    var object = try #require(try change(try JSONValue.parse(file)).object)
    object["signature"] = nil
    let party = Economies.shared[economy]
    let payload = try JSONValue.object(object).canonical()
    object["signature"] = .string(
      try JWS.sign(payload: payload, type: "causeway-evidence+jws", keyID: party.signing.keyID, key: party.signingKey, detached: true))
    return try JSONValue.object(object).canonical()
  }

  @Test func bothSidesExportAndAnybodyVerifies() async throws {
    let released = try await released()
    for economy in ["CN", "SG"] {
      let file = try await export(.clearance(released.clearance), at: economy, released.world)
      try expectAgreement(file, [])
      #expect(try Self.schema.errors(in: try JSONValue.parse(file)) == [])
      let report = verify(file)
      #expect(report.maker == economy && report.clearance == released.clearance)
      #expect(report.messages.count == (try await released.world.messages(at: economy)).count)
      let declaration = try #require(report.messages.first { $0.id == released.declaration })
      #expect(declaration.state == (economy == "CN" ? "delivered" : "handled"))
      #expect(declaration.documents.first { $0.kind == "wire" }?.warrant == .envelope)
      #expect(declaration.documents.first { $0.kind == "report" }?.warrant == .maker)
      #expect(declaration.entries.map(\.kind).contains(economy == "CN" ? "receipt.received" : "declaration.received"))
      #expect(report.checkpoints.count == 1 && report.checkpoints[0].cosignatures.count == 1)
      let one = try await export(.message(released.declaration), at: economy, released.world)
      try expectAgreement(one, [])
      #expect(verify(one).messages.map(\.id) == [released.declaration])
    }
  }

  @Test func everyByteCounts() async throws {
    let released = try await released()
    try await stamp(released.world, "SG", by: try TimeStampAuthority())
    let file = try await export(.message(released.declaration), at: "SG", released.world)
    var random = SplitMix(state: 11)
    for _ in 0..<400 {
      var bytes = file
      let index = Int.random(in: 0..<file.count, using: &random)
      bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(!verify(bytes).isSound, "byte \(index)")
    }
    for length in [0, 1, file.count / 2, file.count - 1] { #expect(!verify(Array(file.prefix(length))).isSound) }
    #expect(!verify(file + [0x0A]).isSound)
    if let path = ProcessInfo.processInfo.environment["CAUSEWAY_EVIDENCE_SAMPLE"] {
      try Data(file).write(to: URL(filePath: path))
      try Data(Economies.shared.registryKey.pem.utf8).write(to: URL(filePath: path + ".pem"))
    }
  }

  /// Every value as one of another type or as an empty one, signed by the maker. Only what nobody else has signed may change: a media type,
  /// and whether the one message is all that the file is about.
  @Test func everyValueCounts() async throws {
    let released = try await released()
    let file = try await export(.message(released.declaration), at: "CN", released.world)
    let json = try JSONValue.parse(file)
    let places = json.places(from: []).filter { !$0.isEmpty && $0 != ["signature"] }
    #expect(places.count > 100)
    var accepted: Set<String> = []
    let others: [JSONValue] = [7, "", [], [:], false]
    for (position, place) in places.enumerated() {
      for other in [.null, others[position % 5]] where json.value(at: place[...]) != other {
        let forged = try changed(file, by: "CN") { $0.setting(place[...], other) }
        if verify(forged).isSound { accepted.insert(place.last ?? "") }
      }
    }
    #expect(accepted == ["mediaType", "message"])
  }

  /// A maker signs what it changed; what others signed shows it.
  @Test func aDishonestMakerIsFound() async throws {
    let released = try await released()
    let file = try await export(.clearance(released.clearance), at: "CN", released.world)
    let messages = try #require(try JSONValue.parse(file)["messages"]?.array)
    let own = messages.indices.filter { messages[$0]["header"]?["sender"]?.string == "CN" }
    let (first, second) = (own[0], own[1])
    let entry = "/messages/\(first)/entries/0"
    func proof(_ change: (LogProof) throws -> LogProof) throws -> JSONValue {
      let text = try #require(messages[first]["entries"]?.array?.first?["proof"]?.string)
      return .string(String(decoding: try change(try LogProof(parsing: Array(text.utf8))).bytes, as: UTF8.self))
    }
    func member(_ message: Int, _ name: String) -> JSONValue { messages[message][name] ?? .null }
    let wire = try #require(messages[first]["documents"]?.array?.firstIndex { $0["kind"]?.string == "wire" })
    let forged = Array("<forged/>".utf8)
    let cases: [(String, [(String, JSONValue?)], [String])] = [
      ("nothing", [], []),
      ("another time", [("/made", "2026-11-22T09:00:00.000Z")], []),
      ("a message is taken out", [("/messages/\(first)", nil)], ["evidence.incomplete /messages"]),
      (
        "a message twice", [("/messages/\(second)", messages[first])],
        [
          "evidence.message /messages/\(second)/id", "evidence.incomplete /messages",
        ]
      ),
      (
        "the receipt of another message", [("/messages/\(first)/receipt", member(second, "receipt"))],
        [
          "evidence.receipt /messages/\(first)/receipt", "evidence.entry \(receiptEntry(messages[first], first))",
        ]
      ),
      (
        "no receipt", [("/messages/\(first)/receipt", .null)],
        [
          "evidence.state /messages/\(first)/state", "evidence.entry \(receiptEntry(messages[first], first))",
        ]
      ),
      ("not delivered", [("/messages/\(first)/state", "sealed")], ["evidence.state /messages/\(first)/state"]),
      ("an entry is left out", [(entry, nil)], ["evidence.incomplete /messages/\(first)/entries"]),
      (
        "the entries of another message", [("/messages/\(first)/entries", member(second, "entries"))],
        ((member(second, "entries").array ?? []).indices.map { "evidence.entry /messages/\(first)/entries/\($0)/entry" }
          + ["evidence.incomplete /messages/\(first)/entries"])
      ),
      (
        "the proof of another entry", [(entry + "/proof", member(second, "entries").array?.first?["proof"])],
        [
          "evidence.entry \(entry)/entry", "evidence.proof \(entry)/proof", "evidence.incomplete /messages/\(first)/entries",
        ]
      ),
      ("a changed entry", [(entry + "/entry/actor", "SG")], ["evidence.proof \(entry)/proof"]),
      (
        "a shorter path", [(entry + "/proof", try proof { LogProof(index: $0.index, hashes: $0.hashes.dropLast(), note: $0.note) })],
        [
          "evidence.proof \(entry)/proof"
        ]
      ),
      (
        "without the witnesses",
        [
          (
            entry + "/proof",
            try proof { proof in
              let note = try SignedNote(parsing: proof.note)
              let log = note.signatures.filter { $0.name == Economies.shared["CN"].origin }
              return LogProof(index: proof.index, hashes: proof.hashes, note: SignedNote(text: note.text, signatures: log).bytes)
            }
          )
        ], ["evidence.not_final \(entry)/proof"]
      ),
      (
        "another header", [("/messages/\(first)/header/revision", 7)],
        ["evidence.envelope /messages/\(first)/header", "evidence.incomplete /messages"] + strict(messages[first], first)
      ),
      (
        "a forged document",
        [
          ("/messages/\(first)/documents/\(wire)/bytes", .string(Base64.encode(forged))),
          ("/messages/\(first)/documents/\(wire)/sha256", .string(SHA256.hash(forged).hex)),
        ], ["evidence.document /messages/\(first)/documents/\(wire)"]
      ),
      (
        "other bytes", [("/messages/\(first)/documents/\(wire)/bytes", .string(Base64.encode(forged)))],
        [
          "evidence.document /messages/\(first)/documents/\(wire)"
        ]
      ),
      ("no document", [("/messages/\(first)/documents/\(wire)", nil)], ["evidence.document /messages/\(first)/documents"]),
      (
        "another UCR", [("/clearance/ucr", "6CN0")],
        messages.indices.filter { messages[$0]["header"]?.object != nil }.map {
          "evidence.subject /messages/\($0)/header"
        }
      ),
      (
        "a policy that needs nobody", [("/policy", .string("log \(Economies.shared["CN"].origin)\nquorum none\n"))],
        ["evidence.policy /policy"]
      ),
      ("another maker", [("/by", "MY")], ["evidence.registry /clearance/corridor"]),
      ("an unknown maker", [("/by", "XX")], ["evidence.registry /by"]),
      (
        "an older registry",
        [
          (
            "/registry",
            .string(String(decoding: Economies.shared.witnessedDocument, as: UTF8.self).replacing("\"quorum\": 2", with: "\"quorum\": 1"))
          )
        ],
        [
          "evidence.registry /registry"
        ]
      ),
    ]
    for (name, edits, expected) in cases {
      let forged = try changed(file, by: "CN") { json in
        edits.reduce(json) { json, edit in json.setting(edit.0.utf8.split(separator: 0x2F).map { String(Substring($0)) }[...], edit.1) }
      }
      try expectAgreement(forged, expected, name)
    }
    // Changed by somebody who is not the maker.
    var object = try #require(try JSONValue.parse(file).object)
    object["made"] = "2026-11-22T09:00:00.000Z"
    try expectAgreement(try JSONValue.object(object).canonical(), ["evidence.signature /signature"])
    // Under another registry.
    let other = try PrivateKey.generate(.p256).publicKey
    #expect(findings(EvidenceVerifier.verify(file, registryKeys: [other]).json) == ["evidence.registry /registry"])
    let said = try python(file, key: other)
    #expect(said.status == 65 && findings(said.report) == ["evidence.registry /registry"])
  }

  private func receiptEntry(_ message: JSONValue, _ position: Int) -> String {
    let entries = message["entries"]?.array ?? []
    let index = entries.firstIndex { $0["entry"]?["kind"]?.string == "receipt.received" } ?? 0
    return "/messages/\(position)/entries/\(index)/entry"
  }

  /// The entries that cannot be compared without a header that holds.
  private func strict(_ message: JSONValue, _ position: Int) -> [String] {
    let entries = message["entries"]?.array ?? []
    return entries.indices.filter { index in
      ["receipt.received", "declaration.sent"].contains(entries[index]["entry"]?["kind"]?.string)
    }.map { "evidence.entry /messages/\(position)/entries/\($0)/entry" }
  }

  @Test func whatIsNotCosignedYetIsSaid() async throws {
    let released = try await released(cosigned: false)
    let file = try await export(.message(released.declaration), at: "CN", released.world)
    let report = verify(file)
    #expect(!report.isSound && report.findings.allSatisfy { $0.code == "evidence.not_final" })
    try expectAgreement(file, findings(report.json))
    #expect(verify(file, acceptsUnwitnessed: true).isSound)
    #expect(try python(file, ["--accept-unwitnessed"]).status == 0)
    // Half of it: the clearance goes on after the ledgers were cosigned.
    try await cosign(released.world)
    _ = try await released.world.declare(2)
    try await released.world.run()
    #expect(verify(try await export(.message(released.declaration), at: "CN", released.world)).isSound)
    let second = try #require(try await released.world.messages(at: "CN").last { $0.kind == "declaration" })
    let open = verify(try await export(.message(second.id), at: "CN", released.world))
    #expect(!open.isSound && open.findings.allSatisfy { $0.code == "evidence.not_final" })
  }

  @Test func erasedAndWithheldDocumentsAreNamed() async throws {
    let released = try await released()
    let (world, id) = (released.world, released.declaration)
    for kind in ["wire", "fields", "local"] {
      _ = try await world.sg.journal.commit(Change(operations: [.erasePayload(owner: id.text, kind: kind)]))
    }
    let erased = try await export(.clearance(released.clearance), at: "SG", world)
    try expectAgreement(erased, [])
    #expect(try Self.schema.errors(in: try JSONValue.parse(erased)) == [])
    let documents = try #require(verify(erased).messages.first { $0.id == id }).documents
    #expect(documents.first { $0.kind == "wire" }.map { "\($0.status) \($0.warrant)" } == "erased envelope")
    let withheld = try await export(.clearance(released.clearance), at: "CN", without: ["wire", "source", "subject", "fields"], world)
    try expectAgreement(withheld, [])
    #expect(verify(withheld).messages.flatMap(\.documents).contains { $0.kind == "source" && $0.status == "withheld" })
    let payload = try #require(
      try await world.cn.journal.read { reader throws(CausewayError) in try reader.payload(owner: id.text, kind: "wire") })
    let text = String(decoding: withheld, as: UTF8.self)
    #expect(!text.contains(Base64.encode(payload.bytes)) && text.contains("\"salt\":null"))
  }

  /// After the clearance's data is erased, envelopes, receipts and proofs are still evidence; the UCR and the documents are gone.
  @Test func anErasedClearanceIsStillProven() async throws {
    let released = try await released()
    let world = released.world
    _ = try await world.cn.erase(Array("{\"ground\":\"court_order\"}".utf8), of: released.clearance, by: world.customs)
    let file = try await export(.clearance(released.clearance), at: "CN", world)
    try expectAgreement(file, [])
    let report = verify(file)
    #expect(report.messages.count == (try await world.messages(at: "SG")).count)
    #expect(report.messages.flatMap(\.documents).allSatisfy { $0.status == "erased" })
    #expect(report.messages.flatMap(\.documents).filter { $0.kind == "wire" }.allSatisfy { $0.warrant == .envelope })
  }

  @Test func whatIsAskedForIsThere() async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    await #expect(throws: CausewayError("receive.not_found")) { try await export(.clearance("none"), at: "CN", world) }
    #expect(throws: CausewayError("evidence.kind_unknown")) { try EvidenceRequest(.clearance("none"), without: ["wires"]) }
    // A submission that was refused here has no envelope; its evidence says so.
    let acknowledgement = try await world.cn.submit(
      Submission(body: Array("<a/>".utf8), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    try await world.run()
    try await cosign(world)
    let file = try await export(.message(try #require(MessageID(acknowledgement.messageID))), at: "CN", world)
    try expectAgreement(file, [])
    #expect(verify(file).messages.first?.state == "refused")
    #expect(verify(file).messages.first?.documents.first { $0.kind == "source" }?.warrant == .ledger)
  }
}

extension JSONValue {
  /// The place of each value, this one included.
  fileprivate func places(from path: [String]) -> [[String]] {
    switch self {
    case .object(let object): [path] + object.members.flatMap { $0.value.places(from: path + [$0.name]) }
    case .array(let elements): [path] + elements.enumerated().flatMap { $1.places(from: path + [String($0)]) }
    default: [path]
    }
  }

  fileprivate func value(at path: ArraySlice<String>) -> JSONValue? {
    guard let step = path.first else { return self }
    return (array.flatMap { elements in Int(step).map { elements[$0] } } ?? self[step])?.value(at: path.dropFirst())
  }

  /// The value with another one at a place; nil takes it out.
  func setting(_ path: ArraySlice<String>, _ value: JSONValue?) -> JSONValue {
    guard let step = path.first else { return value ?? .null }
    let rest = path.dropFirst()
    if case .array(var elements) = self, let index = Int(step) {
      if rest.isEmpty, value == nil {
        elements.remove(at: index)
      } else {
        elements[index] = elements[index].setting(rest, value)
      }
      return .array(elements)
    }
    var object = self.object ?? [:]
    object[step] = rest.isEmpty ? value : (object[step] ?? .null).setting(rest, value)
    return .object(object)
  }
}
