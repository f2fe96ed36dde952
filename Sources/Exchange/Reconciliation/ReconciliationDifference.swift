import Primitives

/// In what two sides differ about one subject.
package enum ReconciliationDifference: String, Hashable, Sendable, CaseIterable {
  /// The sender of a message has it, the recipient does not.
  case notReceived = "not_received"
  /// The recipient of a message has it, the sender does not: it has never sent it, or has lost it.
  case notSent = "not_sent"
  /// Both have a message of this id, with another header or payload.
  case contentDiffers = "content_differs"
  /// Both have the message, one without the recipient's receipt.
  case receiptMissing = "receipt_missing"
  /// Both have the message, with two receipts.
  case outcomeDiffers = "outcome_differs"
  /// The sides of a clearance stand otherwise with one than with the other, or one does not have it: for example cleared on one side only.
  case statusDiffers = "status_differs"

  /// Compares what two sides hold.
  ///
  /// - Parameter holder: the economy that `own` belongs to.
  /// - Returns: nil when there is no difference, or none yet.
  package static func between(_ own: ReconciliationFacts, of holder: String, _ partner: ReconciliationFacts) -> Self? {
    guard !own.isInFlight, !partner.isInFlight else { return nil }
    switch (own.held, partner.held) {
    case (.message(let message), .nothing(let isOnLedger)):
      return missing(message, isSender: message.sender.hasSameBytes(as: holder), isOnLedger)
    case (.nothing(let isOnLedger), .message(let message)):
      return missing(message, isSender: !message.sender.hasSameBytes(as: holder), isOnLedger)
    case (.message(let own), .message(let partner)):
      if own.envelope != partner.envelope || own.payload != partner.payload { return .contentDiffers }
      if own.receipt == partner.receipt { return nil }
      return own.receipt == nil || partner.receipt == nil ? .receiptMissing : .outcomeDiffers
    case (.clearance(let own), .clearance(let partner)): return own == partner ? nil : .statusDiffers
    case (.clearance, .nothing), (.nothing, .clearance): return .statusDiffers
    default: return nil
    }
  }

  /// - Parameters:
  ///   - isSender: whether the side that has the message is the one that sent it.
  ///   - isOnLedger: whether the ledger of the other one names it.
  private static func missing(_ message: ReconciliationFacts.Message, isSender: Bool, _ isOnLedger: Bool) -> Self? {
    guard isSender else { return .notSent }
    // The sender holds a signed refusal, and the recipient's ledger has it: nothing is missing.
    return message.isAccepted == false && isOnLedger ? nil : .notReceived
  }
}
