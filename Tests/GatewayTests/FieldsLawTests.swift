import Declarations
import Exchange
import Foundation
import Policy
import Primitives
import Testing
import Translation
import Trust
import YAMLTree

@testable import Gateway
@testable import Ledger

/// Sender and receiver come to the same fields root, each by its own way, for everything that is shipped.
@Suite struct FieldsLawTests {
  private static let profiles = Economies.shared.profiles
  private static let secret = HMACKey.random()

  /// Release policies, one a corridor.
  private static let policies: [ReleasePolicy] = {
    let folder = Economies.schemas + "/policies"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix("-clearance.yaml") }.sorted()
    return names.compactMap { name in
      try? ReleasePolicy(configuration: try YAMLDocument.load("\(folder)/\(name)"), dictionary: profiles.dictionary)
    }
  }()

  /// Every valid declaration in the samples of an economy's formats.
  private static func samples(of economy: String) throws -> [(name: String, document: ValidDocument)] {
    let translator = Translator(profiles)
    var found: [(String, ValidDocument)] = []
    for profile in profiles.profiles where profile.document == .declaration && ByteString(profile.economy) == ByteString(economy) {
      let folder = "\(Economies.schemas)/profiles/\(profile.id)/\(profile.version)/samples"
      for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where !name.hasSuffix(".md") {
        let bytes = [UInt8](FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data())
        guard let document = try? translator.parse(bytes, as: profile), let valid = try? translator.validate(document, as: profile) else {
          continue
        }
        found.append(("\(profile.name)/\(name)", valid))
      }
    }
    return found
  }

  private static func receivedRoot(_ bytes: [UInt8], _ wire: Profile) throws -> (root: Digest, tree: FieldTree) {
    let translator = Translator(profiles)
    let valid = try translator.validate(try translator.parse(bytes, as: wire), as: wire, on: "2026-11-21")
    let tree = try valid.declaration.fieldTree(profile: wire.versioned, secret: secret)
    return (tree.root, tree)
  }

  @Test(arguments: ["cn-fr", "cn-gb", "cn-my", "cn-sg", "fr-cn", "fr-sg", "gb-cn", "my-cn", "my-sg", "sg-cn", "sg-fr", "sg-my"])
  func bothSidesComputeTheSameRoot(corridor: String) throws {
    let policy = try #require(Self.policies.first { ByteString($0.id) == ByteString("\(corridor)-clearance") })
    var count = 0
    for (name, document) in try Self.samples(of: policy.from) {
      let released = try policy.release(document.declaration).declaration
      for wire in ["uncefact.xml", "uncefact.json", "wco.dms", "edifact.cusdec"].compactMap({ Self.profiles[$0] }) {
        guard let written = try? Translator(Self.profiles).write(document, released: released, to: wire) else { continue }
        let bytes = try written.bytes()
        guard let received = try? Self.receivedRoot(bytes, wire) else { continue }
        let own = try Translator(Self.profiles).declaration(of: bytes, as: wire).fieldTree(profile: wire.versioned, secret: Self.secret)
        #expect(own.root == received.root, "\(name) as \(wire.name)")
        // The smallest is a request to amend that holds what it changes.
        #expect(own.fields.count >= 5, "\(name)")
        count += 1
      }
    }
    #expect(count > 0)
  }

  /// The root changes with every value: none is left out.
  @Test func everyValueCounts() throws {
    let wire = try #require(Self.profiles["uncefact.xml"])
    let bytes = [UInt8](
      FileManager.default.contents(atPath: "\(Economies.schemas)/profiles/uncefact.xml/d23b/samples/export-cn.xml") ?? Data())
    let declaration = try Translator(Self.profiles).declaration(of: bytes, as: wire)
    let tree = try declaration.fieldTree(profile: wire.versioned, secret: Self.secret)
    #expect(tree.fields.count == declaration.count)
    var index = 0
    try declaration.walk { path, value throws(CausewayError) in
      var changed = declaration
      change(&changed.root, path.steps[...], path.element, to: value.text + "x")
      let other = try changed.fieldTree(profile: wire.versioned, secret: Self.secret)
      #expect(other.root != tree.root)
      #expect(tree.fields[index].element == declaration.dictionary.id(of: path.element))
      #expect(tree.fields[index].place == path.steps.map { $0.position + 1 })
      index += 1
    }
    // Empty and null are different things to say.
    let lrn = try #require(declaration.dictionary[id: "Declaration.LRN"])
    var roots: Set<Digest> = [tree.root]
    for value in [Value(""), .null(), nil] {
      var changed = declaration
      changed[lrn] = value
      roots.insert(try changed.fieldTree(profile: wire.versioned, secret: Self.secret).root)
    }
    #expect(roots.count == 4)
  }

  /// Mandatory is what the dictionary requires in a group that is there, or that is required itself.
  @Test func mandatoryElementsAreThoseOfTheDictionary() throws {
    let wire = try #require(Self.profiles["uncefact.xml"])
    let bytes = [UInt8](
      FileManager.default.contents(atPath: "\(Economies.schemas)/profiles/uncefact.xml/d23b/samples/export-cn.xml") ?? Data())
    var declaration = try Translator(Self.profiles).declaration(of: bytes, as: wire)
    func element(_ id: String) throws -> FieldContents.Element? {
      try declaration.fieldTree(profile: wire.versioned, secret: Self.secret).contents.elements.first { $0.id == id }
    }
    let dictionary = declaration.dictionary
    let (lrn, equipment) = (try #require(dictionary[id: "Declaration.LRN"]), try #require(dictionary[id: "TransportEquipment"]))
    #expect(try element("Declaration.LRN")?.isMandatory == true)
    #expect(try element("Declaration.LRN")?.count == 1)
    #expect(try element("Declaration.UCR")?.isMandatory == false)
    #expect(try element("TransportEquipment.ID").map { $0.isMandatory && $0.count == declaration.root.count(equipment) } == true)
    // Without the required value it is told as missing; without the optional group nothing is asked of it.
    declaration[lrn] = nil
    declaration.root.setGroups(equipment, [])
    #expect(try element("Declaration.LRN").map { $0.isMandatory && $0.count == 0 } == true)
    #expect(try element("TransportEquipment.ID") == nil)
    // An import declaration is asked for other things.
    let type = try #require(dictionary[id: "Declaration.TypeCode"])
    declaration[type] = Value("IM")
    let required = dictionary.elements(of: .declaration).filter { !$0.isGroup && $0.group == declaration.root.element }
    for found in required where found.import.isRequired != found.export.isRequired {
      #expect(try element(found.id)?.isMandatory ?? false == found.import.isRequired, "\(found.id)")
    }
  }

  private func change(_ group: inout Group, _ steps: ArraySlice<ElementPath.Step>, _ element: ElementIndex, to text: String) {
    guard let step = steps.first else {
      group[element] = Value(text)
      return
    }
    group.modify(step.group, at: step.position) { change(&$0, steps.dropFirst(), element, to: text) }
  }
}
