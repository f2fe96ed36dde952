/// How far one side of a clearance has come. Each side has exactly one owner, the gateway of that side's economy; the other
/// gateway repeats what the owner's signed messages say, in the owner's order.
///
/// The raw values are the codes of the list `clearance-status`.
package enum SideStatus: String, Sendable, CaseIterable {
  /// Export: the declaration has been handed in to the gateway.
  case declared
  /// Import: the pre-filled declaration lacks nothing and waits to be lodged.
  case prefilled
  /// Import: facts are missing that only this side can give.
  case supplementRequested = "supplement_requested"
  /// Import: complete and handed over to the local single window.
  case lodged
  /// Customs has accepted the declaration.
  case accepted
  /// Customs has released the goods. Final.
  case released
  /// Customs, or the gateway's validation, has refused it. A corrected declaration (amendment) may follow.
  case refused
  /// The declarant has withdrawn it. Final.
  case withdrawn

  package var isFinal: Bool { self == .released || self == .withdrawn }
}

/// Which of the two sides of a clearance.
package enum SideKind: String, Sendable, CaseIterable {
  case export
  case `import`

  package var other: SideKind { self == .export ? .import : .export }
}

/// One side as it stands: the revision of the declaration that it is about, and its status.
package struct Side: Hashable, Sendable {
  /// 1 for the original declaration, one more for each amendment.
  package var revision: Int
  package var status: SideStatus
  /// Registration number that the side's customs gave, when known.
  package var registrationID: String?

  package init(revision: Int, status: SideStatus, registrationID: String? = nil) {
    self.revision = revision
    self.status = status
    self.registrationID = registrationID
  }
}

extension SideKind {
  /// The statuses that may follow `status` on this side within one revision.
  ///
  /// A new revision (amendment) is a move of its own: see ``Clearance/apply(_:on:)``.
  package func successors(of status: SideStatus) -> Set<SideStatus> {
    switch (self, status) {
    case (.export, .declared): [.accepted, .refused, .withdrawn]
    case (.export, .accepted): [.released, .refused, .withdrawn]
    case (.export, .refused): [.withdrawn]
    case (.import, .prefilled): [.lodged, .refused, .withdrawn]
    case (.import, .supplementRequested): [.lodged, .refused, .withdrawn]
    case (.import, .lodged): [.accepted, .refused, .withdrawn]
    case (.import, .accepted): [.released, .refused, .withdrawn]
    case (.import, .refused): [.withdrawn]
    default: []
    }
  }

  /// The statuses in which a revision may begin on this side.
  package var entryStatuses: Set<SideStatus> {
    switch self {
    case .export: [.declared]
    case .import: [.prefilled, .supplementRequested, .refused]
    }
  }

  /// The steps from one status to a later one, when customs tells only the last: who releases has accepted, who accepts was handed it. Empty:
  /// nothing new. A status beside that way (a refusal), or of a side that has not begun, is a step of its own, whatever comes of it.
  package func steps(from current: SideStatus?, to status: SideStatus) -> [SideStatus] {
    let way: [SideStatus] = self == .export ? [.accepted, .released] : [.lodged, .accepted, .released]
    func place(_ status: SideStatus) -> Int? {
      switch status {
      // The export side's declaration is with its customs from the start.
      case .declared, .prefilled, .supplementRequested: -1
      case .lodged where self == .export: -1
      default: way.firstIndex(of: status)
      }
    }
    guard let from = current.flatMap(place), let to = place(status) else { return status == current ? [] : [status] }
    return from < to ? Array(way[(from + 1)...to]) : []
  }
}
