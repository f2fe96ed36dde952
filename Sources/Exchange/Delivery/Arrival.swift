/// Where a message stands among those that its sender numbered within one clearance.
package enum MessageOrder: Hashable, Sendable {
  case next, repeated
  /// It has overtaken another one.
  case early

  /// - Parameters:
  ///   - number: of the message, from 1.
  ///   - last: number of the last one that has been dealt with; 0 before the first.
  package init(of number: Int, after last: Int) {
    self = number == last + 1 ? .next : number <= last ? .repeated : .early
  }
}

/// A message that arrives, as far as it matters whether it was there before. The decision is pure: the receiver looks up the facts, and does what
/// ``decision`` says only if they still hold when it writes.
package struct Arrival: Hashable, Sendable {
  package enum Known: Hashable, Sendable {
    case nothing
    /// The same header. `isReceipted` is false when what was begun with it left no answer behind.
    case same(isReceipted: Bool)
    /// Another header, or a message of the receiver's own.
    case other
  }

  package enum Decision: Hashable, Sendable {
    /// It is new, or what was tried with it before came to nothing.
    case process
    /// The receipt that was given for this very message, byte for byte.
    case repeatReceipt
    /// The receipt that was given for a message with the same effect. `takesNumber`: what comes after would wait for it for ever.
    case repeatEffect(takesNumber: Bool)
    case refuseReusedID
    case refuseReusedNumber
    /// Nothing of it can be kept: the data of its clearance is gone.
    case refuseErased
    /// Not yet: the sender comes again.
    case later

    /// Whether the answer may leave at once. Otherwise it leaves when what it says is durable.
    package var isAnsweredAtOnce: Bool { self == .repeatReceipt || self == .repeatEffect(takesNumber: false) }
  }

  /// Under its message id.
  package var known: Known
  /// Whether a message with the same effect (sender, clearance, kind, revision, content) was accepted under another id.
  package var isEffectReceipted: Bool
  /// nil: its number counts for nothing here, the clearance being somebody else's.
  package var order: MessageOrder?
  package var isErased: Bool

  package init(known: Known, isEffectReceipted: Bool, order: MessageOrder?, isErased: Bool = false) {
    self.known = known
    self.isEffectReceipted = isEffectReceipted
    self.order = order
    self.isErased = isErased
  }

  package var decision: Decision {
    switch known {
    case .other: return .refuseReusedID
    case .same(isReceipted: true): return .repeatReceipt
    case .nothing where isEffectReceipted:
      if isErased { return .repeatEffect(takesNumber: false) }
      return order == .early ? .later : .repeatEffect(takesNumber: order == .next)
    case .nothing, .same(isReceipted: false): break
    }
    if isErased { return .refuseErased }
    return switch order {
    case .early: .later
    case .repeated: .refuseReusedNumber
    case .next, nil: .process
    }
  }

  /// What becomes of a message that is genuine (its signature holds, its payload is the one that was signed) and is refused by its header: too
  /// late, or outside of what was agreed. Dealt with in time, it gets the receipt that it got then. Otherwise it is refused (`process`) when its
  /// turn has come, for a signed refusal tells the sender to go on with the next number; and the refusal is remembered as its answer, so that a
  /// copy that comes when the reason is gone is not taken after all.
  package var decisionWhenRefused: Decision {
    if known == .same(isReceipted: true) { return .repeatReceipt }
    return order == .early && !isErased ? .later : .process
  }

  /// Whether another message with the same effect is a repetition from now on. One that was refused had none: what comes after it with the same
  /// content is dealt with, not swallowed.
  package static func remembersEffect(isAccepted: Bool) -> Bool { isAccepted }
}
