import Exchange
import Foundation
import Gateway
import Glibc
import JSONTree
import Primitives
import Trust

/// The rule sets of a gateway: a folder for each below `rules` in the gateway's data folder, named by the digest of its manifest.
///
/// ```
/// rules/<digest>/set.json       {"files":{"registry.json":"<SHA-256>","schemas/…":"<SHA-256>",…},"v":1}, canonical JSON
/// rules/<digest>/registry.json
/// rules/<digest>/schemas/…      canonical, codelists, profiles, policies, defaults
/// rules/active                  link to the one that holds, for commands; the journal is what counts
/// ```
struct RuleSetFolder: RuleSets {
  private let configuration: GatewayConfiguration
  let configured: Digest
  private let transport: @Sendable (GatewayRules) -> any PartnerTransport

  /// What of a folder of schemas rules are made of.
  private static let parts = ["canonical", "codelists", "defaults", "policies", "profiles"]

  /// - Parameter configuration: as it stands in its file.
  /// - Throws: `config.*`: the files that it names cannot be read.
  init(
    _ configuration: GatewayConfiguration, transport: @escaping @Sendable (GatewayRules) -> any PartnerTransport
  ) throws(CausewayError) {
    self.configuration = configuration
    self.transport = transport
    configured = try Self.set(try Files.schemas(configuration.schemas), registry: configuration.registry.document).digest
  }

  static func folder(_ configuration: GatewayConfiguration) -> String { configuration.data + "/rules" }
  static func link(_ configuration: GatewayConfiguration) -> String { folder(configuration) + "/active" }

  func staged() -> [Digest] { Self.staged(configuration) }

  static func staged(_ configuration: GatewayConfiguration) -> [Digest] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder(configuration))) ?? []
    return names.sorted().compactMap { Digest(hex: $0) }
  }

  func load(_ set: Digest) throws(CausewayError) -> GatewayRules { try Self.load(set, configuration) }

  static func load(_ set: Digest, _ configuration: GatewayConfiguration) throws(CausewayError) -> GatewayRules {
    let path = folder(configuration) + "/" + set.hex
    guard Files.exists(path + "/set.json") else { throw CausewayError("config.rule_set_missing", pointer: path) }
    guard try Self.set(path + "/schemas", registry: path + "/registry.json").digest == set else {
      throw CausewayError("config.rule_set_altered", pointer: path)
    }
    return try Composition.rules(configuration, schemas: path + "/schemas", registry: path + "/registry.json", set: set)
  }

  func partners(_ rules: GatewayRules) -> any PartnerTransport { transport(rules) }

  func show(_ active: Digest?) {
    let link = Self.link(configuration)
    guard let active else { return Files.remove(link) }
    let new = link + ".new"
    Files.remove(new)
    if symlink(active.hex, new) == 0 { rename(new, link) }
  }

  // MARK: Staging

  /// The files of a set, and the manifest that names it.
  private struct Content {
    /// Paths within the set, and where each file lies.
    let files: [(path: String, source: String)]
    let manifest: [UInt8]

    var digest: Digest { SHA256.hash(manifest) }
  }

  /// - Throws: `config.file_missing`.
  private static func set(_ schemas: String, registry: String) throws(CausewayError) -> Content {
    var files = [(path: "registry.json", source: registry)]
    for part in parts { collect(schemas, part, &files) }
    let digests = try files.map { file throws(CausewayError) in (file.path, JSONValue.string(SHA256.hash(try Files.read(file.source)).hex))
    }
    return Content(files: files, manifest: try JSONValue.object(["v": 1, "files": .object(JSONObject(digests))]).canonical())
  }

  /// Files below a folder, those whose names begin with a dot apart.
  private static func collect(_ schemas: String, _ path: String, _ files: inout [(path: String, source: String)]) {
    let place = schemas + "/" + path
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else { return files.append((path: "schemas/" + path, source: place)) }
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).sorted() where name.utf8.first != 0x2E {
      collect(schemas, path + "/" + name, &files)
    }
  }

  /// Copies a set into its place, after everything in it was found right. One that is there is looked at again and left as it is.
  ///
  /// - Throws: what is wrong with the set; `config.rule_set_altered`, `config.file_unwritable`.
  static func stage(_ configuration: GatewayConfiguration, schemas: String, registry: String) throws(CausewayError) -> GatewayRules {
    let content = try set(schemas, registry: registry)
    let path = folder(configuration) + "/" + content.digest.hex
    if Files.exists(path) { return try load(content.digest, configuration) }
    let draft = folder(configuration) + "/.staging-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: draft) }
    var folders: Set<String> = [draft]
    for file in content.files {
      let copy = draft + "/" + file.path
      try Files.write(try Files.read(file.source), to: copy)
      try Files.sync(copy)
      folders.insert(URL(filePath: copy).deletingLastPathComponent().path())
    }
    try Files.write(content.manifest, to: draft + "/set.json")
    try Files.sync(draft + "/set.json")
    for folder in folders { try Files.sync(folder) }
    // The copy is what counts, not what lay there when it was begun.
    guard try set(draft + "/schemas", registry: draft + "/registry.json").digest == content.digest else {
      throw CausewayError("config.rule_set_altered", pointer: draft)
    }
    let rules = try Composition.rules(
      configuration, schemas: draft + "/schemas", registry: draft + "/registry.json", set: content.digest)
    do {
      try FileManager.default.moveItem(atPath: draft, toPath: path)
    } catch {
      throw CausewayError("config.file_unwritable", pointer: path, underlying: String(describing: error))
    }
    try Files.sync(folder(configuration))
    return rules
  }
}
