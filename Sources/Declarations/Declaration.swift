/// A canonical declaration (or supplement, status …): a tree of dictionary elements. A value; knows no format and no economy.
package struct Declaration: Hashable, Sendable {
  package let dictionary: ElementDictionary
  package var root: Group

  /// An empty document of a kind.
  ///
  /// - Returns: nil when the dictionary has no such kind.
  package init?(_ kind: DocumentKind = "declaration", in dictionary: ElementDictionary) {
    guard let root = dictionary.root(of: kind) else { return nil }
    self.dictionary = dictionary
    self.root = Group(root)
  }

  /// A document with a given root.
  ///
  /// - Precondition: `root` is an instance of a root element of `dictionary`.
  package init(root: Group, in dictionary: ElementDictionary) {
    precondition(dictionary[root.element].group == nil, "a document starts at a root element")
    self.dictionary = dictionary
    self.root = root
  }

  /// The value of an element of the root.
  package subscript(_ element: ElementIndex) -> Value? {
    get { root[element] }
    set { root[element] = newValue }
  }

  /// The value of an element of the root by its dictionary id; nil also when the dictionary has no such element.
  package subscript(id id: String) -> Value? { dictionary[id: id].flatMap { root[$0] } }

  /// The value at a path, or nil.
  package subscript(_ path: ElementPath) -> Value? {
    var group = root
    for step in path.steps {
      let instances = group.groups(step.group)
      guard step.position < instances.count else { return nil }
      group = instances[step.position]
    }
    return group[path.element]
  }

  /// Visits every value, absent ones excepted: values of a group first, then its nested groups, in dictionary order.
  package func walk<Failure: Error>(_ body: (ElementPath, Value) throws(Failure) -> Void) throws(Failure) {
    try Self.walk(root, [], body)
  }

  /// Number of values.
  package var count: Int {
    func count(_ group: Group) -> Int { group.groups.reduce(group.values.count) { $1.groups.reduce($0) { $0 + count($1) } } }
    return count(root)
  }

  package static func == (left: Self, right: Self) -> Bool { left.dictionary === right.dictionary && left.root == right.root }
  package func hash(into hasher: inout Hasher) { hasher.combine(root) }

  private static func walk<Failure: Error>(
    _ group: Group, _ steps: [ElementPath.Step], _ body: (ElementPath, Value) throws(Failure) -> Void
  ) throws(Failure) {
    for member in group.values { try body(ElementPath(member.element, in: steps), member.value) }
    for instances in group.groups {
      for (position, instance) in instances.groups.enumerated() {
        try walk(instance, steps + [ElementPath.Step(group: instances.element, position: position)], body)
      }
    }
  }
}
