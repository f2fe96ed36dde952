package import Primitives
package import XMLTree

extension XMLFormat {
  /// A compiled XML Schema; see ``XMLSchema`` for what is refused in one.
  package struct Schema: Sendable {
    let compiled: XMLSchema

    /// - Parameters:
    ///   - root: path of the main file.
    ///   - files: the bytes of every file by its path; `schemaLocation` is resolved against the path of the file that it stands in.
    /// - Throws: `profile.schema_invalid`, `profile.schema_pattern`, `profile.schema_occurs`, `profile.schema_identity`.
    package init(compiling root: String, files: [String: [UInt8]]) throws(CausewayError) {
      compiled = try XMLSchema(compiling: root, files: files)
    }

    /// A schema of one file.
    package init(compiling bytes: [UInt8]) throws(CausewayError) { compiled = try XMLSchema(compiling: bytes) }
  }

  /// Parses a document once, and both checks it against a schema and reads it from the same tree.
  ///
  /// - Returns: the document, and what the schema has against it: codes `validate.schema_*`, whose pointers are those of the document.
  /// - Throws: `parse.*` as ``parse(_:limits:encodings:options:)``.
  package static func parse(
    _ bytes: [UInt8], schema: Schema, limits: XMLLimits = .standard, encodings: [TextEncoding] = [.utf8], options: Options = .standard
  ) throws(CausewayError) -> (document: Document, problems: [Problem]) {
    let tree = try XMLTree.parse(bytes, limits: limits, encodings: encodings)
    return (try document(of: tree, options: options), schema.compiled.validate(tree))
  }
}
