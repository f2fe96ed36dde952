/// Breadth-first search through everything that can happen, so that the first violation found has a shortest trace.
struct Explorer {
  struct Violation {
    let text: String
    /// From the start, one line a step.
    let trace: [String]
  }

  private(set) var states: [ModelState]
  private var parents: [Int32] = [-1]
  private var indices: [ModelState: Int32]
  /// States of a network that has become quiet; they are among ``states``.
  private(set) var quietCount = 0
  private(set) var stepCount = 0
  private(set) var violation: Violation?
  /// Whether nothing was left out for its depth.
  private(set) var isExhaustive = true

  private let model: Model

  /// - Parameters:
  ///   - depth: how many steps before the network becomes quiet; what follows then is always explored to its end.
  ///   - start: where to begin.
  init(_ model: Model, depth: Int, from start: ModelState = ModelState()) {
    self.model = model
    states = [start]
    indices = [start: 0]
    search(depth)
  }

  private mutating func search(_ depth: Int) {
    var depths: [UInt8] = [0]
    var steps: [ModelStep] = []
    var next = 0
    while next < states.count {
      let state = states[next]
      steps.removeAll(keepingCapacity: true)
      if state.quiet > 0 {
        if let step = model.quietStep(from: state) {
          steps.append(step)
        } else if let text = model.disagreement(in: state) {
          violation = Violation(text: text, trace: trace(to: next))
          return
        }
      } else if depths[next] < depth {
        model.steps(from: state, &steps)
      } else {
        isExhaustive = false
        steps.append(model.becomingQuiet(state))
      }
      stepCount += steps.count
      for step in steps {
        if let text = step.violation {
          violation = Violation(text: text, trace: trace(to: next) + [step.action.text])
          return
        }
        if indices[step.state] == nil {
          indices[step.state] = Int32(states.count)
          states.append(step.state)
          parents.append(Int32(next))
          depths.append(step.state.quiet > 0 ? 0 : depths[next] + 1)
          if step.state.quiet > 0 { quietCount += 1 }
        }
      }
      next += 1
    }
  }

  private func trace(to end: Int) -> [String] {
    var path = [end]
    while parents[path[path.count - 1]] >= 0 { path.append(Int(parents[path[path.count - 1]])) }
    path.reverse()
    return zip(path, path.dropFirst()).map { from, to in
      var steps: [ModelStep] = []
      if states[from].quiet > 0 {
        if let step = model.quietStep(from: states[from]) { steps = [step] }
      } else {
        model.steps(from: states[from], &steps)
      }
      return steps.first { $0.state == states[to] }?.action.text ?? "?"
    }
  }
}
