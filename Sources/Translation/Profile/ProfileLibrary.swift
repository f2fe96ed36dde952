package import Declarations
import Formats
import FoundationEssentials
package import Primitives
package import YAMLTree

/// All profiles of a `schemas` folder with what they share: the dictionary, the code lists, the rules of crossing and splitting, the editions of
/// commodity codes, the defaults of corridors.
package struct ProfileLibrary: Sendable {
  package let dictionary: ElementDictionary
  package let codes: CodeLibrary
  package let profiles: [Profile]
  let crossing: Crossing
  let splitting: SplittingRules
  let editions: HSEditions
  let defaults: [CorridorDefaults]

  /// The version `id@version` of a profile; for an id alone its only version, or the one that says `default: true`.
  package subscript(_ name: String) -> Profile? {
    profiles.first { $0.name.hasSameBytes(as: name) } ?? versions(name).first(where: \.isDefault) ?? versions(name).first
  }

  /// The profile of a document: where the name leaves the version open, the one that the document names itself — an EDIFACT interchange in
  /// S009 of its first message, another document in an attribute of its root; the default when it names none of them.
  ///
  /// - Complexity: O(bytes) when there are several versions.
  package subscript(_ name: String, for bytes: [UInt8]) -> Profile? {
    let versions = versions(name)
    guard versions.count > 1, let profile = self[name] else { return self[name] }
    guard profile.syntax == .edifact else {
      guard let document = try? Translator(self).parse(bytes, as: profile) else { return profile }
      return version(name, statedBy: document) ?? profile
    }
    guard let message = EDIFACTFormat.read(bytes).envelope.messages.first else { return profile }
    return versions.first { $0.syntax == .edifact && $0.structure.isOfMessage(message.identifier) } ?? profile
  }

  /// The version that a document names in an attribute of its root, where the name leaves the version open; nil when it names none.
  func version(_ name: String, statedBy document: Document) -> Profile? {
    let versions = versions(name)
    return versions.count > 1 ? versions.first { $0.structure.isStated(by: document) } : nil
  }

  private func versions(_ id: String) -> [Profile] { profiles.filter { $0.id.hasSameBytes(as: id) } }

  /// Ids of several versions of which not exactly one is the default: names of folders have no order that could decide.
  static func undecided(_ profiles: [Profile]) -> [String] {
    Dictionary(grouping: profiles) { ByteString($0.id) }.filter { $0.value.count > 1 && $0.value.count(where: \.isDefault) != 1 }.keys
      .sorted().map(\.description)
  }

  /// What a corridor's receiver takes for absent values; nil: nothing was agreed.
  func defaults(from: String, to: String) -> CorridorDefaults? {
    defaults.first { $0.from.hasSameBytes(as: from) && $0.to.hasSameBytes(as: to) }
  }

  /// Loads `<folder>/canonical`, `<folder>/codelists`, `<folder>/profiles/<id>/<version>` and `<folder>/defaults`.
  ///
  /// - Throws: `config.*` and `profile.*` problems of all files at once, each with file, line and reason. A bad profile is refused, not skipped.
  package static func load(_ folder: String) throws(CausewayError) -> ProfileLibrary {
    guard let csv = FileManager.default.contents(atPath: folder + "/canonical/dictionary.csv") else {
      throw CausewayError("config.file_unreadable", pointer: folder + "/canonical/dictionary.csv")
    }
    let dictionary = try ElementDictionary.load(csv: [UInt8](csv), file: folder + "/canonical/dictionary.csv")
    let codes = try CodeLibrary.load(folder: folder + "/codelists")
    let crossing = try Crossing.load(try YAMLDocument.load(folder + "/canonical/crossing.yaml"), dictionary: dictionary)
    let splitting = try SplittingRules.load(try YAMLDocument.load(folder + "/canonical/splitting.yaml"), dictionary: dictionary)
    let editions = try HSEditions.load(try YAMLDocument.load(folder + "/canonical/hs-editions.yaml"), dictionary: dictionary)
    var problems: [Problem] = []
    var profiles: [Profile] = []
    for id in Self.folders(folder + "/profiles") {
      for version in Self.folders(folder + "/profiles/" + id) {
        do throws(CausewayError) {
          let profile = try load(profile: "\(folder)/profiles/\(id)/\(version)", dictionary: dictionary, codes: codes)
          guard profile.id == id, profile.version == version else {
            throw CausewayError(
              "profile.invalid", pointer: "\(folder)/profiles/\(id)/\(version)/profile.yaml", line: 1,
              facts: ["reason": "id and version are not those of the folder"])
          }
          profiles.append(profile)
        } catch { problems += error.problems }
      }
    }
    problems += undecided(profiles).map { id in
      Problem(
        "profile.invalid", pointer: "\(folder)/profiles/\(id)",
        facts: ["reason": "of several versions exactly one says default: true"])
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    var defaults: [CorridorDefaults] = []
    for file in Self.files(folder + "/defaults") {
      do throws(CausewayError) {
        defaults.append(
          try CorridorDefaults.load(
            try YAMLDocument.load("\(folder)/defaults/\(file).yaml"), id: file, dictionary: dictionary, codes: codes, profiles: profiles))
      } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return ProfileLibrary(
      dictionary: dictionary, codes: codes, profiles: profiles, crossing: crossing, splitting: splitting, editions: editions,
      defaults: defaults)
  }

  /// Loads one profile folder.
  ///
  /// - Throws: as `load(_:)`.
  package static func load(profile folder: String, dictionary: ElementDictionary, codes: CodeLibrary) throws(CausewayError) -> Profile {
    let head = try YAMLDocument.load(folder + "/profile.yaml")
    func file(_ key: String) throws(CausewayError) -> YAMLNode { try YAMLDocument.load(folder + "/" + (try head.required(key).string())) }
    return try Profile.make(
      head: head, structure: try Extension.resolved(try file("structure"), .structure),
      mapping: try Extension.resolved(try file("mapping"), .mapping), rules: head["rules"] == nil ? nil : try file("rules"),
      dictionary: dictionary, codes: codes)
  }

  /// Names of the YAML files of a folder, without their ending; none when there is no folder.
  private static func files(_ path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") && $0.utf8.first != 0x2E }.map { String($0.dropLast(5)) }.sorted()
  }

  private static func folders(_ path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { name in
      var isFolder: Bool = false
      return name.utf8.first != 0x2E && FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder) && isFolder
    }.sorted()
  }
}

extension Profile {
  /// Builds a profile from its parsed files.
  package static func make(
    head: YAMLNode, structure: YAMLNode, mapping: YAMLNode, rules: YAMLNode?, dictionary: ElementDictionary, codes: CodeLibrary
  ) throws(CausewayError) -> Profile {
    try head.allow(
      [
        "id", "version", "document", "economy", "title", "syntax", "encodings", "empties", "order", "unknown", "nulls", "itemLimit",
        "structure",
        "mapping",
        "rules", "default",
      ])
    let document = DocumentKind(rawValue: try head["document"]?.string() ?? DocumentKind.declaration.rawValue)
    guard dictionary.root(of: document) != nil else {
      throw (head["document"] ?? head).error("the dictionary has no document kind \(document)")
    }
    let known = document.hasDirection ? KnownElements(dictionary) : nil
    guard known != nil || !document.hasDirection else {
      throw head.error("the dictionary lacks Declaration.TypeCode or Declaration.EconomyCode")
    }
    guard let syntax = Document.Syntax(rawValue: try head.required("syntax").string()) else {
      throw head.error("syntax is xml, json or edifact")
    }
    var encodings: [TextEncoding] = []
    for name in try head["encodings"]?.strings() ?? ["utf-8"] {
      guard let encoding = TextEncoding(rawValue: name) else { throw head.error("the encoding \(name) is not known") }
      encodings.append(encoding)
    }
    func choice(_ key: String, _ words: [String]) throws(CausewayError) -> Int {
      guard let node = head[key] else { return 0 }
      guard let index = words.firstIndex(of: try node.string()) else { throw node.error("\(key) is \(words.joined(separator: " or "))") }
      return index
    }
    let tree = try StructureLoader.load(structure, syntax: syntax) { codes.list($0) }
    let nullMark = try head["nulls"]?.string()
    if let nullMark, let node = head["nulls"] {
      guard syntax == .xml, XMLFormat.isName(nullMark) else { throw node.error("nulls is the name of an element, of XML only") }
      guard !tree.nodes.contains(where: { !$0.isAttribute && $0.goes(by: nullMark) }) else {
        throw node.error("\(nullMark) marks a null and is an element of the structure")
      }
    }
    let grammar = syntax == .edifact ? try tree.messageGrammar() : nil
    var problems: [Problem] = []
    var plan: MappingPlan?
    var compiled: [Rule] = []
    do throws(CausewayError) {
      plan = try MappingCompiler.compile(mapping, kind: document, structure: tree, dictionary: dictionary, codes: codes)
    } catch {
      problems += error.problems
    }
    do throws(CausewayError) {
      compiled =
        try rules.map { rules throws(CausewayError) in
          try RuleLoader.load(rules, kind: document, dictionary: dictionary, structure: tree, plan: plan, codes: codes)
        } ?? []
    } catch { problems += error.problems }
    guard let plan, problems.isEmpty else { throw CausewayError(problems: problems) }
    return Profile(
      id: try head.required("id").string(), version: try head.required("version").string(), document: document,
      economy: try head.required("economy").string(),
      en: try head["title"]?.required("en").string() ?? "", zh: try head["title"]?.required("zh").string() ?? "", syntax: syntax,
      encodings: encodings,
      empties: try choice("empties", ["omit", "keep"]) == 1 ? .keep : .omit, isOrderFree: try choice("order", ["strict", "free"]) == 1,
      keepsUnknown: try choice("unknown", ["refuse", "keep"]) == 1, nullMark: nullMark, itemLimit: try head["itemLimit"]?.integer() ?? .max,
      dictionary: dictionary,
      codes: codes, structure: tree, grammar: grammar, plan: plan, rules: compiled, known: known,
      isDefault: try head["default"]?.flag() ?? false)
  }
}
