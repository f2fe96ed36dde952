import Exchange
package import JSONTree
import Journal
import Ledger
import Logging
package import Primitives
import Trust

extension GatewayNode {
  /// Compares a corridor-day with the partner's, and keeps what differs as work items.
  ///
  /// What the partner answers is not signed and proves nothing: it changes no message and no clearance, it only points at what a person should look
  /// into. A partner that lies can bring about a finding that is none, or hide one of its own.
  ///
  /// - Parameter day: `YYYY-MM-DD` in UTC.
  /// - Returns: what `schemas/reconciliation.schema.json` describes.
  /// - Throws: `reconcile.*`, `deliver.*`, `journal.*`.
  package func reconcile(corridor id: String, day: String, by actor: String) async throws(CausewayError) -> JSONValue {
    guard ReconciliationQuestion.start(of: day) != nil else { throw CausewayError("reconcile.day_form") }
    let (corridor, partner) = try reconciledCorridor(id)
    let own = try await reconciliationSet(of: corridor, on: day, isFirst: true)
    var run = ReconciliationRun(corridor: corridor, day: day, own: own)
    var account = ReconciliationAccount(corridor: corridor, day: day, own: own.summary)
    while let question = run.next() { try run.take(try await ask(question, partner, &account), to: question) }
    account.partner = run.partner
    account.isComplete = !run.isCut
    let subjects = run.differences.sorted { ByteString($0.text) < ByteString($1.text) }
    for start in stride(from: 0, to: subjects.count, by: ReconciliationQuestion.limitParts) {
      let batch = Array(subjects[start..<min(start + ReconciliationQuestion.limitParts, subjects.count)])
      // Asked before and after: what arrives in between is on one side of the partner's answer or on the other.
      let before = try await facts(of: batch, in: corridor, with: partner.id)
      let answer = try await ask(ReconciliationQuestion(corridor: corridor, day: day, subjects: batch), partner, &account)
      let after = try await facts(of: batch, in: corridor, with: partner.id)
      for (index, subject) in batch.enumerated() {
        account.add(subject, before: before[index], after: after[index], partner: answer.facts[index], of: economy)
      }
    }
    let result = try await record(account, by: actor)
    metrics.count("gateway_reconciliations_total", [("corridor", corridor)])
    metrics.count("gateway_reconciliation_findings_total", [("corridor", corridor)], by: account.findings.count)
    logger.info(
      "reconciled",
      metadata: [
        "gw.corridor": "\(corridor)", "gw.day": "\(day)", "gw.findings": "\(account.findings.count)", "gw.bytes": "\(account.bytes)",
      ])
    return result
  }

  private func ask(
    _ question: ReconciliationQuestion, _ partner: Participant, _ account: inout ReconciliationAccount
  ) async throws(CausewayError) -> ReconciliationAnswer {
    let sent = question.bytes
    let answer = try await partners.ask("POST", ReconciliationQuestion.path, body: sent, of: partner)
    guard answer.status == 200 else { throw CausewayError("reconcile.no_answer", facts: ["status": String(answer.status)]) }
    let received = answer.body
    account.questions += 1
    account.bytes += sent.count + received.count
    do {
      return try ReconciliationAnswer.parse(received, to: question)
    } catch  where error.code != "reconcile.answer_invalid" {
      // What is wrong is the partner's document, not the caller's.
      throw CausewayError("reconcile.answer_invalid", facts: ["part": error.code.rawValue])
    }
  }

  /// Work items and the ledger entry of a run, in one transaction.
  private func record(_ account: ReconciliationAccount, by actor: String) async throws(CausewayError) -> JSONValue {
    for _ in 0..<Self.mostRounds {
      let known = try await workItems(corridor: account.corridor, day: account.day)
      let (changed, closed) = account.workItems(known: known, at: clock.now(), by: economy)
      let operations = (changed + closed).map { item in
        Change.Operation.putWorkItem(item, expecting: item.revision == 0 ? .absent : .revision(item.revision))
      }
      let entry = EntryDraft(kind: "reconciliation.done", corridor: account.corridor, actor: actor, extra: account.facts)
      switch try await journal.commit(Change(operations: operations, entries: [entry])) {
      case .committed(let committed):
        var result = account.facts
        result["corridor"] = .string(account.corridor)
        result["closed"] = .number(JSONNumber(closed.count))
        result["ledgerIndex"] = .number(JSONNumber(committed.entries[0].index))
        result["findings"] = .array(try changed.map { item throws(CausewayError) in try Self.json(item) })
        bell.ring()
        return .object(result)
      case .conflict(.workItem): continue
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  private func workItems(corridor: String, day: String) async throws(CausewayError) -> [WorkItemRecord] {
    var items: [WorkItemRecord] = []
    var query = WorkItemQuery(corridor: corridor, day: day, limit: 1000)
    while true {
      let page = try await journal.read { [query] reader throws(CausewayError) in try reader.workItems(query) }
      guard let last = page.last else { return items }
      items += page
      query.after = last.position
    }
  }
}

/// What one run has found, and what it cost.
struct ReconciliationAccount {
  struct Finding {
    let subject: ReconciliationSubject
    let difference: ReconciliationDifference
    /// What both sides hold, JSON text.
    let details: [UInt8]
  }

  let corridor: String
  let day: String
  let own: ReconciliationAnswer.Summary
  var partner: ReconciliationAnswer.Summary?
  /// Whether all ranges were compared.
  var isComplete = false
  var questions = 0
  /// Bytes of the questions and answers.
  var bytes = 0
  private(set) var findings: [Finding] = []
  /// Subjects that are on the way: nothing is known of them now.
  private var unsettled: Set<ByteString> = []

  init(corridor: String, day: String, own: ReconciliationAnswer.Summary) {
    self.corridor = corridor
    self.day = day
    self.own = own
  }

  mutating func add(
    _ subject: ReconciliationSubject, before: ReconciliationFacts, after: ReconciliationFacts, partner: ReconciliationFacts,
    of economy: String
  ) {
    if before.isInFlight || after.isInFlight || partner.isInFlight { unsettled.insert(ByteString(subject.text)) }
    guard let difference = ReconciliationDifference.between(after, of: economy, partner),
      difference == ReconciliationDifference.between(before, of: economy, partner)
    else { return }
    let details: JSONValue = ["own": Self.json(after.held), "partner": Self.json(partner.held)]
    findings.append(Finding(subject: subject, difference: difference, details: details.serialized()))
  }

  private static func json(_ held: ReconciliationFacts.Held) -> JSONValue {
    switch held {
    case .nothing: .null
    case .message(let message): message.json
    case .clearance(let clearance): clearance.json
    case .erased: .null
    }
  }

  /// What stands on the ledger of a run, and in its result.
  var facts: JSONObject {
    func json(_ set: ReconciliationAnswer.Summary) -> JSONValue {
      ["items": .number(JSONNumber(set.size)), "fingerprint": .string(set.fingerprint.hex)]
    }
    return [
      "day": .string(day), "own": json(own), "partner": partner.map(json) ?? .null, "complete": .bool(isComplete),
      "differences": .number(JSONNumber(findings.count)), "questions": .number(JSONNumber(questions)), "bytes": .number(JSONNumber(bytes)),
    ]
  }

  /// What becomes of the work items of the corridor-day: those of the findings, new or seen again, and those that are no longer so.
  ///
  /// An item that a person has resolved stays resolved while the same is found again, and is open again when something else is. One that was closed
  /// and is found again is open again. Nothing is closed by a run that did not compare everything.
  func workItems(known: [WorkItemRecord], at now: Instant, by economy: String) -> (changed: [WorkItemRecord], closed: [WorkItemRecord]) {
    let byID = Dictionary(known.map { (ByteString($0.id), $0) }) { first, _ in first }
    let changed = findings.map { finding -> WorkItemRecord in
      let id = workItemID(finding)
      guard var item = byID[ByteString(id)] else {
        return WorkItemRecord(
          id: id, corridor: corridor, day: day, kind: finding.difference.rawValue, subject: finding.subject.text, details: finding.details,
          firstSeen: now)
      }
      if item.state == .closed || item.details != finding.details {
        item.state = .open
        (item.ended, item.endedBy) = (nil, nil)
      }
      item.details = finding.details
      item.lastSeen = now
      return item
    }
    guard isComplete else { return (changed, []) }
    let found = Set(changed.map { ByteString($0.id) })
    let closed = known.filter { item in
      item.state == .open && !found.contains(ByteString(item.id)) && !unsettled.contains(ByteString(item.subject))
    }
    return (
      changed,
      closed.map { item in
        var item = item
        item.state = .closed
        (item.ended, item.endedBy) = (now, economy)
        return item
      }
    )
  }

  /// The same for the same finding in every run: 32 hexadecimal digits.
  private func workItemID(_ finding: Finding) -> String {
    let text = [corridor, day, finding.difference.rawValue, finding.subject.text].joined(separator: "\n")
    return String(SHA256.hash(text).hex.prefix(32))
  }
}
