import Declarations
import Primitives
import YAMLTree

/// Which edition of the Harmonized System an economy's tariff follows on a day (`schemas/canonical/hs-editions.yaml`).
struct HSEditions: Sendable {
  /// A code list's name for the system: `hs@2022` is an edition.
  let list: String
  /// The international digits.
  let element: ElementIndex
  /// The declaration's own day.
  let date: ElementIndex
  /// By economy: first days, ascending.
  private let periods: [ByteString: [(edition: String, from: String)]]

  /// Two editions that one code is read by.
  struct Difference: Hashable, Sendable {
    let list: String
    let source: String
    let target: String
  }

  /// - Throws: `config.*` and `profile.invalid` with file, line and reason: an element that is not known, a day that is none, editions out of order.
  static func load(_ root: YAMLNode, dictionary: ElementDictionary) throws(CausewayError) -> HSEditions {
    try root.allow(["list", "element", "date", "economies"])
    func element(_ key: String) throws(CausewayError) -> ElementIndex {
      let node = try root.required(key)
      guard let index = dictionary[id: try node.string()], !dictionary[index].isGroup else {
        throw node.error("the dictionary has no such element")
      }
      return index
    }
    var periods: [ByteString: [(edition: String, from: String)]] = [:]
    for economy in try root.required("economies").members() {
      var list: [(edition: String, from: String)] = []
      for member in try economy.value.members() {
        let day = try member.value.string()
        guard CivilTime(canonical: day)?.canonical == day, day.utf8.count == 10 else { throw member.value.error("\(day) is no day") }
        if let last = list.last, !last.from.utf8.lexicographicallyPrecedes(day.utf8) {
          throw member.value.error("the edition \(member.key) does not come after \(last.edition)")
        }
        list.append((edition: member.key, from: day))
      }
      periods[ByteString(economy.key)] = list
    }
    return HSEditions(
      list: try root.required("list").string(), element: try element("element"), date: try element("date"), periods: periods)
  }

  /// - Parameter day: `YYYY-MM-DD`.
  /// - Returns: nil when it is not known.
  func edition(of economy: String, on day: String) -> String? {
    periods[ByteString(economy)]?.last { !day.utf8.lexicographicallyPrecedes($0.from.utf8) }?.edition
  }

  /// The editions of a declaration's codes on both sides, when both are known and they are not the same.
  ///
  /// - Parameter today: the day of the translation: the target reads the codes then. nil: on the declaration's own day.
  func difference(in declaration: Declaration, from economy: String, to other: String, today: String?) -> Difference? {
    let own = declaration[date].flatMap { $0.isFilled ? String(decoding: $0.text.utf8.prefix(10), as: UTF8.self) : nil }
    guard let declared = own ?? today, let source = edition(of: economy, on: declared),
      let target = edition(of: other, on: today ?? declared),
      !source.hasSameBytes(as: target)
    else { return nil }
    return Difference(list: list, source: source, target: target)
  }

  /// Whether two economies ever follow different editions on one day: what a loss matrix has to say beforehand.
  func mayDiffer(_ economy: String, _ other: String) -> Bool {
    let days = [economy, other].flatMap { periods[ByteString($0)] ?? [] }.map(\.from)
    return days.contains { day in
      guard let mine = edition(of: economy, on: day), let theirs = edition(of: other, on: day) else { return false }
      return !mine.hasSameBytes(as: theirs)
    }
  }
}
