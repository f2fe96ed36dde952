import Declarations

/// The tables that converted something, each once, so that what happened to a value names its table by number: marks and events are copied as
/// often as a document has leaves, and numbers copy without counting references.
struct UsedTables: Sendable {
  private var versions: [CodeListVersion] = []

  var count: Int { versions.count }

  /// -1: no table.
  ///
  /// - Complexity: O(tables used): a document uses a few.
  mutating func number(of table: CodeListVersion?) -> Int16 {
    guard let table else { return -1 }
    if let known = versions.firstIndex(where: { $0 === table }) { return Int16(known) }
    versions.append(table)
    return Int16(versions.count - 1)
  }

  subscript(_ number: Int16) -> CodeListVersion? { number < 0 ? nil : versions[Int(number)] }
}
