import Declarations
import Primitives

/// One text that holds several values one after another.
enum ConcatCodec {
  private static let indicator = LeafType.indicator(no: "0", yes: "1")

  /// The values of the parts, or nil when the text is not made of them.
  static func split(_ text: ArraySlice<UInt8>, _ parts: [RulePlan.Part]) -> [(field: Field, text: String)]? {
    let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
    var values: [(field: Field, text: String)] = []
    var position = 0
    for (index, part) in parts.enumerated() {
      switch part {
      case .literal(let literal):
        let expected = Array(literal.unicodeScalars)
        guard scalars[position...].starts(with: expected) else { return nil }
        position += expected.count
      case .field(let field, let length):
        var end = scalars.count
        if let length {
          if position == scalars.count { return values.isEmpty ? nil : values }
          end = min(scalars.count, position + length.upperBound)
          guard end - position >= length.lowerBound else { return nil }
        } else if index + 1 < parts.count, case .literal(let literal) = parts[index + 1] {
          let expected = Array(literal.unicodeScalars)
          guard let found = (position...scalars.count).first(where: { scalars[$0...].starts(with: expected) }) else { return nil }
          end = found
        }
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[position..<end])
        guard let canonical = canonical(String(view), field) else { return nil }
        values.append((field: field, text: canonical))
        position = end
      }
    }
    return position == scalars.count ? values : nil
  }

  private static func canonical(_ text: String, _ field: Field) -> String? {
    guard !text.isEmpty else { return nil }
    if !field.conversions.isEmpty {
      guard case .mapped(let code, let fidelity)? = field.forward(text)?.outcome, fidelity == .exact || fidelity == .lossy else {
        return nil
      }
      return code
    }
    if field.type == .indicator { return indicator.check(Array(text.utf8)[...]) == nil ? (text == "1" ? "true" : "false") : nil }
    return field.type.canonical(text)
  }

  /// The text of the values, or why there is none. Parts may be missing at the end only.
  static func join(_ parts: [RulePlan.Part], _ value: (Field) -> String?) -> Result<String, Refusal> {
    var text = ""
    var isEnded = false
    for part in parts {
      switch part {
      case .literal(let literal): text += literal
      case .field(let field, let length):
        guard let canonical = value(field) else {
          if length == nil { return .failure(.init(reason: .notDeclared)) }
          isEnded = true
          continue
        }
        guard !isEnded else { return .failure(.init(reason: .reshaped)) }
        var written = field.type == .indicator ? (canonical == "true" ? "1" : "0") : canonical
        if let conversion = field.conversions.first {
          switch conversion.reverse(canonical) {
          case .mapped(let code, _): written = code
          case .ambiguous: return .failure(.init(reason: .codeAmbiguous))
          case .none, .unknown: return .failure(.init(reason: .codeNoPeer))
          }
        }
        if let length, !length.contains(LeafType.length(written.utf8)) { return .failure(.init(reason: .tooLong)) }
        text += written
      }
    }
    return .success(text)
  }

  struct Refusal: Error { let reason: Reason }
}
