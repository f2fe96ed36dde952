/// What could be read of the service segments of an interchange, sound or not: what an answer to it has to name.
package struct InterchangeEnvelope: Hashable, Sendable {
  package struct Group: Hashable, Sendable {
    /// Data element 0048.
    package var reference: String
    /// S006 and S007, component by component.
    package var sender: [String]
    package var recipient: [String]
  }

  package struct Message: Hashable, Sendable {
    /// Data element 0062.
    package var reference: String
    /// S009, component by component: type, version, release, controlling agency, association code …
    package var identifier: [String]
    /// Which functional group it is in, from 1; 0: none.
    package var group: Int
    package var type: String { identifier.first ?? "" }
  }

  /// Data element 0001; "" when it could not be read.
  package var syntax = ""
  /// Data element 0002; 0 when it is none of 1 to 4.
  package var version = 0
  /// S002 and S003, component by component; empty when they could not be read.
  package var sender: [String] = []
  package var recipient: [String] = []
  /// Data element 0020.
  package var reference = ""
  /// Data element 0031: the sender asks for an answer.
  package var asksForAnswer = false
  /// Data element 0035.
  package var isTest = false
  package var groups: [Group] = []
  package var messages: [Message] = []

  package init() {}
}
