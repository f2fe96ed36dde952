/// What is wrong with an interchange, in the terms of its own syntax: a code of data element 0085 (syntax error, coded).
///
/// - SeeAlso: ISO 9735-4, code list 0085; UN/EDIFACT service code directory, syntax version 3 and 4.
/// - Important: not implemented: the codes of security (27), of networks (41 to 43) and of dependency notes (48).
package enum SyntaxCode: Int, Sendable, CaseIterable {
  /// The syntax identifier or version is not one that is read here.
  case versionNotSupported = 2
  /// A value breaks the specification of its data element.
  case invalidValue = 12
  /// A segment, composite or data element that must be there is not.
  case missing = 13
  /// A value that may be right elsewhere is not accepted in this place.
  case valueNotSupported = 14
  /// A segment or data element that is not expected in this place.
  case notSupported = 15
  /// More data elements in a segment, or more components in a composite, than it has.
  case tooManyConstituents = 16
  case unspecified = 18
  /// The decimal mark of UNA is neither point nor comma, or a number has another one.
  case decimalNotation = 19
  /// A character that UNA gives cannot be a service character.
  case serviceCharacter = 20
  /// A character is not of the repertoire that UNB names.
  case invalidCharacter = 21
  /// A service character stands where another one must.
  case invalidServiceCharacter = 22
  case duplicate = 26
  /// Header and trailer have different references.
  case referenceMismatch = 28
  /// A trailer counts otherwise than what came.
  case countMismatch = 29
  /// Messages stand beside functional groups.
  case groupsAndMessagesMixed = 30
  case messageTypesMixed = 31
  /// An interchange or a group without a message.
  case lowerLevelEmpty = 32
  /// A segment outside messages and groups.
  case outsideMessage = 33
  /// Explicit nesting in a segment tag.
  case nestingIndicator = 34
  case tooManyRepetitions = 35
  case tooManyGroupRepetitions = 36
  /// Letters in a number.
  case invalidCharacterType = 37
  case missingDigit = 38
  case tooLong = 39
  case tooShort = 40
  /// A repertoire that is not read here.
  case characterSetNotSupported = 46
  /// Functional groups where none are taken.
  case envelopeNotSupported = 47
}
