import Foundation
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// C2SP tlog-witness and tlog-cosignature; attacks L-03, L-05, L-07, L-17.
@Suite struct WitnessTests {
  private let cosigner = try! Cosigner(name: "witness.sg.example", key: .generate(.ed25519))

  private func judge(
    _ request: WitnessRequest, of ledger: LedgerSamples, latest: SignedCheckpoint? = nil
  ) throws -> WitnessJudgement {
    try request.judge(
      logs: { $0.hasSameBytes(as: ledger.signer.origin) ? [ledger.signer.verifierKey] : nil },
      latest: { _ in latest.map { WitnessedState(size: $0.size, root: $0.root) } })
  }

  private func request(from old: Int, to checkpoint: SignedCheckpoint, in ledger: LedgerSamples) throws -> WitnessRequest {
    let proof = old == 0 ? [] : try ConsistencyProof(from: old, to: checkpoint.size) { ledger.nodes[$0]! }.hashes
    return WitnessRequest(oldSize: old, proof: proof, note: checkpoint.note)
  }

  private func advance(_ judgement: WitnessJudgement) -> WitnessAdvance? {
    if case .cosign(let advance) = judgement { advance } else { nil }
  }

  @Test func everyExtensionIsCosigned() throws {
    let ledger = try LedgerSamples(count: 21, groupSize: 1)
    let now = Instant(milliseconds: 1_796_000_000_500)
    for old in 0..<21 {
      for new in old..<21 where new > 0 {
        let known = old == 0 ? nil : ledger.checkpoints[old - 1]
        let request = try request(from: old, to: ledger.checkpoints[new - 1], in: ledger)
        #expect(try WitnessRequest(parsing: request.bytes) == request)
        let found = try #require(advance(try judge(request, of: ledger, latest: known)))
        #expect(found.from?.size ?? 0 == old && found.checkpoint == ledger.checkpoints[new - 1])
        let signature = try cosigner.cosign(found, at: now)
        let cosigned = try found.checkpoint.cosignatures(in: signature.line, of: [cosigner.key])
        #expect(cosigned.map(\.time) == [Instant(milliseconds: 1_796_000_000_000)])
      }
    }
  }

  /// The answers of the specification to everything else.
  @Test func whatDoesNotExtendIsAnsweredAsSpecified() throws {
    let ledger = try LedgerSamples(count: 20, groupSize: 5)
    let (five, ten, fifteen) = (ledger.checkpoints[0], ledger.checkpoints[1], ledger.checkpoints[2])
    let good = try request(from: 5, to: ten, in: ledger)
    #expect(advance(try judge(good, of: ledger, latest: five)) != nil)

    if case .unknownLog = try good.judge(logs: { _ in nil }, latest: { _ in nil }) {} else { Issue.record("404") }
    let stranger = try LedgerSamples(count: 20, groupSize: 5)
    if case .forbidden = try judge(good, of: stranger, latest: five) {} else { Issue.record("403") }
    var wrong = ten.note
    wrong[wrong.count - 3] ^= 1
    if case .forbidden = try judge(WitnessRequest(oldSize: 5, proof: good.proof, note: wrong), of: ledger, latest: five) {
    } else {
      Issue.record("403 for a bad signature")
    }
    if case .malformed = try judge(WitnessRequest(oldSize: 11, proof: [], note: ten.note), of: ledger, latest: five) {
    } else {
      Issue.record("400")
    }
    for old in [0, 4, 6, 10] {
      guard case .conflict(let size, _) = try judge(WitnessRequest(oldSize: old, proof: [], note: ten.note), of: ledger, latest: five)
      else {
        Issue.record("409 from \(old)")
        continue
      }
      #expect(size == 5)
    }
    // A stranger's first request with an old size, and one that would roll the witness back.
    for (latest, expected) in [(nil, 0), (fifteen, 15)] as [(SignedCheckpoint?, Int)] {
      if case .conflict(let size, _) = try judge(good, of: ledger, latest: latest) {
        #expect(size == expected)
      } else {
        Issue.record("409 from \(expected)")
      }
    }

    var fork = LedgerSamples(forkOf: ledger, at: 3)
    for index in 3..<10 { try fork.append(LedgerSamples.draft(index + 100)) }
    try fork.checkpoint()
    let inconsistent = [
      try request(from: 5, to: fork.head, in: fork), WitnessRequest(oldSize: 5, proof: [], note: ten.note),
      WitnessRequest(oldSize: 5, proof: good.proof + [SHA256.hash("x")], note: ten.note),
      WitnessRequest(oldSize: 5, proof: good.proof.reversed(), note: ten.note),
    ]
    for request in inconsistent {
      if case .inconsistent = try judge(request, of: ledger, latest: five) {} else { Issue.record("422") }
    }
    // One size, another root; and its twin with the same one.
    let same = WitnessRequest(oldSize: 10, proof: [], note: fork.head.note)
    if case .inconsistent = try judge(same, of: ledger, latest: ten) {} else { Issue.record("422 for the same size") }
    #expect(advance(try judge(WitnessRequest(oldSize: 10, proof: [], note: ten.note), of: ledger, latest: ten)) != nil)
    // Nothing is proven from the empty tree.
    if case .inconsistent = try judge(WitnessRequest(oldSize: 0, proof: [SHA256.hash("x")], note: ten.note), of: ledger) {
    } else {
      Issue.record("422 for a proof from nothing")
    }
  }

  @Test func malformedRequestsAreRefused() throws {
    let ledger = try LedgerSamples(count: 10, groupSize: 5)
    let good = String(decoding: try request(from: 5, to: ledger.head, in: ledger).bytes, as: UTF8.self)
    let hash = good.split(separator: "\n")[1]
    for text in [
      "", "\n", "old 5", "old 5\n", "old  5\n\n", "old 05\n\n", "old -1\n\n", "old 5 \n\n", "size 5\n\n", "old 9007199254740993\n\n",
      good.replacing("\(hash)\n", with: "\(hash.dropLast())\n"), good.replacing("\(hash)\n", with: "AAAA\n"),
      good.replacing("\n\n", with: "\n", maxReplacements: 2), good.replacing("\n", with: "\r\n"),
      "old 5\n" + String(repeating: "\(hash)\n", count: 64) + "\n",
    ] {
      #expect(throws: CausewayError("witness.request_malformed"), "\(text)") { try WitnessRequest(parsing: Array(text.utf8)) }
    }
    #expect(throws: CausewayError("witness.request_malformed")) {
      try WitnessRequest(parsing: Array("old 0\n\n".utf8) + [UInt8](repeating: 0x61, count: WitnessRequest.largestByteCount))
    }
    #expect(try WitnessRequest(parsing: Array(("old 5\n" + String(repeating: "\(hash)\n", count: 63) + "\n").utf8)).proof.count == 63)
  }

  @Test func everyFlippedBitOfACosignatureIsNoticed() throws {
    let ledger = try LedgerSamples(count: 5)
    let found = try #require(advance(try judge(try request(from: 0, to: ledger.head, in: ledger), of: ledger)))
    let signature = try cosigner.cosign(found, at: LedgerSamples.start)
    let note = ledger.head.adding([signature])
    #expect(try note.cosignatures(of: [cosigner.key]).count == 1)
    for index in signature.bytes.indices {
      for bit in 0..<8 {
        var bytes = signature.bytes
        bytes[index] ^= 1 << bit
        let changed = ledger.head.adding([.init(name: signature.name, keyID: signature.keyID, bytes: bytes)])
        #expect(throws: CausewayError("ledger.note_signature")) { try changed.cosignatures(of: [cosigner.key]) }
      }
    }
    // What the witness says is not what the log says, and the other way round.
    #expect(throws: CausewayError("ledger.note_unknown_key")) {
      try SignedCheckpoint.verify(
        ledger.head.checkpoint.text + [0x0A] + signature.line, origin: ledger.signer.origin,
        keys: [ledger.signer.verifierKey])
    }
    #expect(try ledger.head.cosignatures(of: [cosigner.key]).isEmpty)
    // Answers that are no signature lines of known witnesses on this checkpoint.
    let other = try LedgerSamples(count: 6)
    let foreign = try cosigner.cosign(
      try #require(advance(try judge(try request(from: 0, to: other.head, in: other), of: other))), at: LedgerSamples.start)
    #expect(throws: CausewayError("ledger.note_signature")) { try ledger.head.cosignatures(in: foreign.line, of: [cosigner.key]) }
    let stranger = try Cosigner(name: "other.example", key: .generate(.ed25519))
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try ledger.head.cosignatures(in: signature.line, of: [stranger.key]) }
    for answer in ["", "\n", "x", "text\n\n", "text\n\n" + String(decoding: signature.line, as: UTF8.self)] {
      #expect(throws: CausewayError("ledger.note_malformed"), "\(answer)") {
        try ledger.head.cosignatures(in: Array(answer.utf8), of: [cosigner.key])
      }
    }
  }

  /// sunlight's test data: cosignatures of two witnesses on checkpoints whose log signs in another way.
  @Test(.enabled(if: SharedData.has("vectors/tlog")))
  func publishedCosignaturesVerify() throws {
    let folder = "vectors/tlog/sunlight-skylight/cmd/skylight/testdata/"
    for (path, text) in [
      (
        "witness/000de184301123b9278c086a7d9f68c9577e83872224c197058fd90784ea9706/checkpoint",
        "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
      ),
      (
        "witness2/88ad7a28caeb0b2aa890fdf0304c2fcaf59fca2ee140134ff8c1300bac493482/checkpoint",
        "witness2.example.org+2e55b896+BIZ7fpceQWd60IfqQeS9IAnmNOCZjMDne8lZuguz/bi9"
      ),
    ] {
      let key = try CosignerKey(parsing: text)
      #expect(key.description == text)
      let note = try SignedNote(parsing: try SharedData.bytes(folder + path))
      #expect(try note.signatures(of: [key]).count == 1)
      let changed = SignedNote(text: note.text.dropLast() + [0x30, 0x0A], signatures: note.signatures)
      #expect(throws: CausewayError("ledger.note_signature")) { try changed.signatures(of: [key]) }
    }
  }

  /// litewitness' own conversation, in its order. Its answer to an unknown log was 403 then; the text says 404 now.
  @Test(.enabled(if: SharedData.has("vectors/tlog")))
  func publishedConversationIsAnsweredAsSpecified() throws {
    let script = String(
      decoding: try SharedData.bytes("vectors/tlog/torchwood/cmd/litewitness/testdata/litewitness.txt"), as: UTF8.self)
    let origin = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
    let point = try #require(Hex.decode("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"))
    let key = try VerifierKey(name: origin, publicKey: try PublicKey(rawEd25519: point))
    var latest: WitnessedState?
    var answers: [String] = []
    for part in script.components(separatedBy: "POST ").dropFirst() {
      let pieces = part.components(separatedBy: "```\n")
      guard pieces.count == 3 else { continue }
      let expected = String(pieces[2].dropFirst("HTTP ".count).prefix(3))
      let request: WitnessRequest
      do {
        request = try WitnessRequest(parsing: Array(pieces[1].utf8))
      } catch {
        answers.append("400")
        #expect(expected == "400")
        continue
      }
      let judgement = try request.judge(logs: { $0.hasSameBytes(as: origin) ? [key] : nil }, latest: { _ in latest })
      switch judgement {
      case .cosign(let advance):
        latest = WitnessedState(size: advance.checkpoint.size, root: advance.checkpoint.root)
        answers.append("200")
      case .malformed: answers.append("400")
      case .forbidden: answers.append("403")
      case .unknownLog: answers.append("404")
      case .conflict(let size, _):
        answers.append("409")
        #expect(pieces[2].contains("body == \"\(size)\\n\""))
      case .inconsistent: answers.append("422")
      }
      #expect(answers.last == (answers.last == "404" ? "404" : expected), "request \(answers.count)")
    }
    #expect(answers == ["200", "403", "404", "422", "422", "200", "409", "200", "409"])
  }
}
