import Declarations
import Formats
import JSONTree
import Primitives
import Translation
import XMLTree
import YAMLTree

/// All codes with which documents and profiles are refused.
enum Catalogue {
  static let codes = Set(
    (ErrorCatalogue.xmlTree + ErrorCatalogue.jsonTree + ErrorCatalogue.yamlTree + ErrorCatalogue.formats + ErrorCatalogue.declarations
      + ErrorCatalogue.translation).map(\.code))
}
