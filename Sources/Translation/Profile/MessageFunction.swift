import Declarations
import Primitives

/// What a document does to an earlier one, by its message function (UNTDID 1225). A document of another function, or of none, stands for itself.
package enum MessageFunction: Sendable {
  /// Cancellation, deletion, cancellation to be reissued, request for deletion, withdrawal.
  case takesBack
  /// Addition, change, replacement, both of a part only, proposed amendment.
  case changes

  package init?(code: String) {
    switch code {
    case "1", "3", "17", "40", "50": self = .takesBack
    case "2", "4", "5", "20", "21", "33", "36", "52": self = .changes
    default: return nil
    }
  }
}

extension Profile {
  /// The element that holds the message function; nil: documents of the kind have none.
  var function: ElementIndex? { dictionary.root(of: document).flatMap { dictionary[id: dictionary[$0].id + ".FunctionCode"] } }
}
