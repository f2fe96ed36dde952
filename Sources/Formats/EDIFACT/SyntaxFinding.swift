package import Primitives

/// One thing that is wrong with the syntax of an interchange, with its code of data element 0085 and its place by position: what an answer
/// (CONTRL) needs. Holds positions and limits, no values.
package struct SyntaxFinding: Error, Hashable, Sendable {
  /// Where. Everything counts from 1; 0: does not apply.
  package struct Place: Hashable, Sendable {
    /// Tag of the service segment, when it is one: UNA, UNB, UNG, UNH, UNT, UNE or UNZ.
    package var service: String?
    /// Segments of the interchange up to this one; UNB is the first.
    package var number = 0
    /// Functional groups up to this one; messages up to this one.
    package var group = 0
    package var message = 0
    /// Position in the message; UNH is the first. Of a missing segment: the one before.
    package var segment = 0
    /// Position of the data element behind the tag, and of the component in it.
    package var element = 0
    package var component = 0

    package init() {}

    static func service(_ tag: String, element: Int = 0, component: Int = 0) -> Place {
      var place = Place()
      place.service = tag
      place.element = element
      place.component = component
      return place
    }
  }

  package let code: ErrorCode
  package let syntax: SyntaxCode
  package var place: Place
  package var facts: [String: String]

  package init(_ code: ErrorCode, _ syntax: SyntaxCode, _ place: Place = Place(), facts: [String: String] = [:]) {
    self.code = code
    self.syntax = syntax
    self.place = place
    self.facts = facts
  }

  private static let positions: [(name: String, path: any WritableKeyPath<Place, Int> & Sendable)] = [
    ("group", \.group), ("message", \.message), ("segment", \.segment), ("element", \.element), ("component", \.component),
  ]

  /// As a problem of the document; ``init(_:)`` reads it back.
  package var problem: Problem {
    var facts = facts
    facts["syntax"] = String(syntax.rawValue)
    facts["service"] = place.service
    for (name, path) in Self.positions where place[keyPath: path] > 0 { facts[name] = String(place[keyPath: path]) }
    return Problem(code, pointer: pointer, line: place.number > 0 ? place.number : nil, facts: facts)
  }

  /// The finding that a problem was made of; nil when it was made of none.
  package init?(_ problem: Problem) {
    guard let syntax = problem.facts["syntax"].flatMap(Int.init).flatMap(SyntaxCode.init) else { return nil }
    var place = Place()
    place.number = problem.line ?? 0
    place.service = problem.facts["service"]
    var facts = problem.facts
    facts["syntax"] = nil
    facts["service"] = nil
    for (name, path) in Self.positions { place[keyPath: path] = facts.removeValue(forKey: name).flatMap(Int.init) ?? 0 }
    self.init(problem.code, syntax, place, facts: facts)
  }

  /// `/Interchange/Message[2]/segment[7]/element[3]/component[1]`, `/Interchange/UNB/element[2]`.
  private var pointer: String {
    var pointer = "/\(EDIFACTFormat.Names.interchange)"
    if place.message > 0 {
      pointer += "/\(EDIFACTFormat.Names.message)[\(place.message)]"
    } else if place.group > 0 {
      pointer += "/\(EDIFACTFormat.Names.group)[\(place.group)]"
    }
    if let service = place.service {
      pointer += "/\(service)"
    } else if place.segment > 0 {
      pointer += "/segment[\(place.segment)]"
    }
    if place.element > 0 { pointer += "/element[\(place.element)]" }
    if place.component > 0 { pointer += "/component[\(place.component)]" }
    return pointer
  }
}
