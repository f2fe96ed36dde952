import Foundation
import Primitives
import Testing

@testable import Translation

/// A Chinese declaration as text, to be changed in one place.
struct ChineseMessage {
  private(set) var text: String

  static func export() throws -> ChineseMessage { try sample("export-minimal.xml") }
  static func `import`() throws -> ChineseMessage { try sample("import-machine-parts.xml") }
  static func textiles() throws -> ChineseMessage { try sample("export-textiles-12-items.xml") }

  private static func sample(_ name: String) throws -> ChineseMessage {
    ChineseMessage(text: String(decoding: try Sample(profile: "cn.decmessage", name: name).bytes(), as: UTF8.self))
  }

  var bytes: [UInt8] { Array(text.utf8) }

  /// An element of the header with another text; it is put in when it is not there, and taken out for nil.
  func head(_ name: String, _ value: String?) -> ChineseMessage { setting(name, value, in: "DecHead") }

  /// The same in the first goods item.
  func item(_ name: String, _ value: String?) -> ChineseMessage { setting(name, value, in: "DecList") }

  func appending(_ block: String, before end: String) throws -> ChineseMessage {
    var copy = self
    let range = try #require(text.range(of: end))
    copy.text.insert(contentsOf: block, at: range.lowerBound)
    return copy
  }

  private func setting(_ name: String, _ value: String?, in block: String) -> ChineseMessage {
    var copy = self
    guard let start = text.range(of: "<\(block)>"), let end = text.range(of: "</\(block)>", range: start.upperBound..<text.endIndex) else {
      Issue.record("the message has no \(block)")
      return self
    }
    let inside = start.upperBound..<end.lowerBound
    let written = value.map { "<\(name)>\($0)</\(name)>" } ?? ""
    if let open = text.range(of: "<\(name)>", range: inside),
      let close = text.range(of: "</\(name)>", range: open.upperBound..<end.lowerBound)
    {
      copy.text.replaceSubrange(open.lowerBound..<close.upperBound, with: written)
    } else if let empty = text.range(of: "<\(name)/>", range: inside) {
      copy.text.replaceSubrange(empty, with: written)
    } else {
      copy.text.insert(contentsOf: written, at: end.lowerBound)
    }
    return copy
  }

  // MARK: What becomes of it

  func read(on day: String? = nil) throws -> [String: String] { try Repository.translator().valid(bytes, "cn.decmessage", on: day).values }

  func problems(on day: String? = nil) -> [Problem] {
    ConformanceTests.problems { _ = try Repository.translator().valid(bytes, "cn.decmessage", on: day) }
  }

  /// Rules, by id, that refuse the message or warn of it.
  func findings() -> Set<String> {
    do {
      return Set(try Repository.translator().valid(bytes, "cn.decmessage").warnings.compactMap { $0.facts["rule"] })
    } catch let error as CausewayError {
      return Set(error.problems.compactMap { $0.facts["rule"] })
    } catch {
      Issue.record("not one of our errors: \(error)")
      return []
    }
  }

  func translated(to profile: String, complement: Complement? = nil) throws -> Translation {
    try Repository.translator().translate(bytes, "cn.decmessage", profile, complement: complement)
  }
}
