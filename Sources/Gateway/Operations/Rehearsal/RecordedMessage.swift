import Exchange
import JSONTree
import Journal
import Primitives
import Trust

/// A message of the journal, with all that its translation is a function of besides the rules.
struct RecordedMessage: Sendable {
  let message: MessageRecord
  /// Outbound: the local document, as edited where it was. Inbound: the partner's, as it came.
  let document: PayloadRecord
  /// nil: outbound, and never sealed.
  let header: EnvelopeHeader?
  /// As it stood for this message, as far as that is known; nil: it begins one.
  let clearance: Clearance?
  let references: [String]
  /// Inbound: what opens the root over the fields.
  let secret: HMACKey?

  /// Why a message is not rehearsed.
  enum Skip: String, Sendable, Error, CaseIterable {
    /// Its clearance's data has been erased.
    case erased
    case documentMissing = "no_document"
    /// What customs here decided is told as it is, whatever the rules.
    case ownStatus = "own_status"
    /// It was refused before there was a clearance.
    case clearanceMissing = "no_clearance"
    /// It cannot be read in the journal: `ledger verify` and the audit say more.
    case unreadable
  }

  /// - Throws: `journal.*` that may pass.
  static func read(_ id: MessageID, _ reader: any JournalReader) throws(CausewayError) -> Result<RecordedMessage, Skip> {
    do throws(CausewayError) {
      return try found(id, reader)
    } catch {
      if error.mayPass { throw error }
      return .failure(.unreadable)
    }
  }

  private static func found(_ id: MessageID, _ reader: any JournalReader) throws(CausewayError) -> Result<RecordedMessage, Skip> {
    guard let message = try reader.message(id) else { return .failure(.unreadable) }
    if try reader.dataKey(message.clearance)?.erasure != nil { return .failure(.erased) }
    let isOutbound = message.direction == .outbound
    if isOutbound, message.kind == MessageKind.status.rawValue { return .failure(.ownStatus) }
    let document =
      isOutbound
      ? try GatewayNode.replayDocument(of: id, reader).map { $0.edited ?? $0.source }
      : try reader.payload(owner: id.text, kind: PayloadKind.wire.rawValue)
    guard let document else { return .failure(.documentMissing) }
    let header = message.header.isEmpty ? nil : try EnvelopeHeader.parse(message.header)
    let record = try reader.clearance(message.clearance)
    var clearance = try record.map { record throws(CausewayError) in try Clearance(record) }
    if message.kind == MessageKind.declaration.rawValue {
      clearance = isOutbound ? nil : clearance?.asItBegan
    } else if let revision = header?.revision {
      clearance = clearance?.withExport(revision: revision)
    }
    guard isOutbound || clearance != nil else { return .failure(.clearanceMissing) }
    let secret = isOutbound ? nil : try reader.payload(owner: id.text, kind: PayloadKind.fields.rawValue).flatMap { HMACKey($0.bytes) }
    return .success(
      RecordedMessage(
        message: message, document: document, header: header, clearance: clearance,
        references: isOutbound && clearance != nil ? try GatewayNode.references(of: message.clearance, reader) : [], secret: secret))
  }
}

extension Clearance {
  /// With nothing but the declaration that began it.
  fileprivate var asItBegan: Clearance {
    Clearance(
      id: id, ucr: nil, salt: salt, commitment: commitment, corridor: corridor, ownSide: ownSide,
      declared: timeline.first?.time ?? Instant(milliseconds: 0))
  }

  /// As a message of an earlier revision found the export side's revision. The rest is as it is now.
  fileprivate func withExport(revision: Int) -> Clearance {
    var side = export
    side.revision = revision
    return Clearance(
      id: id, ucr: ucr, salt: salt, commitment: commitment, corridor: corridor, ownSide: ownSide, export: side, import: `import`,
      beforeProposal: beforeProposal, sentSequence: sentSequence, receivedSequence: receivedSequence, timeline: timeline)
  }
}
