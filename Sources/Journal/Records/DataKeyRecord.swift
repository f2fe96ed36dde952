package import Primitives

/// The key under which the data of one clearance is sealed, wrapped; and whether that data may, or must not, be erased.
///
/// There is one from the first record of the clearance on, whether or not a clearance ever comes of it.
package struct DataKeyRecord: Hashable, Sendable {
  package let clearance: String
  /// nil once the data has been erased: nobody can read it any more.
  package var wrapped: [UInt8]?
  package let created: Instant
  /// nil: not erased. There is a wrapped key exactly when there is no erasure.
  package var erasure: Erasure?
  /// Set: must not be erased.
  package var hold: LegalHold?

  package init(clearance: String, wrapped: [UInt8]?, created: Instant, erasure: Erasure? = nil, hold: LegalHold? = nil) {
    self.clearance = clearance
    self.wrapped = wrapped
    self.created = created
    self.erasure = erasure
    self.hold = hold
  }
}

/// That the data of a clearance is gone, since when and why.
package struct Erasure: Hashable, Sendable {
  package let time: Instant
  /// A code; the catalogue is the gateway's.
  package let ground: String
  /// Id of the retention rule that it followed from.
  package let rule: String?

  package init(time: Instant, ground: String, rule: String? = nil) {
    self.time = time
    self.ground = ground
    self.rule = rule
  }
}

/// That the data of a clearance must not be erased, whatever else says so.
package struct LegalHold: Hashable, Sendable {
  package let since: Instant
  package let reason: String
  /// Who set it.
  package let actor: String

  package init(since: Instant, reason: String, actor: String) {
    self.since = since
    self.reason = reason
    self.actor = actor
  }
}

/// Which clearances have ended, are neither erased nor held, and have rested since some time. The longest at rest first.
package struct EndedQuery: Sendable {
  package enum Kind: Hashable, Sendable {
    /// Clearances in which this gateway has that side, and of which none of these is the status.
    case side(String, except: [String])
    /// Documents of which no clearance came. In these states of a message nothing more comes of it.
    case noClearance(states: [String])
  }

  package var kind: Kind
  /// nil is any.
  package var corridor: String?
  package var exceptCorridors: [String]
  /// Last changed at this time or earlier.
  package var until: Instant
  /// 1…1000.
  package var limit: Int

  package init(kind: Kind, corridor: String?, exceptCorridors: [String] = [], until: Instant, limit: Int) {
    self.kind = kind
    self.corridor = corridor
    self.exceptCorridors = exceptCorridors
    self.until = until
    self.limit = min(max(limit, 1), 1000)
  }
}

/// A clearance that has ended, and when it last changed.
package struct EndedClearance: Hashable, Sendable {
  package let clearance: String
  package let ended: Instant

  package init(clearance: String, ended: Instant) {
    self.clearance = clearance
    self.ended = ended
  }
}
