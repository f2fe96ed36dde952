import Declarations
import Primitives

/// One text that holds several values one after another.
enum ConcatCodec {
  private static let indicator = LeafType.indicator(no: "0", yes: "1")

  /// The values of the parts, or nil when the text is not made of them. Lengths count Unicode scalars.
  static func split(_ text: ArraySlice<UInt8>, _ parts: [RulePlan.Part]) -> [(field: Field, text: String)]? {
    var values: [(field: Field, text: String)] = []
    var position = text.startIndex
    for (index, part) in parts.enumerated() {
      switch part {
      case .literal(let literal):
        guard stands(literal, at: position, in: text) else { return nil }
        position += literal.utf8.count
      case .field(let field, let length):
        var end = text.endIndex
        if let length {
          if position == text.endIndex { return values.isEmpty ? nil : values }
          end = position
          var count = 0
          while end < text.endIndex, count < length.upperBound || text[end] & 0xC0 == 0x80 {
            if text[end] & 0xC0 != 0x80 { count += 1 }
            end += 1
          }
          guard count >= length.lowerBound else { return nil }
        } else if index + 1 < parts.count, case .literal(let literal) = parts[index + 1] {
          guard let found = (position...text.endIndex).first(where: { stands(literal, at: $0, in: text) }) else { return nil }
          end = found
        }
        guard let canonical = canonical(String(decoding: text[position..<end], as: UTF8.self), field) else { return nil }
        values.append((field: field, text: canonical))
        position = end
      }
    }
    return position == text.endIndex ? values : nil
  }

  private static func stands(_ literal: String, at position: Int, in text: ArraySlice<UInt8>) -> Bool {
    let end = position + literal.utf8.count
    return end <= text.endIndex && text[position..<end].isUTF8(of: literal)
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
