import Formats
import Foundation
import Primitives
import Testing

/// Messages of the Union's transit system that are published both as XML and as JSON: what says the same is the same tree of a document.
///
/// Of the published pairs most say different things: the JSON was filled in by another hand. So a pair is compared twice: the names of the tree,
/// and the texts. The examples are not part of this repository. They are looked for beside it, or in `CAUSEWAY_SHARED`.
@Suite struct TwinTests {
  static let folder = Repository.shared.appending(path: "samples/eu-ncts/samples")

  /// Names without their endings of messages that are there in both syntaxes.
  static let pairs: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    if names.isEmpty { Repository.note("../shared/samples/eu-ncts is absent") }
    let stems = Set(names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
    return names.filter { $0.hasSuffix(".xml") }.map { String($0.dropLast(4)) }.filter(stems.contains).sorted()
  }()

  /// A node whatever its syntax. JSON says an attribute by `@`, the root's name as its only member with a prefix, and keeps no order among members
  /// of different names; an array is the repetition of an element, and an empty one nothing.
  struct Node: Equatable {
    let name: String
    var text: String?
    var children: [Node]

    init(_ document: Document, _ id: Document.NodeID) {
      let isAttribute = document.kind(id) == .attribute
      name = (isAttribute ? "@" : "") + (document.name(id).split(separator: ":").last.map(String.init) ?? "")
      let inner = document.children(id).map { Node(document, $0) }
      // White space between child elements is none of the text; an element without either is an empty text.
      let held = document.text(id).map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      text = inner.contains { !$0.name.hasPrefix("@") } || document.isNull(id) ? nil : held ?? ""
      children = inner.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(\.element)
    }

    /// What is left of it without its texts.
    var names: Node {
      var bare = self
      bare.text = nil
      bare.children = children.map(\.names)
      return bare
    }

    /// Texts in order, by the same order of nodes.
    var texts: [String] { (text.map { [$0] } ?? []) + children.flatMap(\.texts) }
  }

  static func trees(_ pair: String) throws -> (xml: Node, json: Node) {
    func bytes(_ ending: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: pair + ending))) }
    let xml = try XMLFormat.parse(try bytes(".xml"))
    let json = try JSONFormat.parse(try bytes(".json"))
    let message = try #require(json.children(json.root).map { $0 }.first)
    return (Node(xml, xml.root), Node(json, message))
  }

  @Test(.enabled(if: !pairs.isEmpty))  // the examples are not part of this repository
  func whatSaysTheSameIsTheSameTree() throws {
    var (same, alike, texts, differing) = ([String](), [String](), 0, 0)
    for pair in Self.pairs {
      let (xml, json) = try Self.trees(pair)
      #expect(xml.name == json.name)
      if xml == json { same.append(pair) }
      guard xml.names == json.names else { continue }
      alike.append(pair)
      let (left, right) = (xml.texts, json.texts)
      #expect(left.count == right.count, "\(pair)")
      texts += left.count
      differing += zip(left, right).count { $0 != $1 }
    }
    print(
      "transit messages in both syntaxes: \(Self.pairs.count); \(alike.count) have one tree, \(same) with all texts; \(texts) texts, \(differing) differ"
    )
    #expect(same == ["cc044c-invalid", "cc044c-valid"])
    #expect(alike.count == 14)
  }
}
