package import Primitives

/// How long the data of clearances of one kind is kept, and which law says so. The first rule that fits a clearance decides; where none does, its
/// data is kept.
package struct RetentionRule: Hashable, Sendable {
  /// What the clearance is to this gateway.
  package enum Kind: String, Sendable, CaseIterable {
    /// Declared here.
    case export
    /// Declared by the partner.
    case `import`
    /// A document of which no clearance came: it was refused.
    case submission
  }

  /// Stands on the ledger with each erasure. 1…64 bytes of printable ASCII.
  package let id: String
  /// nil is any.
  package let kind: Kind?
  /// nil is any.
  package let corridor: String?
  package let period: RetentionPeriod
  /// Where the period stands, for people.
  package let law: String

  init?(reading section: inout SettingsReader) {
    let (id, law, corridor) = (section.string("id"), section.string("law"), section.optionalString("corridor"))
    let kindName = section.optionalString("kind")
    let kind = kindName.flatMap(Kind.init)
    if kindName != nil, kind == nil {
      section.refuse("kind", "config.type", ["expected": Kind.allCases.map(\.rawValue).joined(separator: "|")])
    }
    if let id, id.utf8.count > 64 || !id.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) {
      section.refuse("id", "config.type", ["expected": "at most 64 printable ASCII characters"])
    }
    let period = section.section("period") { section -> RetentionPeriod? in
      let years = section.integer("years", in: 1...100, default: 0)
      let months = section.integer("months", in: 1...1200, default: 0)
      let days = section.integer("days", in: 1...36_500, default: 0)
      guard let years, let months, let days else { return nil }
      return RetentionPeriod(years: years, months: months, days: days)
    }
    // Without this a period that somebody forgot to fill in would erase everything that has ended.
    if period?.isEmpty == true { section.refuse("period", "config.type", ["expected": "years, months or days"]) }
    guard let id, let law, let period, !period.isEmpty else { return nil }
    self.init(id: id, kind: kind, corridor: corridor, period: period, law: law)
  }

  init(id: String, kind: Kind?, corridor: String?, period: RetentionPeriod, law: String) {
    self.id = id
    self.kind = kind
    self.corridor = corridor
    self.period = period
    self.law = law
  }
}

/// A span of the calendar.
package struct RetentionPeriod: Hashable, Sendable {
  package let years: Int
  package let months: Int
  package let days: Int

  package init(years: Int = 0, months: Int = 0, days: Int = 0) {
    self.years = years
    self.months = months
    self.days = days
  }

  var isEmpty: Bool { years == 0 && months == 0 && days == 0 }

  /// The span is never shorter than this.
  var leastDays: Int { years * 365 + months * 28 + days }

  /// The moment at which the span is over, by the calendar in UTC: first years and months, to the last day of a month that has no such day, then
  /// days.
  ///
  /// - Returns: nil: not before the year 10000.
  package func end(from start: Instant) -> Instant? {
    let day = start.milliseconds / 86_400_000
    let date = CivilDate.fromDays(day)
    let monthsFromZero = date.year * 12 + Int64(date.month) - 1 + Int64(years * 12 + months)
    let (year, month) = (monthsFromZero / 12, monthsFromZero % 12 + 1)
    // No month is shorter than 28 days.
    let last = (0...3).lazy.compactMap { CivilDate.toDays(year: year, month: month, day: Int64(date.day - $0)) }.first
    return last.map { start.adding(milliseconds: ($0 + Int64(days) - day) * 86_400_000) }
  }
}
