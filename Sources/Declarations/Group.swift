/// One instance of a group of elements: its values and its nested groups.
///
/// Flat arrays in dictionary order: a group has few members, and readers and writers go through it in that order.
/// - Invariant: values and lists are in ascending element order, each element once; no list is empty.
package struct Group: Hashable, Sendable {
  package struct Member: Hashable, Sendable {
    package let element: ElementIndex
    package var value: Value
  }

  /// All instances of one nested group.
  package struct Instances: Hashable, Sendable {
    package let element: ElementIndex
    package fileprivate(set) var groups: [Group]
  }

  package let element: ElementIndex
  package private(set) var values: [Member] = []
  package private(set) var groups: [Instances] = []

  /// - Parameter capacity: how many values it is made for; it holds any number.
  package init(_ element: ElementIndex, capacity: Int = 0) {
    self.element = element
    values.reserveCapacity(capacity)
  }

  /// The value of an element of this instance; setting nil makes it absent.
  ///
  /// - Complexity: O(log n); setting is O(1) at the end and O(n) otherwise.
  package subscript(_ element: ElementIndex) -> Value? {
    get { index(of: element).map { values[$0].value } }
    set {
      let position = position(ofValue: element)
      let exists = position < values.count && values[position].element == element
      if let newValue {
        if exists { values[position].value = newValue } else { insert(Member(element: element, value: newValue), at: position) }
      } else if exists {
        values.remove(at: position)
      }
    }
  }

  /// Gives an element its value unless it has one.
  ///
  /// - Returns: the one that it has.
  /// - Complexity: as that of setting.
  package mutating func insert(_ value: Value, of element: ElementIndex) -> Value? {
    let position = position(ofValue: element)
    if position < values.count, values[position].element == element { return values[position].value }
    insert(Member(element: element, value: value), at: position)
    return nil
  }

  /// Appending costs less than inserting at the end, where most values go.
  private mutating func insert(_ member: Member, at position: Int) {
    if position == values.count { values.append(member) } else { values.insert(member, at: position) }
  }

  /// Makes the values of some elements absent.
  package mutating func removeValues(where isRemoved: (ElementIndex) -> Bool) {
    // Mostly another group has the same array: what stays is copied once, and nothing is moved.
    var kept: [Member] = []
    kept.reserveCapacity(values.count)
    for index in values.indices where !isRemoved(values[index].element) { kept.append(values[index]) }
    values = kept
  }

  /// Whether there is a value of an element, filled or not.
  package func has(_ element: ElementIndex) -> Bool { index(of: element) != nil }

  /// The text of a filled value, or nil.
  package func text(_ element: ElementIndex) -> String? {
    guard let index = index(of: element), values[index].value.isFilled else { return nil }
    return values[index].value.text
  }

  /// The instances of a nested group, in order; empty when there is none.
  package func groups(_ element: ElementIndex) -> [Group] {
    let position = position(ofGroup: element)
    return position < groups.count && groups[position].element == element ? groups[position].groups : []
  }

  package func count(_ element: ElementIndex) -> Int { groups(element).count }

  /// Adds an instance at the end of its element's instances.
  package mutating func append(_ group: Group) {
    let position = position(ofGroup: group.element)
    if position == groups.count {
      groups.append(Instances(element: group.element, groups: [group]))
    } else if groups[position].element == group.element {
      groups[position].groups.append(group)
    } else {
      groups.insert(Instances(element: group.element, groups: [group]), at: position)
    }
  }

  /// Replaces all instances of a nested group.
  ///
  /// - Precondition: every instance is of `element`.
  package mutating func setGroups(_ element: ElementIndex, _ instances: [Group]) {
    precondition(instances.allSatisfy { $0.element == element }, "instances are of their element")
    let position = position(ofGroup: element)
    let exists = position < groups.count && groups[position].element == element
    switch (exists, instances.isEmpty) {
    case (true, true): groups.remove(at: position)
    case (true, false): groups[position].groups = instances
    case (false, true): break
    case (false, false): groups.insert(Instances(element: element, groups: instances), at: position)
    }
  }

  /// Changes one instance in place.
  ///
  /// - Parameter position: from 0.
  /// - Precondition: the instance exists.
  package mutating func modify<Result, Failure: Error>(
    _ element: ElementIndex, at position: Int, _ body: (inout Group) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let list = self.position(ofGroup: element)
    precondition(list < groups.count && groups[list].element == element, "the group has instances of the element")
    return try body(&groups[list].groups[position])
  }

  package var isEmpty: Bool { values.isEmpty && groups.isEmpty }

  /// Whether states and canonical texts agree throughout, wherever the values came from.
  package func hasSameContent(as other: Group) -> Bool {
    guard element == other.element, values.count == other.values.count, groups.count == other.groups.count else { return false }
    for (left, right) in zip(values, other.values) where left.element != right.element || !left.value.hasSameContent(as: right.value) {
      return false
    }
    for (left, right) in zip(groups, other.groups) {
      guard left.element == right.element, left.groups.count == right.groups.count else { return false }
      for (a, b) in zip(left.groups, right.groups) where !a.hasSameContent(as: b) { return false }
    }
    return true
  }

  /// Where the value of an element is, if there is one.
  private func index(of element: ElementIndex) -> Int? {
    let position = position(ofValue: element)
    return position < values.count && values[position].element == element ? position : nil
  }

  private func position(ofValue element: ElementIndex) -> Int {
    guard let last = values.last, last.element >= element else { return values.count }
    var (low, high) = (0, values.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if values[middle].element < element { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func position(ofGroup element: ElementIndex) -> Int {
    guard let last = groups.last, last.element >= element else { return groups.count }
    return groups.firstIndex { $0.element >= element } ?? groups.count
  }
}
