package import Declarations
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

extension Declaration {
  /// What it says that it does to an earlier one; nil: it stands for itself.
  package var function: MessageFunction? { MessageFunction(code: functionCode) }

  /// Its message function (UNTDID 1225); empty: it says none, or documents of its kind have none.
  var functionCode: String { functionElement.flatMap { self[$0]?.text } ?? "" }

  /// nil: documents of its kind have no message function.
  var functionElement: ElementIndex? { dictionary.function(of: root.element) }

  /// The same as a document that amends, when it does not say what it does to an earlier one.
  package var amending: Declaration { function == nil ? saying("4") : self }

  /// The same as a document that stands for itself, when it says that it amends: for who has not seen what it amends.
  package var original: Declaration { function == .changes ? saying("9") : self }

  private func saying(_ code: String) -> Declaration {
    guard let element = functionElement else { return self }
    var changed = self
    var value = self[element] ?? Value("")
    value.text = code
    changed[element] = value
    return changed
  }
}

extension Profile {
  /// What its documents do to an earlier one because they are of this format, by a mapping's `implied`; nil: nothing, or each says it itself.
  func impliedFunction(_ plan: VariantPlan) -> MessageFunction? {
    let element = dictionary.function(of: plan.root.element)
    for rule in plan.root.stating {
      if case .implied(let field, let code) = rule.kind, field.element == element { return MessageFunction(code: code) }
    }
    return nil
  }
}
