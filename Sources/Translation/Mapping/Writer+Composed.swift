import Declarations
import Primitives

/// Values that are composed of parts or spread over lines.
extension Writer {
  mutating func writeParts(
    _ parts: [RulePlan.Part], _ otherwise: Field?, _ type: LeafType, _ rule: RulePlan, _ path: Path, _ group: Group, _ context: Int32,
    _ instance: Int32
  ) {
    let present = parts.compactMap { part -> (Field, Value)? in
      guard case .field(let field, _) = part, let value = group[field.element], value.isFilled else { return nil }
      return (field, value)
    }
    func give(up reason: Reason, known: String? = nil) {
      for (field, value) in present { note(field.element, instance, value.origin, -1, .notCarried, reason, nil, known.map { [$0] } ?? []) }
    }
    let isPartial = present.count < parts.count(where: { $0.element != nil })
    guard !present.isEmpty else { return }
    switch ConcatCodec.join(parts, { group.text($0.element) }) {
    case .failure(let refusal):
      if let otherwise, let value = group[otherwise.element], value.isFilled {
        for (field, value) in present where field.element != otherwise.element {
          note(field.element, instance, value.origin, -1, .notCarried, refusal.reason)
        }
        return write(otherwise, value, type, rule, path, context, instance)
      }
      give(up: refusal.reason)
    case .success(let text):
      switch place(text, rule, path, context, origin: present[0].1.origin) {
      case .success(let node):
        for (field, value) in present {
          note(
            field.element, instance, value.origin, node, field.hasConversion ? .converted : .copied, nil, field.conversions.first?.version)
        }
      case .failure(let refused): if isPartial { give(up: .partial, known: text) } else { give(up: refused.reason) }
      }
    }
  }

  mutating func writeLines(
    _ field: Field, _ length: Int, _ max: Int, _ type: LeafType, _ rule: RulePlan, _ path: Path, _ group: Group, _ context: Int32,
    _ instance: Int32
  ) {
    guard let value = group[field.element], value.isFilled else { return }
    var action = Action.copied
    var why: Reason?
    var whole = value.text
    if case .text(_, true) = type {
      switch LeafType.text(.max, upperASCII: true).write(value.text, of: field.type) {
      case .exact(let text): whole = text
      case .lossy(let text, let reason): (whole, action, why) = (text, .lossy, reason)
      case .refused(let reason): return note(field.element, instance, value.origin, -1, .notCarried, reason)
      }
    }
    guard let lines = Self.lines(whole, length) else { return note(field.element, instance, value.origin, -1, .notCarried, .reshaped) }
    guard lines.count <= max else { return note(field.element, instance, value.origin, -1, .notCarried, .tooLong) }
    for line in lines {
      guard let reason = structure.violation(of: path.target, text: Array(line.utf8)[...], on: day) else { continue }
      return note(field.element, instance, value.origin, -1, .notCarried, reason == .character ? .character : .pattern)
    }
    var parent: Int32 = path.isAbsolute ? 0 : context
    for step in path.steps.dropLast() {
      guard let next = draft.reach(step, from: parent, isGrouped: plan.groupAt[step.node] != nil) else {
        return note(field.element, instance, value.origin, -1, .notCarried, .noPlace)
      }
      parent = next
    }
    for (index, line) in lines.enumerated() {
      let node = draft.append(path.target, to: parent)
      draft.nodes[Int(node)].text = line
      draft.nodes[Int(node)].origin = value.origin
      if index == 0 { note(field.element, instance, value.origin, node, action, why) }
    }
  }

  /// The text in pieces of at most `length` scalars that give it back even when white space around them is lost: a full line goes on in the
  /// next one, after a shorter one stands a space. Words are cut only where no space is near the end of the line.
  ///
  /// - Returns: nil when there are no such pieces: several spaces, or a word as long as a line, stand where the line would end.
  static func lines(_ text: String, _ length: Int) -> [String]? {
    // No more scalars than bytes.
    if text.utf8.count <= length { return [text] }
    let bytes = Array(text.utf8)
    // Where each scalar starts.
    let scalars = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
    guard scalars.count > length else { return [text] }
    func isSpace(_ index: Int) -> Bool { bytes[scalars[index]] == 0x20 }
    var lines: [String] = []
    var start = 0
    func take(_ end: Int) {
      let last = end < scalars.count ? scalars[end] : bytes.count
      lines.append(String(decoding: bytes[scalars[start]..<last], as: UTF8.self))
    }
    while scalars.count - start > length {
      let end = start + length
      if !isSpace(end - 1), !isSpace(end) {
        take(end)
        start = end
      } else {
        let candidates = stride(from: end - 1, to: start, by: -1)
        guard let space = candidates.first(where: { isSpace($0) && !isSpace($0 - 1) && !isSpace($0 + 1) }) else { return nil }
        take(space)
        start = space + 1
      }
    }
    take(scalars.count)
    return lines
  }
}
