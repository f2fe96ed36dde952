import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import Synchronization
import Testing

@testable import Translation

/// Every declaration among the published examples of the United Kingdom's customs: to the hub, and with its complement back. Without it, what
/// the loss matrix calls lossless comes back by itself.
///
/// *The same* leaves out five things, and nothing else:
/// 1. prefixes, and on which element a namespace is declared: names are equal by namespace and local name (Namespaces in XML);
/// 2. comments: they are no content;
/// 3. white space between elements: it is layout, the schema has no mixed content;
/// 4. `xsi:schemaLocation`: a hint about where the sender's schema lies, which is never followed;
/// 5. the wrapper `submitDeclarationRequest` of 9 examples: it is the transport's, and taken off before.
///
/// The examples are not part of this repository. They are looked for beside it, or in `CAUSEWAY_SHARED`.
@Suite struct CorpusTests {
  static let folder = Repository.shared.appending(path: "samples/uk-cds")

  static let files: [String] = {
    guard let found = FileManager.default.enumerator(atPath: folder.path) else {
      Repository.note("../shared/samples/uk-cds is absent")
      return []
    }
    return found.compactMap { $0 as? String }.filter { $0.hasSuffix(".xml") }.sorted()
  }()

  enum Outcome: Hashable {
    case equal, malformed, another
    case wrong(String)
  }

  /// What the envelope of older examples holds: `submitDeclarationRequest/requestDetail` around the declaration. Its namespace declarations go
  /// with the part that is taken out.
  static func unwrapped(_ bytes: [UInt8]) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let root = text.firstMatch(of: #/<(?:\w+:)?submitDeclarationRequest\b([^>]*)>/#),
      let open = text.firstMatch(of: #/<((?:\w+:)?MetaData)\b/#), let close = text.ranges(of: "</\(open.1)>").last
    else { return bytes }
    let part = text[open.range.lowerBound..<close.upperBound]
    let head = part.prefix { $0 != ">" }
    let missing = root.1.matches(of: #/xmlns:(\w+)="[^"]*"/#).filter { !head.contains("xmlns:\($0.1)=") }.map { " " + $0.0 }.joined()
    return Array((part.prefix(open.0.count) + missing + part.dropFirst(open.0.count)).utf8)
  }

  static func trip(_ bytes: [UInt8]) throws -> Outcome {
    let translator = try Repository.translator()
    let (profile, hub) = (try translator.profile("wco.dms"), try translator.profile("uncefact.xml"))
    let document: Document
    do {
      document = try translator.parse(unwrapped(bytes), as: profile)
    } catch {
      // Refused with its place.
      return error.problems.first?.line == nil ? .wrong("\(error.code) without a line") : .malformed
    }
    guard document.name(document.root) == "MetaData", document.find("Declaration") != nil, document.find("Response") == nil else {
      return .another
    }
    var outcome = Outcome.another
    for direction in [Direction.import, .export] {
      do {
        let valid = try translator.validate(document, as: profile, direction: direction)
        guard valid.reading.direction == direction else { continue }
        let there = try translator.write(valid, to: hub)
        let partner = try translator.validate(try translator.parse(try there.bytes(), as: hub), as: hub, isDraft: true)
        let complement = try Complement(json: try JSONValue.parse(try #require(there.complement).serialized()))
        let back = try translator.write(partner, to: profile, options: .init(complement: complement, makesComplement: false))
        let differences = document.differences(from: try translator.parse(try back.bytes(), as: profile))
        if !differences.isEmpty { return .wrong("\(differences.prefix(2))") }
        if names(of: document) != names(of: back.document) { return .wrong("the order is another") }
        if let why = try bare(valid, there, partner, document) { return .wrong(why) }
        if !there.report.unmentionedSourceLeaves.isEmpty { return .wrong("the report is silent") }
        outcome = .equal
      } catch let error as CausewayError {
        return .wrong("\(error.problems.prefix(2).map { "\($0.code) \($0.pointer ?? "")" })")
      }
    }
    return outcome
  }

  /// Names in document order; the one attribute of item 4 is none of them.
  private static func names(of document: Document) -> [String] {
    (0..<Int32(document.count)).map { Document.NodeID(index: $0) }.filter {
      document.namespace($0) != "http://www.w3.org/2001/XMLSchema-instance"
    }.map(document.name)
  }

  /// Back without the complement; of it only what names the side that the original was on.
  ///
  /// - Returns: which element did not come back although it is lossless.
  private static func bare(_ valid: ValidDocument, _ there: Translation, _ partner: ValidDocument, _ document: Document) throws -> String? {
    let translator = try Repository.translator()
    let complement = try #require(there.complement)
    let empty = Complement(
      profile: complement.profile, direction: complement.direction, economy: complement.economy, shape: complement.shape, namespace: nil,
      counts: [], orders: [], entries: [])
    let back = try translator.write(partner, to: valid.profile, options: .init(complement: empty, makesComplement: false))
    let read = Reader.read(try BoundDocument(back.document, to: valid.profile.structure), profile: valid.profile, variant: valid.plan)
    // A condition of a row that came true is in the report.
    let touched = there.report.entries.filter { ![.copied, .converted, .implied, .computed].contains($0.action) }.compactMap(\.element)
    let lossless = try lossless(valid.reading.direction).subtracting(touched)
    func values(_ declaration: Declaration) -> [String: [String]] {
      var values: [String: [String]] = [:]
      declaration.walk { path, value in
        let id = valid.profile.dictionary[path.element].id
        if value.isFilled, lossless.contains(id) { values[id, default: []].append(value.text) }
      }
      return values
    }
    let (left, right) = (values(valid.declaration), values(read.declaration))
    for (id, texts) in left {
      Self.compared.withLock { $0 += texts.count }
      if right[id] != texts { return "\(id) is lossless and does not come back: \(texts.count) values, then \(right[id]?.count ?? 0)" }
    }
    return nil
  }

  static let compared = Mutex(0)

  /// Elements that the matrix calls carried or converted without loss: all their values, unless a condition of the row says otherwise.
  static func lossless(_ direction: Direction?) throws -> Set<String> {
    let translator = try Repository.translator()
    let (profile, hub) = (try translator.profile("wco.dms"), try translator.profile("uncefact.xml"))
    let plan = try #require(hub.plan.plan(Variant(direction: direction, shape: nil)))
    let rows = LossAnalysis(source: profile, target: hub, plan: plan, library: translator.library, withheld: []).rows()
    return Set(rows.filter { $0.class == .carried || $0.class == .converted }.compactMap(\.element))
  }

  @Test(.enabled(if: !files.isEmpty))  // the examples are not part of this repository
  func everyDeclarationComesBack() throws {
    var counts: [String: Int] = [:]
    for file in Self.files {
      let outcome = try Self.trip([UInt8](try Data(contentsOf: Self.folder.appending(path: file))))
      switch outcome {
      case .equal: counts["equal", default: 0] += 1
      case .malformed: counts["malformed", default: 0] += 1
      case .another: counts["another message", default: 0] += 1
      case .wrong(let why): Issue.record("\(file): \(why)")
      }
    }
    print("United Kingdom's examples: \(counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))")
    // All 178 declarations of the examples, less two that are no XML.
    #expect(counts["equal"] == 176)
    #expect(counts["malformed"] == 2)
    let compared = Self.compared.withLock { $0 }
    print(
      "lossless without their complement: \(compared) values of \(try Self.lossless(.import).union(Self.lossless(.export)).count) elements")
    #expect(compared > 6000)
  }
}
