import Exchange
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import Gateway

private let start = Instant(milliseconds: 1_790_000_000_000)

private func exportClearance() -> Clearance {
  Clearance(id: "c", ucr: "6CN1", salt: "00", commitment: "11", corridor: "CN-SG", ownSide: .export, declared: start)
}

@Suite struct ClearanceTests {
  @Test func walksBothSidesToCleared() {
    var clearance = exportClearance()
    #expect(clearance.outcome == .inProgress)
    let steps: [(Clearance.Event, SideKind)] = [
      (.revision(1, .supplementRequested), .import), (.status(.lodged, registrationID: nil), .import),
      (.status(.accepted, registrationID: "22012026"), .export), (.status(.accepted, registrationID: "IG1"), .import),
      (.status(.released, registrationID: nil), .export), (.status(.released, registrationID: nil), .import),
    ]
    for (event, side) in steps { #expect(clearance.apply(event, on: side, at: start) == nil) }
    #expect(clearance.outcome == .cleared)
    #expect(clearance.export.registrationID == "22012026")
    #expect(clearance.import?.registrationID == "IG1")
    #expect(clearance.timeline.count == 7)
  }

  /// What customs holds it holds until it refuses it, whatever becomes of drafts after it.
  @Test func lodgedUntilCustomsRefuses() {
    var clearance = exportClearance()
    clearance.received(sequence: 1)
    func take(_ events: [(Clearance.Event, SideKind)], _ isLodged: Bool, _ comment: Comment) {
      for (event, side) in events { #expect(clearance.apply(event, on: side, at: start) == nil, comment) }
      #expect(clearance.isLodged == isLodged, comment)
    }
    func status(_ status: SideStatus) -> Clearance.Event { .status(status, registrationID: nil) }
    take([], false, "declared")
    take([(.revision(1, .supplementRequested), .import)], false, "a draft")
    take([(status(.lodged), .import)], true, "lodged")
    take(
      [(.revision(2, .declared), .export), (.proposalAccepted, .export), (.revision(2, .prefilled), .import)], true, "a draft to amend it")
    take([(status(.refused), .import)], true, "the draft is refused, not what was lodged")
    take([(.revision(3, .declared), .export), (.proposalAccepted, .export), (.revision(3, .prefilled), .import)], true, "another draft")
    take([(status(.lodged), .import), (status(.accepted), .import)], true, "accepted")
    take([(status(.refused), .import)], false, "refused by customs")
    take([(.revision(4, .declared), .export), (.proposalAccepted, .export), (.revision(4, .prefilled), .import)], false, "begun anew")
    #expect(clearance.problem(withRequestFor: 4) == nil)
    #expect(clearance.problem(withRequestFor: 3)?.code == "clearance.illegal_revision")
    take([(status(.withdrawn), .export)], false, "withdrawn")
    #expect(clearance.problem(withRequestFor: 4)?.code == "clearance.already_final")
  }

  @Test func refusesStepsThatAreNotNext() {
    var clearance = exportClearance()
    #expect(clearance.apply(.status(.released, registrationID: nil), on: .export, at: start)?.code == "clearance.illegal_transition")
    #expect(clearance.apply(.status(.accepted, registrationID: nil), on: .import, at: start)?.code == "clearance.illegal_transition")
    #expect(clearance.apply(.revision(2, .prefilled), on: .import, at: start)?.code == "clearance.illegal_revision")
    #expect(clearance.apply(.revision(3, .declared), on: .export, at: start)?.code == "clearance.illegal_revision")
    #expect(clearance == exportClearance(), "a refused step changes nothing")
  }

  @Test func finalStatusesAreNeverLeft() {
    for final in [SideStatus.released, .withdrawn] {
      var clearance = exportClearance()
      if final == .released { _ = clearance.apply(.status(.accepted, registrationID: nil), on: .export, at: start) }
      #expect(clearance.apply(.status(final, registrationID: nil), on: .export, at: start) == nil)
      for status in SideStatus.allCases {
        #expect(clearance.apply(.status(status, registrationID: nil), on: .export, at: start) != nil)
      }
      #expect(clearance.apply(.revision(2, .declared), on: .export, at: start)?.code == "clearance.already_final")
    }
  }

  @Test func refusedAmendmentGoesBack() {
    var clearance = exportClearance()
    _ = clearance.apply(.status(.accepted, registrationID: "1"), on: .export, at: start)
    let before = clearance.export
    #expect(clearance.apply(.revision(2, .declared), on: .export, at: start) == nil)
    #expect(
      clearance.apply(.revision(3, .declared), on: .export, at: start)?.code == "clearance.illegal_revision", "one proposal at a time")
    #expect(clearance.apply(.proposalRefused, on: .export, at: start) == nil)
    #expect(clearance.export == before)
    #expect(clearance.apply(.revision(2, .declared), on: .export, at: start) == nil)
    #expect(clearance.apply(.proposalAccepted, on: .export, at: start) == nil)
    #expect(clearance.export.revision == 2)
  }

  @Test func withdrawalAfterReleaseByTheOtherSideIsRefused() {
    var clearance = exportClearance()
    for status in [SideStatus.lodged, .accepted, .released] {
      if clearance.import == nil { _ = clearance.apply(.revision(1, .prefilled), on: .import, at: start) }
      #expect(clearance.apply(.status(status, registrationID: nil), on: .import, at: start) == nil)
    }
    #expect(clearance.apply(.status(.withdrawn, registrationID: nil), on: .export, at: start)?.code == "clearance.already_final")
    var open = exportClearance()
    _ = open.apply(.revision(1, .prefilled), on: .import, at: start)
    #expect(open.apply(.status(.withdrawn, registrationID: nil), on: .export, at: start) == nil)
    #expect(open.outcome == .withdrawn)
  }

  @Test func survivesItsJSONForm() throws {
    var clearance = exportClearance()
    _ = clearance.apply(.revision(1, .supplementRequested), on: .import, at: start, messageID: "m")
    _ = clearance.apply(.revision(2, .declared), on: .export, at: start)
    _ = clearance.nextSequence()
    clearance.received(sequence: 1)
    #expect(try Clearance(json: clearance.stored) == clearance)
    #expect(throws: CausewayError("clearance.unreadable")) { try Clearance(json: .object(["id": "c"])) }
  }

  /// The owner's messages reach the other gateway late, twice and out of order; it must end where the owner is.
  @Test(arguments: 0..<200) func convergesWhateverTheOrderOfArrival(seed: UInt64) {
    var random = SplitMix(state: seed)
    var owner = exportClearance()
    var sent: [(sequence: Int, event: Clearance.Event)] = []
    let events: [Clearance.Event] = [
      .status(.accepted, registrationID: "1"), .revision(2, .declared), .proposalAccepted, .status(.refused, registrationID: nil),
      .revision(3, .declared), .proposalAccepted, .status(.accepted, registrationID: "2"), .status(.released, registrationID: nil),
    ]
    for event in events {
      #expect(owner.apply(event, on: .export, at: start) == nil)
      if event != .proposalAccepted { sent.append((owner.nextSequence(), event)) }
    }
    var observer = Clearance(id: "c", ucr: "6CN1", salt: "00", commitment: "11", corridor: "CN-SG", ownSide: .import, declared: start)
    var held: [Int: Clearance.Event] = [:]
    for (sequence, event) in (sent + sent).shuffled(using: &random) {
      if observer.order(of: sequence) == .repeated { continue }
      held[sequence] = event
      while let next = held.removeValue(forKey: observer.receivedSequence + 1) {
        #expect(observer.apply(next, on: .export, at: start) == nil)
        if case .revision = next { _ = observer.apply(.proposalAccepted, on: .export, at: start) }
        observer.received(sequence: observer.receivedSequence + 1)
      }
    }
    #expect(observer.export == owner.export)
    #expect(observer.receivedSequence == sent.count)
  }
}

@Suite struct StatusMessageTests {
  private let message = StatusMessage(
    clearanceID: "0123456789abcdef0123456789abcdef", side: .import, revision: 1, status: .refused, effective: start,
    registrationID: "IG6L0001",
    reasons: [.init(code: "validate.required", pointer: "/a/b"), .init(code: "read.code_unknown", pointer: nil)])

  @Test(arguments: ["uncefact.cdar.json", "uncefact.cdar.xml"]) func survivesItsDocument(profile: String) throws {
    #expect(try statusSaid(in: document(message, as: profile), as: profile) == message)
  }

  @Test func refusesWhatItDoesNotKnow() throws {
    let text = String(decoding: try document(message), as: UTF8.self)
    let changes = [
      ("\"929\"", "\"950\"", "validate.not_listed"), ("\"content\":\"1\"", "\"content\":\"one\"", "validate.not_integer"),
      ("refused", "lost", "validate.not_listed"), ("\"exchangedDocument\":", "\"x\":1,\"exchangedDocument\":", "validate.unknown_element"),
      ("\"reasonCode\"", "\"reason_code\"", "validate.unknown_element"),
      ("20Z\",\"processConditionCode", "20\",\"processConditionCode", "verify.status_zone"),
      ("\"processConditionCode\":{\"content\":\"refused\"},", "", "validate.missing"),
    ]
    for (from, to, code) in changes {
      let changed = text.split(separator: from, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: to)
      #expect(changed != text, "\(from) in \(text)")
      #expect(throws: CausewayError(ErrorCode(rawValue: code)), "\(from)") { try statusSaid(in: Array(changed.utf8)) }
    }
  }

  /// What a reason says is other people's: it may not keep the status from being told.
  @Test func reasonsThatDoNotFitAreShortened() throws {
    let long = String(repeating: "/a", count: 300)
    let shown = StatusMessage(
      clearanceID: message.clearanceID, side: .import, revision: 1, status: .refused, effective: start,
      reasons: [
        .init(code: "a.b", pointer: long), .init(code: "a.c", pointer: "/\u{1}"),
        .init(code: String(repeating: "x", count: 65), pointer: nil),
      ])
    #expect(try statusSaid(in: document(shown)).reasons == [.init(code: "a.b", pointer: nil), .init(code: "a.c", pointer: nil)])
  }

  @Test func stepsThatAStatusStandsFor() {
    #expect(SideKind.import.steps(from: .prefilled, to: .released) == [.lodged, .accepted, .released])
    #expect(SideKind.import.steps(from: .lodged, to: .accepted) == [.accepted])
    #expect(SideKind.export.steps(from: .declared, to: .lodged) == [])
    #expect(SideKind.export.steps(from: .released, to: .accepted) == [])
    #expect(SideKind.export.steps(from: .accepted, to: .refused) == [.refused])
    #expect(SideKind.export.steps(from: .refused, to: .refused) == [])
    #expect(SideKind.export.steps(from: .refused, to: .released) == [.released], "refused by the rules of the case")
    for kind in SideKind.allCases {
      for from in SideStatus.allCases {
        for to in SideStatus.allCases {
          let steps = kind.steps(from: from, to: to)
          #expect(steps.isEmpty || steps.last == to)
          #expect(!steps.contains(from))
        }
      }
    }
  }
}
