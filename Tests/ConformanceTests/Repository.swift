import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// The repository's own dictionary, code lists and profiles, loaded once, and the samples that stand beside them.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let shared =
    ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"].map { URL(filePath: $0) }
    ?? root.deletingLastPathComponent().appending(path: "shared")

  static let library: Result<ProfileLibrary, CausewayError> = {
    do throws(CausewayError) { return .success(try ProfileLibrary.load(root.path + "/schemas")) } catch { return .failure(error) }
  }()

  /// Every profile that is there, the default version of each; none when the library does not load, which tests report that ask for it.
  static let profiles: [Profile] = {
    guard let library = try? library.get() else { return [] }
    return library.profiles.filter { library[$0.id] === $0 }
  }()
  /// Names of the versions that have to be named.
  static let versions: [String] = {
    guard let library = try? library.get() else { return [] }
    return library.profiles.filter { library[$0.id] !== $0 }.map(\.name)
  }()

  /// The name that stands for a profile: its id where that is enough.
  static func name(_ profile: Profile) -> String { versions.contains(profile.name) ? profile.name : profile.id }

  /// The two syntaxes of the hub.
  static let hub = ["uncefact.xml", "uncefact.json"]
  /// Ids of all other formats of declarations: a new profile is tested by being there.
  static let national = profiles.filter(\.document.hasDirection).map(\.id).filter { !hub.contains($0) }
  /// Those among them that have no greater number of generated documents of their own.
  static let further = national.filter { $0 != "cn.decmessage" && $0 != "sg.tradenet" }
  /// The ways from each of them, and from each sample: through both syntaxes of the hub, and through a format of another economy.
  static let ways = hub + ["national"]

  /// The profile at the end of a way.
  static func end(of way: String, from profile: String) -> String {
    way != "national" ? way : profile == "cn.decmessage" ? "sg.tradenet" : "cn.decmessage"
  }

  static func translator() throws -> Translator { Translator(try library.get()) }

  static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: root.appending(path: path))) }

  /// A set-up that was left half done must not look like a pass.
  static func note(_ text: String) { print("not run: \(text)") }
}

/// A sample of a profile, by file name.
struct Sample: Sendable, Hashable, CustomTestStringConvertible {
  let profile: String
  let name: String

  var testDescription: String { "\(profile) \(name)" }
  func bytes() throws -> [UInt8] { try Repository.bytes("\(Self.folder(profile))/\(name)") }

  private static func folder(_ profile: String) -> String {
    let found = (try? Repository.library.get())?[profile]
    return "schemas/profiles/\(found?.id ?? profile)/\(found?.version ?? "")/samples"
  }

  /// Every document in the samples folder of a profile: a new sample is tested without being named here.
  static func all(_ profile: String) -> [Sample] {
    let folder = Repository.root.appending(path: folder(profile)).path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasSuffix(".md") && !$0.hasPrefix(".") }.sorted().map { Sample(profile: profile, name: $0) }
  }

  static let national = Repository.national.flatMap(all)
  static let hub = Repository.hub.flatMap(all)
  static let edifact = all("edifact.cusdec")
}

extension Translator {
  /// The way of `causeway validate`: bytes, document, evidence.
  func valid(_ bytes: [UInt8], _ name: String, on day: String? = nil, isDraft: Bool = false) throws -> ValidDocument {
    let profile = try profile(name)
    return try validate(try parse(bytes, as: profile), as: profile, on: day, isDraft: isDraft)
  }

  /// The way of `causeway translate`.
  func translate(
    _ bytes: [UInt8], _ from: String, _ to: String, complement: Complement? = nil, shape: String? = nil, replacesDraft: Bool = false
  ) throws -> Translation {
    try translate(
      bytes, from: try profile(from), to: try profile(to),
      options: Options(shape: shape, complement: complement, makesComplement: complement == nil, replacesDraft: replacesDraft))
  }
}

extension ValidDocument {
  /// Filled values by their place, such as `GoodsItem[1].Origin.CountryCode`.
  var values: [String: String] {
    var values: [String: String] = [:]
    declaration.walk { path, value in if value.isFilled { values[path.description(in: profile.dictionary)] = value.text } }
    return values
  }
}

extension Translation {
  /// Text of the first node down a path of names.
  func text(_ path: String...) -> String? {
    var node = document.root
    for name in path {
      let found = name.hasPrefix("@") ? document.attribute(String(name.dropFirst()), of: node) : document.first(name, of: node)
      guard let found else { return nil }
      node = found
    }
    return document.text(node)
  }

  /// Entries of the report that start at the end of a source pointer.
  func entries(from suffix: String) -> [TranslationReport.Entry] { report.entries.filter { $0.source?.hasSuffix(suffix) ?? false } }

  func asked(_ suffix: String) -> SupplementRequest.Item? { supplement.items.first { $0.path.hasSuffix(suffix) } }
}

/// Does what is done with a sample, unless a national format refuses it: for too many items, or because it takes a declaration back. Both have
/// tests of their own.
func unlessRefused(_ way: String, _ body: () throws -> Void) throws {
  do { try body() } catch let error as CausewayError {
    guard way == "national", error.problems.allSatisfy({ ["write.item_limit", "write.cancellation"].contains($0.code) }) else {
      throw error
    }
  }
}

/// The problems that a call throws; none when it does not.
func problems(_ body: () throws -> Void) -> [Problem] {
  do {
    try body()
    return []
  } catch let error as CausewayError {
    return error.problems
  } catch {
    Issue.record("not one of our errors: \(error)")
    return []
  }
}
