package import Declarations
package import JSONTree
package import Primitives

/// A declaration in a format that holds fewer items: several documents, and how to put them together again.
package struct SplitTranslation: Sendable {
  package let split: DeclarationSplit
  /// One for each part, in order. None has a complement: what stays at home is that of the whole declaration.
  package let parts: [Translation]

  /// What all parts ask for in the same place of the declaration itself: asked once, answered for all of them.
  package var common: [SupplementRequest.Item] {
    guard let first = parts.first else { return [] }
    let others = parts.dropFirst().map { Set($0.supplement.items.map { ByteString($0.path) }) }
    return first.supplement.items.filter { item in
      !item.path.utf8.contains(0x5B) && others.allSatisfy { $0.contains(ByteString(item.path)) }
    }
  }

  /// The plan of the division, in its stable JSON form (`schemas/split-plan.schema.json`).
  package var json: JSONValue {
    var plan = split.json
    if let part = parts.first { plan["profile"] = .string(part.profile.name) }
    plan["common"] = .array(common.map { .string($0.path) })
    return .object(plan)
  }
}

extension Translator {
  /// Declaration → documents of a format, as many as its item limit makes necessary; one when it has room for all.
  ///
  /// - Parameter limit: fewer items than the format's own limit.
  /// - Throws: `write.shape_unknown`.
  package func writeParts(
    _ source: ValidDocument, released: Declaration? = nil, to profile: Profile, options: Options = Options(), limit: Int? = nil
  ) throws(CausewayError) -> SplitTranslation {
    var options = options
    options.makesComplement = false
    let whole = released ?? source.declaration
    let split = library.splitting.split(whole, limit: max(1, min(limit ?? .max, profile.itemLimit)))
    var parts: [Translation] = []
    for part in split.parts {
      var run = TranslationRun(library: library, source: source, target: profile, options: options)
      if split.parts.count > 1 { run.part = (whole, split.changed) }
      parts.append(try run.translate(part))
    }
    return SplitTranslation(split: split, parts: parts)
  }

  /// The whole of parts that came back, in the order of the split.
  ///
  /// - Returns: the declaration, and dictionary ids of what the parts say differently: it is absent.
  /// - Throws: `write.parts_incomplete`.
  package func rejoin(_ parts: [Declaration], _ split: DeclarationSplit) throws(CausewayError) -> (
    declaration: Declaration, conflicts: [String]
  ) {
    let (declaration, conflicts) = try library.splitting.rejoin(parts, numbers: split.numbers)
    return (declaration, conflicts.map { library.dictionary[$0].id })
  }
}
