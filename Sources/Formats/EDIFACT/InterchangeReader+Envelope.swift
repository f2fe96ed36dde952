internal import Primitives

/// Service segments: what begins and ends, and that trailers fit headers.
///
/// - SeeAlso: ISO 9735-1 §7.2 to §7.6 and annex C.
extension InterchangeReader {
  // MARK: Interchange

  mutating func beginInterchange() {
    place.service = "UNB"
    checkCharacters()
    let identifier = envelope.syntax
    readHeader()
    // The first look passed over bytes that the repertoire turns out to have: without them it was another identifier, or another version.
    if !envelope.syntax.hasSameBytes(as: identifier) {
      note("parse.edifact_syntax_unknown", .versionNotSupported, element: 1, component: 1)
    }
    if !string(1, 2).hasSameBytes(as: String(envelope.version)) {
      note("parse.edifact_syntax_unknown", .versionNotSupported, element: 1, component: 2)
    }
    require([(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (4, 2), (5, 0)])
    add(.unb)
  }

  mutating func endInterchange() {
    closeOpen(group: true)
    leave()
    place.service = "UNZ"
    checkCharacters()
    if envelope.messages.isEmpty, envelope.groups.isEmpty { note("parse.edifact_empty", .lowerLevelEmpty) }
    let count = envelope.groups.isEmpty ? envelope.messages.count : envelope.groups.count
    checkTrailer(count: count, reference: Array(envelope.reference.utf8))
    isEnded = true
  }

  mutating func finish() {
    guard !isEnded else { return }
    closeOpen(group: true)
    leave()
    place.service = "UNZ"
    note("parse.edifact_missing", .missing)
  }

  /// The places of messages and groups end here.
  private mutating func leave() {
    place.message = 0
    place.group = 0
    place.segment = 0
  }

  /// Trailers that should have come before the present segment.
  private mutating func closeOpen(group: Bool) {
    if isInMessage {
      place.service = "UNT"
      note("parse.edifact_missing", .missing)
      leaveMessage()
    }
    if group, isInGroup {
      place.message = 0
      place.segment = 0
      place.group = envelope.groups.count
      place.service = "UNE"
      note("parse.edifact_missing", .missing)
      isInGroup = false
      _ = placer?.close(EDIFACTFormat.Names.group)
    }
    place.service = nil
  }

  /// A count and a reference: positions 1 and 2 of each trailer.
  private mutating func checkTrailer(count: Int, reference: [UInt8]) {
    require([(2, 0)])
    if let text = scanner.value(1) {
      if text.contains(where: { $0 < 0x30 || $0 > 0x39 }) {
        note("parse.edifact_count", .invalidCharacterType, element: 1, facts: ["count": String(count)])
      } else if Int(String(decoding: text, as: UTF8.self)) != count {
        note("parse.edifact_count", .countMismatch, element: 1, facts: ["count": String(count)])
      }
    } else {
      note("parse.edifact_missing", .missing, element: 1)
    }
    if !(scanner.value(2) ?? []).elementsEqual(reference) { note("parse.edifact_reference", .referenceMismatch, element: 2) }
  }

  // MARK: Groups

  mutating func beginGroup() {
    closeOpen(group: true)
    leave()
    envelope.groups.append(.init(reference: string(5), sender: components(2), recipient: components(3)))
    place.group = envelope.groups.count
    place.service = "UNG"
    isInGroup = true
    groupReference = Array(scanner.value(5) ?? [])
    groupMessages = 0
    groupType = nil
    references = []
    checkCharacters()
    if looseMessages > 0 { note("parse.edifact_mixed", .groupsAndMessagesMixed) }
    if envelope.version < 4 {
      require([(1, 0), (2, 1), (3, 1), (4, 1), (4, 2), (5, 0), (6, 0), (7, 1), (7, 2)])
    } else {
      require([(5, 0)])
    }
    add(.ung)
  }

  mutating func endGroup() {
    closeOpen(group: false)
    place.message = 0
    place.segment = 0
    guard isInGroup else {
      leave()
      return note("parse.edifact_outside", .outsideMessage)
    }
    place.group = envelope.groups.count
    place.service = "UNE"
    checkCharacters()
    if groupMessages == 0 { note("parse.edifact_empty", .lowerLevelEmpty) }
    checkTrailer(count: groupMessages, reference: groupReference)
    isInGroup = false
    closeNodes(EDIFACTFormat.Names.group)
    leave()
  }

  // MARK: Messages

  mutating func beginMessage() {
    closeOpen(group: false)
    guard envelope.messages.count < limits.messages else {
      return stop("parse.edifact_too_many", .unspecified, facts: ["limit": String(limits.messages)])
    }
    let identifier = components(2)
    envelope.messages.append(.init(reference: string(1), identifier: identifier, group: isInGroup ? envelope.groups.count : 0))
    place.message = envelope.messages.count
    place.group = isInGroup ? envelope.groups.count : 0
    place.segment = 1
    place.service = "UNH"
    isInMessage = true
    isSkipped = false
    messageReference = Array(scanner.value(1) ?? [])
    checkCharacters()
    if isInGroup { groupMessages += 1 } else { looseMessages += 1 }
    if !isInGroup, !envelope.groups.isEmpty { note("parse.edifact_mixed", .groupsAndMessagesMixed) }
    require([(1, 0), (2, 1), (2, 2), (2, 3), (2, 4)])
    checkUnique(identifier)
    checkType(identifier.first ?? "")
    if !isSkipped { add(.unh) }
  }

  /// Version 4 tells messages apart by reference and type, the versions before by the reference alone.
  private mutating func checkUnique(_ identifier: [String]) {
    var key = messageReference
    if envelope.version >= 4 { for part in identifier { key += [0x1F] + Array(part.utf8) } }
    if !references.insert(key).inserted { note("parse.edifact_duplicate", .duplicate, element: 1) }
  }

  private mutating func checkType(_ type: String) {
    if isInGroup, envelope.version < 4 {
      if let first = groupType, !first.hasSameBytes(as: type) {
        note("parse.edifact_types_mixed", .messageTypesMixed, element: 2, component: 1)
      }
      groupType = groupType ?? type
    }
    guard let types = grammar?.messageTypes, !types.isEmpty, !type.isEmpty else { return }
    if !types.contains(where: { $0.hasSameBytes(as: type) }) {
      note(
        "parse.edifact_message_type", .valueNotSupported, element: 2, component: 1, facts: ["expected": types.joined(separator: ", ")])
      isSkipped = true
    }
  }

  mutating func endMessage() {
    guard isInMessage else {
      place.segment = 0
      place.message = 0
      return note("parse.edifact_outside", .outsideMessage)
    }
    place.segment += 1
    place.service = "UNT"
    checkCharacters()
    checkTrailer(count: place.segment, reference: messageReference)
    closeNodes(EDIFACTFormat.Names.message)
    leaveMessage()
  }

  private mutating func leaveMessage() {
    isInMessage = false
    if !isSkipped { _ = placer?.close(EDIFACTFormat.Names.message) }
    isSkipped = false
    place.message = 0
    place.segment = 0
  }

  /// Ends the nodes of a message or group in the tree.
  private mutating func closeNodes(_ name: String) {
    let isNothing = name.hasSameBytes(as: EDIFACTFormat.Names.message) && isSkipped
    guard !isNothing else { return }
    let count = placer == nil ? 1 : placer?.close(name) ?? 0
    guard findings.isEmpty else { return }
    for _ in 0..<count { builder.close() }
  }
}
