import Exchange
import JSONTree
import Primitives
import TestSupport
import Testing
import Trust

/// Items that nobody has chosen, repeatable from a seed.
struct ItemSource {
  var random: SplitMix

  init(_ seed: UInt64) { random = SplitMix(state: seed) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }

  mutating func digest() -> Digest { SHA256.hash(bytes(8)) }

  mutating func subject() -> ReconciliationSubject {
    Bool.random(using: &random)
      ? .message(MessageID(at: World.now.adding(milliseconds: Int64.random(in: 0..<86_400_000, using: &random)), random: bytes(10)))
      : .clearance(ClearanceID(Hex.encode(bytes(16)))!)
  }

  mutating func item() -> ReconciliationItem { ReconciliationItem(subject(), digest()) }
  mutating func items(_ count: Int) -> [ReconciliationItem] { (0..<count).map { _ in item() } }
}

/// What a comparison over real JSON bodies came to.
struct Compared {
  var run: ReconciliationRun
  var bytes = 0

  /// - Parameter partner: makes the answer's body out of the question's.
  init(_ own: ReconciliationSet, with partner: ([UInt8]) throws -> [UInt8]) throws {
    run = ReconciliationRun(corridor: "CN-SG", day: "2026-11-21", own: own)
    while let question = run.next() {
      let answer = try partner(question.bytes)
      bytes += question.bytes.count + answer.count
      try run.take(try ReconciliationAnswer.parse(answer, to: question), to: question)
    }
  }

  init(_ own: ReconciliationSet, _ partner: ReconciliationSet) throws { try self.init(own, with: honest(partner)) }

  var differences: Set<ReconciliationSubject> { Set(run.differences) }
}

/// Answers as a gateway does that holds the set.
func honest(_ set: ReconciliationSet) -> ([UInt8]) throws -> [UInt8] {
  { body in
    let question = try ReconciliationQuestion.parse(body)
    return ReconciliationAnswer(set: set.summary, ranges: set.answer(question.ranges), facts: []).bytes(to: question)
  }
}

@Suite struct ReconciliationTests {
  @Test func aKeyIsItsSubject() throws {
    var source = ItemSource(1)
    let items = source.items(500)
    let set = ReconciliationSet(items)
    #expect(Set(set.items(in: .all)) == Set(items))
    #expect(set.count == 500)
    // Two subjects of the same 16 bytes are two.
    let message = MessageID(at: World.now, random: source.bytes(10))
    let clearance = try #require(ClearanceID(message.text.filter { $0 != "-" }))
    let both = [ReconciliationItem(.message(message), source.digest()), ReconciliationItem(.clearance(clearance), source.digest())]
    #expect(Set(ReconciliationSet(both).items(in: .all)) == Set(both))
    #expect(ReconciliationSubject("CN-SG") == nil && ReconciliationSubject("") == nil)
  }

  /// Keys, values and fingerprints by the letter of docs/protocol.md, put together anew from its bytes.
  @Test func isAsThePageSays() throws {
    let id = "0193a5c0-2f00-7abc-8def-0123456789ab"
    let bytes = try #require(Hex.decode(id.filter { $0 != "-" }))
    let message = ReconciliationSubject.message(try #require(MessageID(id)))
    let clearance = ReconciliationSubject.clearance(try #require(ClearanceID("00112233445566778899aabbccddeeff")))
    let (header, payload, receipt) = (SHA256.hash("header"), SHA256.hash("payload"), SHA256.hash("receipt"))
    let facts = ReconciliationFacts.Message(sender: "CN", envelope: header, payload: payload, receipt: receipt, isAccepted: true)
    let domain = utf8("causeway/reconciliation/message-value/v1\n")
    #expect(facts.value == SHA256.hash(domain + header.bytes + payload.bytes + receipt.bytes))
    let unanswered = ReconciliationFacts.Message(sender: "CN", envelope: header, payload: payload, receipt: nil, isAccepted: nil)
    #expect(unanswered.value == SHA256.hash(domain + header.bytes + payload.bytes + [UInt8](repeating: 0, count: 32)))
    let declared = ReconciliationFacts.Clearance(export: .init(status: "declared", revision: 1), import: nil)
    #expect(declared.value == SHA256.hash("causeway/reconciliation/clearance-value/v1\nexport declared 1\nimport none\n"))
    let cleared = ReconciliationFacts.Clearance(
      export: .init(status: "released", revision: 2), import: .init(status: "lodged", revision: 1))
    #expect(cleared.value == SHA256.hash("causeway/reconciliation/clearance-value/v1\nexport released 2\nimport lodged 1\n"))
    let key = SHA256.hash(utf8("causeway/reconciliation/message/v1\n") + bytes).bytes.prefix(16) + bytes
    let otherBytes = try #require(Hex.decode("00112233445566778899aabbccddeeff"))
    let otherKey = SHA256.hash(utf8("causeway/reconciliation/clearance/v1\n") + otherBytes).bytes.prefix(16) + otherBytes
    let items = [(Array(key), facts.value), (Array(otherKey), cleared.value)].sorted { $0.0.lexicographicallyPrecedes($1.0) }
    let set = ReconciliationSet([ReconciliationItem(message, facts.value), ReconciliationItem(clearance, cleared.value)])
    #expect(set.fingerprint == SHA256.hash(utf8("causeway/reconciliation/range/v1\n") + items.flatMap { $0.0 + $0.1.bytes }))
    let prefix = try #require(KeyPrefix(String(Hex.encode(key).prefix(3))))
    #expect(set.items(in: prefix).map(\.subject) == [message])
  }

  @Test func aSetDoesNotDependOnTheOrderOfItsItems() {
    var source = ItemSource(2)
    let items = source.items(300)
    let set = ReconciliationSet(items)
    #expect(ReconciliationSet(items.reversed()).fingerprint == set.fingerprint)
    #expect(ReconciliationSet(items + items).fingerprint == set.fingerprint)
    #expect(ReconciliationSet(items.dropLast()).fingerprint != set.fingerprint)
    #expect(ReconciliationSet([]).fingerprint != set.fingerprint)
  }

  /// What one side has and the other has not, in either direction, and what differs; nothing else, and the same from both sides.
  @Test(arguments: 0..<40) func findsExactlyTheSymmetricDifference(seed: UInt64) throws {
    var source = ItemSource(seed &* 977 + 5)
    let shared = source.items([0, 1, 30, 33, 400, 3000].randomElement(using: &source.random)!)
    let onlyOwn = source.items(Int.random(in: 0...40, using: &source.random))
    let onlyTheirs = source.items(Int.random(in: 0...40, using: &source.random))
    let changed = source.items(Int.random(in: 0...10, using: &source.random))
    let elsewhere = changed.map { ReconciliationItem($0.subject, source.digest()) }
    let own = ReconciliationSet(shared + onlyOwn + changed)
    let partner = ReconciliationSet(onlyTheirs + elsewhere + shared)
    let expected = Set((onlyOwn + onlyTheirs + changed).map(\.subject))
    for (left, right) in [(own, partner), (partner, own)] {
      let compared = try Compared(left, right)
      #expect(compared.differences == expected)
      #expect(compared.run.differences.count == expected.count, "none twice")
      #expect(!compared.run.isCut)
      #expect(compared.run.partner == right.summary)
    }
  }

  @Test(arguments: [0, 1, 32, 33, 5000]) func equalSetsCostOneQuestion(count: Int) throws {
    var source = ItemSource(UInt64(count))
    let items = source.items(count)
    let compared = try Compared(ReconciliationSet(items), ReconciliationSet(items.shuffled()))
    #expect(compared.run.questions == 1)
    #expect(compared.differences.isEmpty)
    #expect(compared.bytes < 4096)
  }

  /// Sums and exclusive-ors of the items of these two sets are equal.
  @Test func valuesThatCancelOutAreSeen() throws {
    var source = ItemSource(9)
    let (first, second) = (source.item(), source.item())
    let mask = source.digest().bytes
    func masked(_ item: ReconciliationItem) -> ReconciliationItem {
      ReconciliationItem(item.subject, Digest(zip(item.value.bytes, mask).map { $0 ^ $1 })!)
    }
    let compared = try Compared(ReconciliationSet([first, second]), ReconciliationSet([masked(first), masked(second)]))
    #expect(compared.differences == [first.subject, second.subject])
  }

  /// The bodies of both directions, in JSON as they travel: what finding five differences in 100,000 items costs.
  @Test func fiveDifferencesInAHundredThousandItems() throws {
    var source = ItemSource(77)
    let items = source.items(100_000)
    var (ours, theirs) = (items, items)
    theirs.removeLast(2)
    ours.removeFirst(2)
    theirs[50_000] = ReconciliationItem(theirs[50_000].subject, source.digest())
    let expected = Set([items[0], items[1], items[99_998], items[99_999], items[50_000]].map(\.subject))
    let (own, partner) = (ReconciliationSet(ours), ReconciliationSet(theirs))
    for (left, right) in [(own, partner), (partner, own)] {
      let compared = try Compared(left, right)
      #expect(compared.differences == expected)
      #expect(compared.bytes < 40_000, "\(compared.bytes) bytes in \(compared.run.questions) questions")
      #expect(compared.run.questions <= 6)
    }
  }

  @Test func aLostDayIsCutAtTheLimit() throws {
    var source = ItemSource(4)
    let set = ReconciliationSet(source.items(5000))
    for (left, right) in [(set, ReconciliationSet([])), (ReconciliationSet([]), set)] {
      let compared = try Compared(left, right)
      #expect(compared.run.isCut)
      #expect(compared.run.differences.count == ReconciliationRun.limitDifferences)
      #expect(compared.differences.count == ReconciliationRun.limitDifferences)
    }
  }
}

/// What a partner may answer or ask that no honest one does.
@Suite struct HostileReconciliationTests {
  let own: ReconciliationSet
  let items: [ReconciliationItem]

  init() {
    var source = ItemSource(31)
    items = source.items(2000)
    own = ReconciliationSet(items)
  }

  private func answer(_ question: ReconciliationQuestion, _ ranges: [ReconciliationAnswer.Range]) -> [UInt8] {
    ReconciliationAnswer(set: .init(size: 1, fingerprint: SHA256.hash("x")), ranges: ranges, facts: []).bytes(to: question)
  }

  /// Fingerprints that never agree: the run ends by its limits, with a bounded number of ranges waiting and questions asked.
  @Test func splitsWithoutEnd() throws {
    var source = ItemSource(5)
    let compared = try Compared(own) { body in
      let question = try ReconciliationQuestion.parse(body)
      return answer(
        question,
        question.ranges.map { prefix in
          prefix.text.utf8.count == 64 ? .items([]) : .split((0..<16).map { _ in source.digest() })
        })
    }
    #expect(compared.run.isCut)
    #expect(compared.run.questions == ReconciliationRun.limitQuestions)
    #expect(compared.run.differences.count <= ReconciliationRun.limitDifferences)
  }

  @Test func answersToSomethingElse() throws {
    let question = ReconciliationQuestion(corridor: "CN-SG", day: "2026-11-21", ranges: [KeyPrefix("0")!, KeyPrefix("5a")!])
    let good = own.answer(question.ranges)
    #expect(throws: Never.self) { try ReconciliationAnswer.parse(answer(question, good), to: question) }
    let whole = ReconciliationQuestion(
      corridor: "CN-SG", day: "2026-11-21", ranges: [KeyPrefix(String(repeating: "0", count: 64))!])
    let listed = own.items(in: KeyPrefix("5a")!)
    try #require(listed.count > 1)
    let parts = (0..<16).map { SHA256.hash("\($0)") }
    let cases: [(String, ReconciliationQuestion, [UInt8])] = [
      ("a range is missing", question, answer(question, [good[0]])),
      ("ranges change places", question, answer(.init(corridor: "CN-SG", day: "2026-11-21", ranges: [KeyPrefix("5a")!]), [good[1]])),
      ("items of another range", question, answer(question, [good[0], .items(own.items(in: KeyPrefix("5b")!))])),
      ("items twice", question, answer(question, [good[0], .items([listed[0], listed[0]])])),
      ("items in another order", question, answer(question, [good[0], .items(listed.reversed())])),
      ("a key is split", whole, answer(whole, [.split(parts)])),
      ("too many items", question, answer(question, [.items(Array(own.items(in: KeyPrefix("0")!).prefix(33))), good[1]])),
    ]
    for (name, question, body) in cases {
      #expect(throws: CausewayError("reconcile.answer_invalid"), "\(name)") { try ReconciliationAnswer.parse(body, to: question) }
    }
    for body in ["", "[]", "{}", "{\"version\":1}", "{\"version\":2,\"set\":{\"size\":0,\"fingerprint\":\"\"},\"ranges\":[]}"] {
      #expect(throws: CausewayError.self) { try ReconciliationAnswer.parse(utf8(body), to: question) }
    }
    for wrong in [Array(parts.dropLast()), parts + [parts[0]]] {
      #expect(throws: CausewayError("parse.json_member_value")) {
        try ReconciliationAnswer.parse(answer(question, [.split(wrong), good[1]]), to: question)
      }
    }
  }

  @Test func aSetThatDiffersWithoutADifferentPart() throws {
    #expect(throws: CausewayError("reconcile.answer_invalid")) {
      _ = try Compared(own) { body in
        let question = try ReconciliationQuestion.parse(body)
        return answer(question, own.answer(question.ranges))
      }
    }
  }

  /// Parts of one whole that contradict each other lead to nothing but a difference that is looked at again.
  @Test func aPartnerThatChangesItsMind() throws {
    var count = 0
    let compared = try Compared(own) { body in
      count += 1
      let question = try ReconciliationQuestion.parse(body)
      guard count > 1 else { return answer(question, [.split((0..<16).map { SHA256.hash("\($0)") })]) }
      return answer(question, own.answer(question.ranges))
    }
    #expect(compared.differences.isEmpty && compared.run.questions < 20)
  }

  @Test func factsOfSomethingElse() throws {
    var source = ItemSource(8)
    let (message, clearance) = (MessageID(at: World.now, random: source.bytes(10)), ClearanceID(Hex.encode(source.bytes(16)))!)
    let question = ReconciliationQuestion(
      corridor: "CN-SG", day: "2026-11-21", subjects: [.message(message), .clearance(clearance)])
    let held = ReconciliationFacts(
      .message(.init(sender: "SG", envelope: source.digest(), payload: source.digest(), receipt: nil, isAccepted: nil)), isInFlight: true)
    let standing = ReconciliationFacts(
      .clearance(.init(export: .init(status: "released", revision: 2), import: nil)), isInFlight: false)
    let good = ReconciliationAnswer(set: nil, ranges: [], facts: [held, standing])
    #expect(try ReconciliationAnswer.parse(good.bytes(to: question), to: question) == good)
    let nothing = ReconciliationAnswer(
      set: nil, ranges: [],
      facts: [.init(.nothing(isOnLedger: true), isInFlight: false), .init(.nothing(isOnLedger: false), isInFlight: false)])
    #expect(try ReconciliationAnswer.parse(nothing.bytes(to: question), to: question) == nothing)
    for facts in [[standing, standing], [held, held], [held]] {
      #expect(throws: CausewayError("reconcile.answer_invalid")) {
        try ReconciliationAnswer.parse(ReconciliationAnswer(set: nil, ranges: [], facts: facts).bytes(to: question), to: question)
      }
    }
  }

  @Test func questionsThatAskTooMuch() throws {
    func parse(_ members: String) throws -> ReconciliationQuestion {
      try ReconciliationQuestion.parse(utf8("{\"version\":1,\"corridor\":\"CN-SG\",\"day\":\"2026-11-21\"\(members)}"))
    }
    func list(_ texts: [String]) -> String { "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
    #expect(try parse(",\"ranges\":[\"\"]").ranges == [.all])
    #expect(try parse(",\"ranges\":[\"0\",\"1a\",\"1b\",\"f\"]").ranges.count == 4)
    let many = (0..<65).map { String(0x1000 + $0, radix: 16) }
    #expect(try parse(",\"ranges\":\(list(many.dropLast()))").ranges.count == 64)
    var source = ItemSource(3)
    let subjects = source.items(65).map(\.subject.text)
    #expect(try parse(",\"subjects\":\(list(subjects.dropLast()))").subjects.count == 64)
    for members in [
      ",\"ranges\":\(list(many))", ",\"subjects\":\(list(subjects))", ",\"ranges\":[\"\",\"0\"]", ",\"ranges\":[\"1\",\"1\"]",
      ",\"ranges\":[\"2\",\"1\"]", ",\"ranges\":[\"1\",\"1f\"]", ",\"ranges\":[\"A\"]", ",\"ranges\":[0]",
      ",\"ranges\":[\"\(String(repeating: "0", count: 65))\"]", ",\"subjects\":[\"x\"]", ",\"x\":1", ",\"ranges\":{}",
    ] {
      #expect(throws: CausewayError.self, "\(members)") { try parse(members) }
    }
    for body in [
      "", "[]", "{}", "{\"version\":1,\"corridor\":\"CN-SG\",\"day\":\"2026-02-30\"}",
      "{\"version\":2,\"corridor\":\"CN-SG\",\"day\":\"2026-11-21\"}",
      "{\"version\":1,\"corridor\":\"CN SG\",\"day\":\"2026-11-21\"}",
      "{\"version\":1,\"corridor\":\"CN-SG\",\"day\":\"2026-11-21T00:00\"}",
      "{\"version\":1,\"corridor\":\"CN-SG\",\"day\":\"2026-11-21\"" + String(repeating: " ", count: 16 << 10) + "}",
      String(repeating: "[", count: 5000),
    ] {
      #expect(throws: CausewayError.self, "\(body.prefix(60))") { try ReconciliationQuestion.parse(utf8(body)) }
    }
  }

  /// The largest question gets an answer that is within the limit of answers.
  @Test func theLargestAnswerFits() throws {
    var source = ItemSource(12)
    let prefixes = (0..<64).map { KeyPrefix(Hex.encode([$0]))! }
    let large = ReconciliationSet(source.items(16_000))
    let set = ReconciliationSet(prefixes.flatMap { large.items(in: $0, atMost: ReconciliationSet.listed) })
    try #require(set.count == 64 * ReconciliationSet.listed)
    let facts = ReconciliationFacts(
      .message(
        .init(
          sender: String(repeating: "x", count: 100), envelope: source.digest(), payload: source.digest(), receipt: source.digest(),
          isAccepted: false)), isInFlight: false)
    let subjects = (0..<64).map { _ in ReconciliationSubject.message(MessageID(at: World.now, random: source.bytes(10))) }
    let question = ReconciliationQuestion(
      corridor: "CN-SG", day: "2026-11-21", ranges: prefixes, subjects: subjects)
    #expect(question.bytes.count <= ReconciliationQuestion.limitBytes)
    let answer = ReconciliationAnswer(set: set.summary, ranges: set.answer(question.ranges), facts: subjects.map { _ in facts })
    let bytes = answer.bytes(to: try ReconciliationQuestion.parse(question.bytes))
    #expect(bytes.count <= ReconciliationAnswer.limitBytes, "\(bytes.count)")
    #expect(try ReconciliationAnswer.parse(bytes, to: question) == answer)
    #expect(answer.ranges.allSatisfy { if case .items(let items) = $0 { items.count == 32 } else { false } })
  }
}

/// In what two sides differ: every pair of what they can hold.
@Suite struct ReconciliationDifferenceTests {
  private func message(_ sender: String, header: String = "h", payload: String = "p", receipt: String? = "r", accepted: Bool = true)
    -> ReconciliationFacts
  {
    ReconciliationFacts(
      .message(
        .init(
          sender: sender, envelope: SHA256.hash(header), payload: SHA256.hash(payload), receipt: receipt.map { SHA256.hash($0) },
          isAccepted: receipt == nil ? nil : accepted)), isInFlight: false)
  }

  private func nothing(_ isOnLedger: Bool = false) -> ReconciliationFacts { .init(.nothing(isOnLedger: isOnLedger), isInFlight: false) }

  private func clearance(_ export: String, _ import: String?, revision: Int = 1) -> ReconciliationFacts {
    .init(
      .clearance(
        .init(export: .init(status: export, revision: revision), import: `import`.map { .init(status: $0, revision: revision) })),
      isInFlight: false)
  }

  @Test func isTheSameFromBothSides() {
    let cases: [(ReconciliationFacts, ReconciliationFacts, ReconciliationDifference?)] = [
      (message("CN"), message("CN"), nil), (message("CN"), nothing(), .notReceived), (message("SG"), nothing(), .notSent),
      (message("CN", receipt: nil), nothing(), .notReceived), (message("CN"), message("CN", header: "x"), .contentDiffers),
      (message("CN"), message("CN", payload: "x"), .contentDiffers), (message("CN", receipt: nil), message("CN"), .receiptMissing),
      (message("CN"), message("CN", receipt: "x", accepted: false), .outcomeDiffers),
      // Of what did not verify the recipient has an entry on its ledger; without it the refusal is one that it does not know.
      (message("CN", accepted: false), nothing(true), nil), (message("CN", accepted: false), nothing(), .notReceived),
      (message("CN"), nothing(true), .notReceived), (clearance("released", "released"), clearance("released", "released"), nil),
      (clearance("released", "released"), clearance("released", "accepted"), .statusDiffers),
      (clearance("released", nil), clearance("released", "accepted"), .statusDiffers),
      (clearance("released", "released"), clearance("released", "released", revision: 2), .statusDiffers),
      (clearance("declared", nil), nothing(), .statusDiffers), (nothing(), nothing(), nil),
      // What has been erased is not known any more, and no difference.
      (.init(.erased, isInFlight: false), clearance("released", "released"), nil),
    ]
    for (cn, sg, expected) in cases {
      #expect(ReconciliationDifference.between(cn, of: "CN", sg) == expected, "\(cn) \(sg)")
      #expect(ReconciliationDifference.between(sg, of: "SG", cn) == expected, "\(cn) \(sg)")
      for (first, second) in [(true, false), (false, true)] {
        let (left, right) = (
          ReconciliationFacts(cn.held, isInFlight: first), ReconciliationFacts(sg.held, isInFlight: second)
        )
        #expect(ReconciliationDifference.between(left, of: "CN", right) == nil)
      }
    }
  }
}
