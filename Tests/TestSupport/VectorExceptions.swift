/// Published vectors on which Causeway differs from what their suite says, by name with the reason: all of them. The tests of each suite assert
/// that exactly these differ; docs/formats/vectors.md lists them.
package enum VectorExceptions {
  /// JSONTestSuite: files that must be accepted (`y_`) and are refused, or must be refused (`n_`) and are accepted.
  package static let json = [
    "y_object_duplicated_key.json": "a repeated name is refused: readers disagree about its value (J-01)",
    "y_object_duplicated_key_and_value.json": "a repeated name is refused, whatever its values (J-01)",
  ]

  /// JCS: pairs and numbers whose canonical form is another one.
  package static let jcs: [String: String] = [:]

  /// W3C XML: ids of documents that are called not well-formed and are accepted.
  package static let xml = [
    "rmt-016": "has a name that editions 1 to 4 of XML 1.0 did not allow and the fifth does",
    "rmt-019": "has a name that editions 1 to 4 of XML 1.0 did not allow and the fifth does",
  ]

  /// EDIFACT: interchanges that are not taken when what is wrong with their envelope is put right.
  package static let edifact = [
    "edifact.D95B.Issue137.EDI": "has no UNB and no UNZ: a message without an interchange",
    "edifact.D01B.IFCSUM.NewLines.EDI": "ends its segments with line breaks and does not say so in a UNA",
  ]

  package static let all = [json, jcs, xml, edifact]
  /// As many as there may be.
  package static let limit = 10
}
