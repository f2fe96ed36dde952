import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// What a document does to an earlier one comes out as it went in, or is refused: neither lost nor made up.
@Suite struct MessageFunctionTests {
  /// Formats whose documents do something to an earlier one without a place that says so.
  static let implied: [String: MessageFunction] = [
    "sg.tradenet.update": .changes, "sg.tradenet.cancellation": .takesBack, "eu.eucdm.invalidation": .takesBack,
    "eu.eucdm.invalidation.json": .takesBack,
  ]

  @Test func theFormatsThatImplyIt() {
    for profile in Repository.profiles {
      for plan in profile.plan.variants { #expect(profile.impliedFunction(plan) == Self.implied[profile.id], "\(profile.id)") }
    }
  }

  struct Pair: CustomTestStringConvertible {
    let from, to: Profile
    var testDescription: String { "\(from.id) to \(to.id)" }
  }

  static let pairs = Repository.profiles.flatMap { to in
    Repository.profiles.filter { $0.document == to.document && $0 !== to && implied[to.id] != nil }.map { Pair(from: $0, to: to) }
  }

  /// Whatever goes to them does the same already; whatever does something else is refused, and is no better for taking the place of a draft.
  @Test(arguments: pairs) func goesToThemAsItIs(_ pair: Pair) throws {
    let translator = try Repository.translator()
    let expected = try #require(Self.implied[pair.to.id])
    for seed in UInt64(0)..<6 {
      let valid = try translator.valid(try pair.from.sample(seed: seed, items: 1), pair.from.id)
      for replacesDraft in [false, true] {
        let found = problems {
          let there = try translator.write(valid, to: pair.to, options: .init(replacesDraft: replacesDraft))
          #expect(try translator.validateDraft(there).function == expected)
        }.map(\.code)
        let refusal: ErrorCode = valid.declaration.function == .takesBack ? "write.cancellation" : "write.amendment"
        // A form of imports alone takes no export.
        guard found != ["write.shape_unknown"] else { continue }
        #expect(found == (valid.declaration.function == expected ? [] : [refusal]), "seed \(seed)")
      }
    }
  }

  static let originals = [
    Sample(profile: "my.kastam", name: "k1-minimal.json"), Sample(profile: "my.kastam", name: "k2-minimal.json"),
    Sample(profile: "cn.decmessage", name: "import-machine-parts.xml"), Sample(profile: "eu.eucdm", name: "export-minimal.xml"),
    Sample(profile: "wco.dms", name: "import-corners.xml"), Sample(profile: "uncefact.xml", name: "export-cn.xml"),
    Sample(profile: "edifact.cusdec", name: "export-minimal.edi"),
  ]

  /// An original says nothing of an earlier document: the form of amendments would.
  @Test(arguments: originals) func anOriginalDoesNotBecomeAnAmendment(_ sample: Sample) throws {
    let translator = try Repository.translator()
    let valid = try translator.valid(try sample.bytes(), sample.profile)
    let form = try translator.profile("sg.tradenet.update")
    #expect(valid.declaration.function == nil)
    #expect(problems { _ = try translator.write(valid, to: form) }.map(\.code) == ["write.amendment"])
    // Said to amend by who knows it to, as an import side does of what it has lodged.
    let amending = valid.declaration.amending
    #expect(amending.function == .changes && amending.amending == amending)
    let written = try translator.write(valid, released: amending, to: form)
    #expect(try translator.validateDraft(written).function == .changes)
    #expect(written.report.entries.first { $0.element == "Declaration.FunctionCode" }?.action == .computed)
    // And the other way round, by who has not seen what is amended.
    #expect(amending.original.function == nil && valid.declaration.original == valid.declaration)
  }

  /// What takes back is not made an amendment.
  @Test func aCancellationDoesNotBecomeAnAmendment() throws {
    let translator = try Repository.translator()
    let bytes = try Repository.bytes("schemas/profiles/edifact.cusdec/d03b/samples/import-cancelled.edi")
    let valid = try translator.valid(bytes, "edifact.cusdec")
    #expect(valid.declaration.function == .takesBack && valid.declaration.amending == valid.declaration)
    let form = try translator.profile("sg.tradenet.update")
    #expect(problems { _ = try translator.write(valid, to: form) }.map(\.code) == ["write.cancellation"])
  }

  // MARK: The way home

  struct Trip {
    let translator: Translator
    let own: ValidDocument
    let there: Translation
    let partner: ValidDocument

    init(_ bytes: [UInt8], _ from: String, _ to: String, replacesDraft: Bool = false) throws {
      translator = try Repository.translator()
      own = try translator.valid(bytes, from)
      there = try translator.write(own, to: try translator.profile(to), options: .init(replacesDraft: replacesDraft))
      partner = try translator.valid(try there.bytes(), to, isDraft: true)
    }

    var complement: Complement {
      get throws { try Complement(json: try JSONValue.parse(try #require(there.complement).serialized())) }
    }

    /// The codes of the refusal; none: one's own document has come back.
    func home(_ complement: Complement, function: String? = nil) throws -> [ErrorCode] {
      var said = partner.declaration
      if let function { said[try #require(said.dictionary[id: "Declaration.FunctionCode"])] = Value(function) }
      return problems {
        let back = try translator.write(
          partner, released: said, to: own.profile, options: .init(complement: complement, makesComplement: false))
        #expect(own.document.differences(from: try translator.parse(try back.bytes(), as: own.profile)) == [])
      }.map(\.code)
    }
  }

  /// Carried there, an amendment comes home from there, and not when the partner has made an original of it.
  @Test(arguments: ["uncefact.xml", "uncefact.json", "edifact.cusdec"]) func anAmendmentComesHome(_ to: String) throws {
    let trip = try Trip(
      try Repository.bytes("schemas/profiles/sg.tradenet.update/4.1/samples/amend-in-payment.xml"), "sg.tradenet.update", to)
    #expect(trip.partner.declaration.function == .changes)
    #expect(try trip.complement.function == nil)
    #expect(try trip.home(try trip.complement) == [])
    #expect(try trip.home(try trip.complement, function: "9") == ["write.amendment"])
    #expect(try trip.home(try trip.complement, function: "1") == ["write.cancellation"])
  }

  /// A draft says that it is an original, as its form has it. With what was kept one's own document still comes home as the amendment that it is;
  /// without, or when the partner says something else, it would be the partner's original that does.
  @Test(arguments: ["sg.tradenet", "my.kastam", "cn.decmessage", "eu.eucdm", "wco.dms"]) func anAmendmentComesHomeFromADraft(_ to: String)
    throws
  {
    let trip = try Trip(
      try Repository.bytes("schemas/profiles/sg.tradenet.update/4.1/samples/amend-in-payment.xml"), "sg.tradenet.update", to,
      replacesDraft: true)
    #expect(trip.partner.declaration.function == nil)
    var complement = try trip.complement
    #expect(complement.function == trip.partner.declaration.functionCode && !complement.isEmpty)
    #expect(try trip.home(complement) == [])
    #expect(try trip.home(complement, function: "13") == ["write.amendment"])
    complement.function = nil
    #expect(try trip.home(complement) == ["write.amendment"])
  }

  /// The same where one's own format has a place for it.
  @Test func aStatedAmendmentComesHomeFromADraft() throws {
    let sample = try Repository.bytes("schemas/profiles/edifact.cusdec/d96b/samples/import-replaced-latin1.edi")
    let trip = try Trip(sample, "edifact.cusdec@d96b", "sg.tradenet", replacesDraft: true)
    #expect(trip.own.declaration.function == .changes)
    #expect(try trip.complement.function == "9")
    #expect(try trip.home(try trip.complement) == [])
  }

  /// What does the same on both sides needs no word.
  @Test(arguments: originals) func anOriginalKeepsNothingOfIt(_ sample: Sample) throws {
    let to = sample.profile == "uncefact.xml" ? "cn.decmessage" : "uncefact.xml"
    #expect(try Trip(try sample.bytes(), sample.profile, to).complement.function == nil)
  }

  /// A matrix of such a form is confirmed by declarations that do what its documents do.
  @Test(arguments: ["cn.decmessage", "my.kastam"]) func theMatrixIsConfirmed(_ from: String) throws {
    let translator = try Repository.translator()
    let matrix = try translator.lossMatrix(
      from: try translator.profile(from), to: try translator.profile("sg.tradenet.update"), declarations: 6)
    #expect(matrix.contradictions == [])
    #expect(matrix.rows.contains { !$0.seen.isEmpty })
  }
}

extension Translator {
  /// What a written draft says, read again from its bytes.
  fileprivate func validateDraft(_ translation: Translation) throws -> Declaration {
    try validate(try parse(try translation.bytes(), as: translation.profile), as: translation.profile, isDraft: true).declaration
  }
}
