/// Says how the time of a backtracking matcher, such as libxml2's, grows with the length of the text, for one pattern.
///
/// The pattern becomes its position automaton. When some state can come back to itself over the same text in two ways, the time doubles
/// with each further character: a pair of different states lies on a cycle through a pair of equal ones when the automaton is walked in
/// step with itself. When one loop can hand over to another on a text that both of them take, the time grows with the square, and with
/// each further loop in such a chain by one power more.
///
/// Counted repetitions are written out where they are small. For the first criterion larger ones count as endless, which refuses too much
/// rather than too little; for the second they count as one round, because a bounded count bounds the cost.
///
/// - SeeAlso: Weber, Seidl, "On the degree of ambiguity of finite automata", 1991 (criteria EDA and IDA).
struct PatternLint {
  enum Cost: Equatable {
    case linear
    case quadratic
    /// Worse, or not known; the word says why.
    case refused(Reason)
  }

  enum Reason: String {
    case syntax
    case exponential
    case polynomial
    case tooLarge = "too_large"
  }

  /// Most positions (characters of the written-out pattern), most positions of one cycle, and most steps of one search.
  static let positionLimit = 4000
  static let cycleLimit = 100
  static let searchLimit = 100_000
  /// Largest count that is written out.
  static let countLimit = 16

  static func cost(of pattern: String) -> Cost {
    guard let tree = PatternSyntax(pattern) else { return .refused(.syntax) }
    var endless = PatternLint(largeCountsAreEndless: true)
    guard endless.add(tree) != nil else { return .refused(.tooLarge) }
    if endless.repeatsNothing { return .refused(.exponential) }
    if let reason = endless.findCycleInTwoWays() { return .refused(reason) }
    var bounded = PatternLint(largeCountsAreEndless: false)
    guard bounded.add(tree) != nil else { return .refused(.tooLarge) }
    return bounded.findLoopsThatHandOver()
  }

  private let largeCountsAreEndless: Bool
  private var sets: [PatternSyntax.CharacterSet] = []
  private var follow: [Set<Int>] = []
  /// Steps that the pattern gives twice, as in `(a*)*`: two ways of the same kind already.
  private var doubled: [(Int, Int)] = []
  private var repeatsNothing = false

  private init(largeCountsAreEndless: Bool) { self.largeCountsAreEndless = largeCountsAreEndless }

  /// A piece of the pattern: where it can begin and end, and whether it can be nothing.
  private struct Piece {
    var first: [Int] = []
    var last: [Int] = []
    var isOptional = true
  }

  /// Pieces and steps between positions that are still allowed: copies of copies add up even where they hold no character.
  private var budget = 1_000_000

  /// - Returns: nil when the pattern is too large.
  private mutating func add(_ tree: PatternSyntax) -> Piece? {
    budget -= 1
    guard budget > 0 else { return nil }
    switch tree {
    case .empty: return Piece()
    case .one(let set):
      guard sets.count < Self.positionLimit else { return nil }
      sets.append(set)
      follow.append([])
      return Piece(first: [sets.count - 1], last: [sets.count - 1], isOptional: false)
    case .sequence(let parts):
      var result = Piece()
      for part in parts {
        guard let piece = add(part) else { return nil }
        result = join(result, piece)
      }
      return result
    case .choice(let branches):
      var result = Piece(isOptional: false)
      for branch in branches {
        guard let piece = add(branch) else { return nil }
        result.first += piece.first
        result.last += piece.last
        result.isOptional = result.isOptional || piece.isOptional
      }
      return result
    case .repeated(let inner, let least, let most):
      return addRepeated(inner, least, most)
    }
  }

  private mutating func addRepeated(_ inner: PatternSyntax, _ least: Int, _ most: Int?) -> Piece? {
    if most == 0 { return Piece() }
    if let most, most <= Self.countLimit {
      var result = Piece()
      for copy in 0..<most {
        guard var piece = add(inner) else { return nil }
        if copy >= least { piece.isOptional = true }
        result = join(result, piece)
      }
      return result
    }
    guard var piece = add(inner) else { return nil }
    if most != nil, !largeCountsAreEndless {
      if least == 0 { piece.isOptional = true }
      return piece
    }
    // Nothing, any number of times, has as many readings as there are rounds.
    if piece.isOptional { repeatsNothing = true }
    link(piece.last, piece.first)
    if least == 0 { piece.isOptional = true }
    return piece
  }

  private mutating func join(_ left: Piece, _ right: Piece) -> Piece {
    link(left.last, right.first)
    return Piece(
      first: left.isOptional ? left.first + right.first : left.first,
      last: right.isOptional ? left.last + right.last : right.last,
      isOptional: left.isOptional && right.isOptional)
  }

  private mutating func link(_ from: [Int], _ to: [Int]) {
    budget -= from.count * to.count
    guard budget > 0 else { return }
    for source in from {
      for target in to where !follow[source].insert(target).inserted { doubled.append((source, target)) }
    }
  }

  private func findCycleInTwoWays() -> Reason? {
    let next = follow.map { $0.sorted() }
    let component = Self.components(count: sets.count) { next[$0] }
    if doubled.contains(where: { component[$0.0] == component[$0.1] }) { return .exponential }
    for members in Dictionary(grouping: sets.indices, by: { component[$0] }).values where members.count > 1 {
      guard members.count <= Self.cycleLimit else { return .tooLarge }
      if isAmbiguous(members, next) { return .exponential }
    }
    return nil
  }

  /// A word on which one loop comes back to itself, leads to another loop, and that one comes back to itself.
  private func findLoopsThatHandOver() -> Cost {
    let next = follow.map { $0.sorted() }
    let component = Self.components(count: sets.count) { next[$0] }
    let sizes = component.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    let loops = sets.indices.filter { sizes[component[$0], default: 0] > 1 || follow[$0].contains($0) }
    guard loops.count <= Self.cycleLimit else { return .refused(.tooLarge) }
    var budget = Self.searchLimit
    var givers = Set<Int>()
    var takers = Set<Int>()
    for from in loops {
      for to in loops where component[from] != component[to] {
        if canHandOver(from, to, next, component, &budget) {
          givers.insert(component[from])
          takers.insert(component[to])
        }
        if budget <= 0 { return .refused(.tooLarge) }
      }
    }
    // A loop that takes over and hands on makes a chain of three.
    guard givers.isDisjoint(with: takers) else { return .refused(.polynomial) }
    return givers.isEmpty ? .linear : .quadratic
  }

  private func canHandOver(_ from: Int, _ to: Int, _ next: [[Int]], _ component: [Int], _ budget: inout Int) -> Bool {
    struct Walk: Hashable {
      let stays: Int
      let crosses: Int
      let waits: Int
    }
    var open = [Walk(stays: from, crosses: from, waits: to)]
    var seen = Set(open)
    while let walk = open.popLast(), budget > 0 {
      for stays in next[walk.stays] where component[stays] == component[from] {
        for waits in next[walk.waits] where component[waits] == component[to] {
          let common = sets[stays].intersection(sets[waits])
          guard !common.ranges.isEmpty else { continue }
          for crosses in next[walk.crosses] where sets[crosses].overlaps(common) {
            budget -= 1
            let step = Walk(stays: stays, crosses: crosses, waits: waits)
            if stays == from, crosses == to, waits == to { return true }
            if seen.insert(step).inserted { open.append(step) }
          }
        }
      }
    }
    return false
  }

  /// Whether the pairs of a cycle's positions have a cycle through both an equal and an unequal pair.
  private func isAmbiguous(_ members: [Int], _ next: [[Int]]) -> Bool {
    let size = members.count
    let local = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1, $0) })
    let steps = members.map { next[$0].compactMap { local[$0] } }
    let overlap = members.map { left in members.map { sets[left].overlaps(sets[$0]) } }
    let component = Self.components(count: size * size) { pair in
      steps[pair / size].flatMap { left in steps[pair % size].filter { overlap[left][$0] }.map { left * size + $0 } }
    }
    let equal = Set((0..<size).map { component[$0 * size + $0] })
    return (0..<(size * size)).contains { $0 / size != $0 % size && equal.contains(component[$0]) }
  }

  /// The strongly connected component of each node of a graph (Tarjan), without recursion.
  private static func components(count: Int, _ next: (Int) -> [Int]) -> [Int] {
    var component = [Int](repeating: -1, count: count)
    var order = [Int](repeating: -1, count: count)
    var low = [Int](repeating: 0, count: count)
    var stack: [Int] = []
    var path: [(node: Int, steps: [Int], at: Int)] = []
    var visited = 0
    var components = 0
    for start in 0..<count where order[start] < 0 {
      path.append((start, next(start), 0))
      while var top = path.popLast() {
        let node = top.node
        if top.at == 0, order[node] < 0 {
          order[node] = visited
          low[node] = visited
          visited += 1
          stack.append(node)
        }
        var descended = false
        while top.at < top.steps.count {
          let target = top.steps[top.at]
          if order[target] < 0 {
            path.append(top)
            path.append((target, next(target), 0))
            descended = true
            break
          }
          if component[target] < 0 { low[node] = min(low[node], low[target]) }
          top.at += 1
        }
        if descended { continue }
        if low[node] == order[node] {
          while let member = stack.popLast() {
            component[member] = components
            if member == node { break }
          }
          components += 1
        }
      }
    }
    return component
  }
}
