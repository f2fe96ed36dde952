import Ledger
import Primitives
import Testing
import Trust

/// C2SP tlog-policy and tlog-proof.
@Suite struct LogPolicyTests {
  private let ledger = try! LedgerSamples(count: 21, groupSize: 5)
  private let witnesses = try! (1...4).map { try Cosigner(name: "witness\($0).example", key: .generate(.ed25519)) }

  private var lines: [String] {
    ["log \(ledger.signer.verifierKey)"] + witnesses.enumerated().map { "witness W\($0.offset + 1) \($0.element.key) https://w.example/" }
  }

  private func policy(_ more: String...) throws -> LogPolicy {
    try LogPolicy(parsing: Array((lines + more).joined(separator: "\n").utf8) + [0x0A])
  }

  private func cosigned(by numbers: Int...) throws -> [UInt8] {
    let request = WitnessRequest(oldSize: 0, proof: [], note: ledger.head.note)
    guard case .cosign(let advance) = try request.judge(logs: { _ in [ledger.signer.verifierKey] }, latest: { _ in nil }) else {
      throw CausewayError("witness.request_malformed")
    }
    return ledger.head.adding(try numbers.map { try witnesses[$0 - 1].cosign(advance, at: LedgerSamples.start) }).note
  }

  @Test func quorumsAreCountedThroughGroups() throws {
    let nested = try policy(
      "# two of three, and the fourth", "", " group\tA 2 W1 W2 W3 ", "group B any W4", "group both all A B", "quorum both")
    #expect(try nested.verify(try cosigned(by: 1, 3, 4)).cosignatures.count == 3)
    for missing in [[], [1, 2], [1, 4], [4], [1, 1, 4]] {
      let note = ledger.head.adding(try signatures(missing)).note
      #expect(throws: CausewayError("ledger.quorum_missing"), "\(missing)") { try nested.verify(note) }
    }
    #expect(try policy("quorum W2").verify(try cosigned(by: 2)).checkpoint.size == 21)
    #expect(throws: CausewayError("ledger.quorum_missing")) { try policy("quorum W2").verify(try cosigned(by: 1)) }
    #expect(try policy("quorum none").verify(ledger.head.note).cosignatures.isEmpty)
    // A wrong cosignature of a known witness spoils the note although the quorum stands without it.
    var wrong = try signatures([3])[0]
    wrong = SignedNote.Signature(name: wrong.name, keyID: wrong.keyID, bytes: wrong.bytes.dropLast() + [wrong.bytes.last! ^ 1])
    let spoiled = ledger.head.adding(try signatures([1, 2, 4]) + [wrong]).note
    #expect(throws: CausewayError("ledger.note_signature")) { try nested.verify(spoiled) }
    let stranger = try LedgerSamples(count: 3)
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try policy("quorum none").verify(stranger.head.note) }
    let other = try LedgerSamples(count: 3, origin: "gateway.sg.example/ledger")
    #expect(throws: CausewayError("ledger.checkpoint_origin")) { try policy("quorum none").verify(other.head.note) }
  }

  private func signatures(_ numbers: [Int]) throws -> [SignedNote.Signature] {
    try numbers.flatMap { try SignedNote(parsing: try cosigned(by: $0)).signatures.dropFirst() }
  }

  @Test func malformedPoliciesAreRefusedWithTheirLine() throws {
    let key = witnesses[0].key
    let log = ledger.signer.verifierKey
    let bad: [(String, Int)] = [
      ("", 1), ("quorum none", 1), ("# nothing\n", 1), ("quorum none\nquorum none\n", 2), ("quorum X\n", 1), ("quorum\n", 1),
      ("witness A \(key)\nquorum B\n", 2), ("quorum A\nwitness A \(key)\n", 1), ("witness A \(log)\nquorum A\n", 1),
      ("log \(key)\nquorum none\n", 1), ("log \(log)\nlog \(log)\nquorum none\n", 2),
      ("witness A \(key)\nwitness B \(key)\nquorum A\n", 2), ("witness none \(key)\nquorum none\n", 1),
      ("witness A \(key)\ngroup A any A\nquorum A\n", 2), ("witness A \(key)\ngroup G 2 A\nquorum G\n", 2),
      ("witness A \(key)\ngroup G 0 A\nquorum G\n", 2), ("witness A \(key)\ngroup G 01 A\nquorum G\n", 2),
      ("witness A \(key)\ngroup G any\nquorum G\n", 2), ("witness A \(key)\ngroup G any A A\nquorum G\n", 2),
      ("witness A \(key)\ngroup G any A\ngroup H any A\nquorum G\n", 3), ("group G any none\nquorum G\n", 1),
      ("witness A \(key) u v\nquorum A\n", 1), ("wit A \(key)\nquorum none\n", 1), ("quorum none\r\n", 1), ("quorum none\u{7F}\n", 1),
      ("witness K \(key)\nquorum \u{212A}\n", 2),
    ]
    for (text, line) in bad {
      let error = #expect(throws: CausewayError("ledger.policy_invalid"), "\(text)") { try LogPolicy(parsing: Array(text.utf8)) }
      #expect(error?.problems[0].facts["line"] == String(line), "\(text)")
    }
    let many = (0..<300).map { "group G\($0) any" }.joined(separator: "\n")
    #expect(throws: CausewayError("ledger.policy_invalid")) { try LogPolicy(parsing: Array((many + "\nquorum none\n").utf8)) }
    // A name is octets, and a key name with letters of other scripts is a name.
    _ = try LogPolicy(parsing: Array("witness \u{212A} \(key)\nquorum \u{212A}\n".utf8))
  }

  @Test func proofsAreWholeFilesThatVerifyAlone() throws {
    let policy = try policy("group A 2 W1 W2 W3", "quorum A")
    let note = try cosigned(by: 1, 2)
    for entry in ledger.entries {
      let hashes = try InclusionProof(index: entry.index, size: 21) { ledger.nodes[$0]! }.hashes
      for extra in [nil, Array("context".utf8)] as [[UInt8]?] {
        let proof = LogProof(index: entry.index, hashes: hashes, note: note, extra: extra)
        let read = try LogProof(parsing: proof.bytes)
        #expect(read == proof)
        #expect(try read.verify(entry: entry.bytes, policy: policy).checkpoint.size == 21)
        #expect(throws: CausewayError("ledger.proof_mismatch")) { try read.verify(entry: entry.bytes + [0x20], policy: policy) }
      }
    }
    let uncosigned = LogProof(index: 0, hashes: [], note: ledger.head.note)
    #expect(throws: CausewayError("ledger.quorum_missing")) { try uncosigned.verify(entry: ledger.entries[0].bytes, policy: policy) }
  }

  @Test func everyFlippedBitOfAProofIsNoticed() throws {
    let policy = try policy("quorum W1")
    let hashes = try InclusionProof(index: 13, size: 21) { ledger.nodes[$0]! }.hashes
    let proof = LogProof(index: 13, hashes: hashes, note: try cosigned(by: 1)).bytes
    for index in proof.indices {
      for bit in 0..<8 {
        var changed = proof
        changed[index] ^= 1 << bit
        #expect(throws: CausewayError.self) { try LogProof(parsing: changed).verify(entry: ledger.entries[13].bytes, policy: policy) }
      }
    }
    for text in [
      "", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 00\n\n",
      "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\n", "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n", "c2sp.org/tlog-proof@v1\nindex 0\n",
    ] {
      #expect(throws: CausewayError("ledger.proof_malformed"), "\(text)") { try LogProof(parsing: Array(text.utf8)) }
    }
  }
}
