import Declarations
import FoundationEssentials
import Primitives
import Testing
import YAMLTree

@testable import Policy

/// Files of this repository, as the tests read them.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func dictionary() throws -> ElementDictionary {
    try ElementDictionary.load(csv: [UInt8](try Data(contentsOf: root.appending(path: "schemas/canonical/dictionary.csv"))))
  }

  static func yaml(_ path: String) throws -> YAMLNode { try YAMLDocument.load(root.appending(path: path).path) }
}

@Suite struct ReleasePolicyTests {
  let dictionary: ElementDictionary
  init() throws { dictionary = try Repository.dictionary() }

  func policy(allow: String, withhold: String = "") throws -> ReleasePolicy {
    let text = """
      id: test
      version: "1"
      corridor: {from: CN, to: SG}
      purpose: import_clearance
      title: {en: Test, zh: 测试}
      allow: [\(allow)]
      withhold: [\(withhold)]
      """
    return try ReleasePolicy(configuration: YAMLDocument.parse(Array(text.utf8), file: "p.yaml"), dictionary: dictionary)
  }

  func index(_ id: String) throws -> ElementIndex { try #require(dictionary[id: id]) }

  /// A declaration that holds every leaf, each with a value that names it, and two instances of each group.
  func full() throws -> Declaration {
    func fill(_ element: ElementIndex, _ position: String) -> Group {
      var group = Group(element)
      for child in dictionary.children(of: element) {
        if dictionary[child].isGroup {
          for instance in 1...2 { group.append(fill(child, "\(position).\(instance)")) }
        } else {
          group[child] = Value("marker-\(dictionary[child].id)-\(position)", origin: 7, received: "received-\(dictionary[child].id)")
        }
      }
      return group
    }
    return Declaration(root: fill(try #require(dictionary.root(of: "declaration")), "0"), in: dictionary)
  }

  @Test func whatIsNotNamedStaysAtHome() throws {
    let released = try policy(allow: "Declaration.UCR, Origin.CountryCode").release(try full())
    var left: [String] = []
    released.declaration.walk { path, _ in left.append(path.description(in: dictionary)) }
    #expect(left == ["Declaration.UCR", "GoodsItem[1].Origin.CountryCode", "GoodsItem[2].Origin.CountryCode"])
    #expect(released.withheld.count == (try full()).count - 3)
    #expect(
      released.withheld.contains { $0.path.description(in: dictionary) == "TransportEquipment[2].Seal[1].ID" && $0.element == "Seal.ID" })
    #expect(released.policyID == "test" && released.policyVersion == "1" && released.purpose == "import_clearance")
  }

  @Test func nothingOfAWithheldValueIsInWhatLeaves() throws {
    for name in ["cn-sg-clearance", "sg-cn-clearance"] {
      let policy = try ReleasePolicy(configuration: Repository.yaml("schemas/policies/\(name).yaml"), dictionary: dictionary)
      let released = try policy.release(try full())
      released.declaration.walk { path, value in
        #expect(policy.allows(path.element))
        #expect(value.text.hasPrefix("marker-\(dictionary[path.element].id)-"))
        #expect(value.received == nil)
      }
      #expect(released.declaration.count + released.withheld.count == (try full()).count)
      let text = String(describing: released.withheld)
      #expect(!text.contains("marker-") && !text.contains("received-"))
    }
  }

  @Test func theShippedPoliciesWithholdWhatTheyMust() throws {
    for name in ["cn-sg-clearance", "sg-cn-clearance"] {
      let policy = try ReleasePolicy(configuration: Repository.yaml("schemas/policies/\(name).yaml"), dictionary: dictionary)
      #expect(policy.id == name && policy.purpose == "import_clearance" && policy.document == "declaration")
      for id in [
        "Declarant.ID", "Declarant.Name", "Declarant.Telephone", "Agent.ID", "Agent.Name", "Authentication.Signature", "Contract.ID",
        "Payer.Name",
        "EndParty.ID", "DutyTaxFee.Amount",
      ] {
        #expect(!policy.allows(try index(id)), "\(name): \(id)")
      }
      for id in [
        "Declaration.UCR", "Declaration.ID", "Exporter.Name.Local", "Commodity.HS6", "Packaging.Quantity", "Seal.ID",
        "InvoiceLine.ItemChargeAmount",
      ] {
        #expect(policy.allows(try index(id)), "\(name): \(id)")
      }
      #expect(dictionary.elements.filter { $0.isPersonal && policy.allows($0.index) }.isEmpty)
    }
  }

  @Test func shorthandsAreExpanded() throws {
    let byGroup = try policy(allow: "TransportEquipment.*")
    #expect(byGroup.allowed.map { dictionary[$0].id }.contains("Seal.ID"))
    #expect(byGroup.allows(try index("EquipmentItem.SequenceNumeric")))
    let byPrefix = try policy(allow: "Exporter.*", withhold: "{element: Exporter.CustomsID, reason: home}")
    #expect(byPrefix.allows(try index("Exporter.Name.Latin")))
    #expect(!byPrefix.allows(try index("Exporter.CustomsID")))
    #expect(byPrefix.reasons[try index("Exporter.CustomsID")] == "home")
  }

  @Test func personalDataIsAllowedOneByOne() throws {
    let shorthand = try policy(allow: "Declarant.ID, Payer.*")
    #expect(shorthand.allows(try index("Declarant.ID")))
    #expect(shorthand.allows(try index("Payer.ID")))
    #expect(!shorthand.allows(try index("Payer.Name")))
    #expect(try policy(allow: "Payer.Name").allows(try index("Payer.Name")))
  }

  @Test(arguments: [
    ("Nope.X", "", "not known"), ("GoodsItem", "", "is a group"), ("Declaration.*", "", "whole document"), ("Nope.*", "", "no element"),
    ("Contract.ID", "{element: Contract.ID, reason: x}", "allowed and withheld"), ("Contract.ID, Contract.ID", "", "allowed twice"),
    ("Status.Code", "", "not known"), ("Contract.ID", "{element: Nope.X, reason: x}", "not known"), ("*", "", "not known"),
  ])
  func refusesABadPolicy(allow: String, withhold: String, reason: String) {
    let error = #expect(throws: CausewayError.self) { try policy(allow: allow.contains("*") ? "\"\(allow)\"" : allow, withhold: withhold) }
    #expect(error?.code == "policy.invalid")
    #expect(error?.problems.first?.line != nil && error?.problems.first?.pointer == "p.yaml")
    #expect(error?.problems.first?.facts["reason"]?.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func refusesMisspeltKeys() throws {
    let node = try YAMLDocument.parse(Array("id: x\nalow: []\n".utf8), file: "p.yaml")
    let error = #expect(throws: CausewayError.self) { try ReleasePolicy(configuration: node, dictionary: dictionary) }
    #expect(error?.code == "config.yaml_invalid" && error?.problems.first?.line == 2)
  }

  @Test func namesRequiredElementsThatMayNotLeave() throws {
    let policy = try policy(allow: "Declaration.UCR")
    let problems = policy.problems(
      required: ["Contract.ID", "Declaration.UCR", "Commodity.HS6", "GoodsItem", "Contract.ID"], by: "uncefact.xml")
    #expect(problems.map(\.element) == ["Contract.ID", "Commodity.HS6"])
    #expect(problems.allSatisfy { $0.code == "policy.withholds_required" && $0.facts["profile"] == "uncefact.xml" })
    #expect(policy.problems(required: ["Declaration.UCR"], by: "uncefact.xml").isEmpty)
  }

  @Test func aPolicyIsForOneKindOfDocument() throws {
    let policy = try policy(allow: "Declaration.UCR")
    let status = try #require(Declaration("status", in: dictionary))
    #expect(throws: CausewayError("release.other_document")) { try policy.release(status) }
    #expect(throws: CausewayError("release.other_dictionary")) {
      try policy.release(try #require(Declaration(in: try Repository.dictionary())))
    }
    #expect(try policy.release(try #require(Declaration(in: dictionary))).withheld.isEmpty)
  }

  @Test func releasingTwiceGivesTheSame() throws {
    let policy = try policy(allow: "\"GoodsItem.*\", Declaration.UCR")
    let first = try policy.release(try full())
    let second = try policy.release(first.declaration)
    #expect(second.withheld.isEmpty)
    #expect(second.declaration == first.declaration)
  }
}

/// `schemas/canonical/crossing.yaml` against the dictionary.
@Suite struct CrossingTests {
  let dictionary: ElementDictionary
  let crossing: YAMLNode

  init() throws {
    dictionary = try Repository.dictionary()
    crossing = try Repository.yaml("schemas/canonical/crossing.yaml")
  }

  @Test func classifiesEveryLeafOfTheDeclarationOnce() throws {
    let named = try crossing.required("own").strings() + crossing.required("crosses").strings()
    #expect(Set(named).count == named.count)
    let leaves = dictionary.elements(of: "declaration").filter { !$0.isGroup }.map(\.id)
    #expect(Set(named).symmetricDifference(leaves).isEmpty)
  }

  @Test func keepsAtHomeWhatBelongsToTheDeclaringSide() throws {
    let own = Set(try crossing.required("own").strings())
    for id in [
      "Declaration.LRN", "Declaration.OfficeID", "Procedure.CurrentCode", "Commodity.NationalCode", "Declarant.ID", "Agent.ID",
      "Licence.ID",
      "PreviousDocument.ID", "GoodsItem.DutyModeCode", "Valuation.RoyaltyIndicator", "Importer.ID",
    ] {
      #expect(own.contains(id), "\(id)")
    }
    for id in [
      "Commodity.HS6", "Origin.CountryCode", "ItemDestination.CountryCode", "Declaration.UCR", "Exporter.Name.Latin",
      "Consignee.Name.Latin",
      "TransactionQuantity.Value", "TransportEquipment.ID",
    ] {
      #expect(!own.contains(id), "\(id)")
    }
  }

  @Test func derivesFromElementsThatExistAndAreOfTheSameType() throws {
    for rule in try crossing.required("derive").list() {
      try rule.allow(["element", "group", "from", "type", "direction", "action"])
      let source = try #require(dictionary[id: try rule.required("from").string()])
      #expect(["import", "export"].contains(try rule.required("direction").string()))
      if let group = rule["group"] {
        let element = try #require(dictionary[id: try group.string()])
        #expect(dictionary[element].isGroup)
        _ = try rule.required("type").string()
      } else {
        let element = try #require(dictionary[id: try rule.required("element").string()])
        #expect(dictionary[element].type == dictionary[source].type)
      }
    }
  }
}
