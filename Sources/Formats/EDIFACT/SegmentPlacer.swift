/// Finds the place of each segment in a message grammar, from the place of the one before.
///
/// A segment belongs to the first place that takes it, looking forward from the present one: in the innermost group first, then in those
/// around it. A group begins again with its trigger. Section control (UNS) that must come is not passed over: what stands behind it cannot
/// be reached without it.
///
/// - Complexity: O(size of the grammar) for each segment, whatever came before.
/// - SeeAlso: ISO 9735-1 annex E.
struct SegmentPlacer: Sendable {
  /// An open group: its row, the item it is at, and how many of that item came.
  private struct Level: Sendable {
    let group: Int
    var item = 0
    var count = 0
  }

  struct Placement: Sendable {
    /// How many groups end, innermost first.
    let closed: Int
    /// Rows of the groups that begin, outermost first.
    let opened: [Int]
    /// Row of the segment.
    let segment: Int
  }

  let grammar: MessageGrammar
  private var levels: [Level]

  init(_ grammar: MessageGrammar) {
    self.grammar = grammar
    levels = [Level(group: 0)]
  }

  /// Open groups; the interchange is the first.
  var depth: Int { levels.count }

  /// The next segment's place; nil when the grammar has none for it here.
  mutating func place(_ tag: SegmentTag) -> Placement? {
    // First as the grammar wants it. When there is no such place, one that is full: too many are counted where they stand.
    find(tag, respectsMaximum: true) ?? find(tag, respectsMaximum: false)
  }

  /// Ends the groups inside a group with a name, and that group. Returns how many ended.
  mutating func close(_ name: String) -> Int {
    guard let index = levels.lastIndex(where: { grammar.nodes[$0.group].name == name }), index > 0 else { return 0 }
    let closed = levels.count - index
    levels.removeLast(closed)
    return closed
  }

  private mutating func find(_ tag: SegmentTag, respectsMaximum: Bool) -> Placement? {
    for depth in stride(from: levels.count - 1, through: 0, by: -1) {
      let level = levels[depth]
      let items = grammar.nodes[level.group].items
      for item in level.item..<items.count {
        let node = grammar.nodes[items[item]]
        let count = item == level.item ? level.count : 0
        let isGroup = !node.items.isEmpty
        if node.tag == tag {
          // The trigger comes once in each group: another one begins the group again.
          let hasRoom = count < node.max || (!respectsMaximum && (isGroup || item > 0))
          if hasRoom {
            let closed = levels.count - 1 - depth
            levels.removeLast(closed)
            levels[depth].item = item
            levels[depth].count = count + 1
            guard isGroup else { return Placement(closed: closed, opened: [], segment: items[item]) }
            levels.append(Level(group: items[item], item: 0, count: 1))
            return Placement(closed: closed, opened: [items[item]], segment: node.items[0])
          }
        }
        if !isGroup, node.tag == .uns, node.min > count { break }
      }
    }
    return nil
  }
}
