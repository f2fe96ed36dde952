extension LossMatrix {
  /// The matrix as a page of `docs/corridors/`, in Markdown: what an integration team reads before a corridor opens.
  ///
  /// - Parameter command: what makes the page anew.
  package func page(title: String, command: String) -> String {
    var lines = [
      "# \(title)", "",
      "What becomes of each element of \(direction == nil ? "a document" : "an export declaration") `\(from)` in \(target(of: to)). Made by `\(command)`; a test keeps it fresh.",
      "Worked out from mappings, code lists, crossing table and release policy, and confirmed by \(declarations) generated declarations.",
      "",
      "| class | elements | |", "|---|---:|---|",
    ]
    for kind in Class.allCases { if let count = counts[kind] { lines.append("| \(kind.rawValue) | \(count) | \(kind.meaning) |") } }
    for kind in Class.allCases {
      let rows = rows.filter { $0.class == kind }
      guard !rows.isEmpty else { continue }
      lines += ["", "## \(kind.rawValue)", "", "| element | from | to | codes | not always |", "|---|---|---|---|---|"]
      lines += rows.map(Self.line)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func target(of name: String) -> String { "`\(name)`" + (shape.map { ", \($0)" } ?? "") }

  private static func line(_ row: Row) -> String {
    let name = (row.element ?? "—") + (row.isRequired ? " *" : "")
    var codes = row.tables.joined(separator: ", ")
    if let count = row.codes {
      let parts = [("lossless", count.lossless), ("lossy", count.lossy), ("open", count.open)].filter { $0.1 > 0 }
      codes += (codes.isEmpty ? "" : ": ") + parts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
    }
    if let agreed = row.agreed { codes += (codes.isEmpty ? "" : "; ") + "agreed: `\(agreed)`" }
    return
      "| \(name) | \(short(row.source)) | \(short(row.target)) | \(codes) | \(row.conditions.map(\.rawValue).joined(separator: ", ")) |"
  }

  /// The last two names of each path.
  private static func short(_ paths: [String]) -> String {
    paths.map { path in "`" + path.split(separator: "/").suffix(2).joined(separator: "/") + "`" }.joined(separator: ", ")
  }
}

extension LossMatrix.Class {
  /// For the page.
  var meaning: String {
    switch self {
    case .carried: "the same value arrives; the last column says what may be in its way"
    case .converted: "by tables that lose nothing"
    case .lossy: "some codes say less on the other side or have no peer, or the leaf holds less; never guessed"
    case .computed: "follows from other values"
    case .swapped: "filled from the other side's element"
    case .ownSide: "belongs to the declaring side"
    case .withheld: "kept by the release policy"
    case .missing: "the target has no place for it; kept in the complement"
    case .supplement: "required (*) and asked for"
    case .open: "the target has an optional place that nothing fills"
    case .defaulted: "not declared for the other side; the draft takes what the two economies agreed on"
    }
  }
}
