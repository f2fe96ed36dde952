import Declarations

/// What writing did with one value. Place names are made when a report is rendered.
struct WriteEvent: Sendable {
  let element: ElementIndex
  /// Index into the instance table of the writing.
  let instance: Int32
  /// Document node of the source; -1: the value was not read from it.
  let origin: Int32
  /// Draft node; -1: not written.
  let target: Int32
  let action: Action
  let reason: Reason?
  /// Number in the writing's tables; -1: none.
  let table: Int16
  /// Index into the writing's candidates; -1: none.
  let candidates: Int32
}

/// A group instance on the way down, as a table of parents.
struct InstanceEntry: Sendable {
  let parent: Int32
  let element: ElementIndex
  let position: Int
}

/// A declaration written in a format: the draft, and what happened to each value.
struct Writing {
  var draft: Draft
  var events: [WriteEvent]
  /// Entry 0 is the root.
  var instances: [InstanceEntry]
  let tables: UsedTables
  /// Codes to choose from.
  let candidates: [[String]]

  func candidates(of event: WriteEvent) -> [String] { event.candidates < 0 ? [] : candidates[Int(event.candidates)] }

  /// Says nothing of values that nobody declared and that found no place.
  mutating func leaveOut(_ taken: DefaultsTaken) {
    let writing = self
    events.removeAll { event in
      event.target < 0 && event.origin < 0 && taken.places[ElementPath(event.element, in: writing.steps(event.instance))] != nil
    }
  }

  func steps(_ instance: Int32) -> [ElementPath.Step] {
    var steps: [ElementPath.Step] = []
    var current = instance
    while current > 0 {
      let entry = instances[Int(current)]
      steps.append(.init(group: entry.element, position: entry.position))
      current = entry.parent
    }
    return steps.reversed()
  }
}
