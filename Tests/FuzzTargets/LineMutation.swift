/// Changes the YAML of a profile by lines and words.
enum LineMutation {
  private static let numbers = [
    "0", "1", "-1", "9", "64", "65535", "2147483648", "9223372036854775807", "9223372036854775808", "1..0", "0..*", "1.5",
  ]
  private static let words = [
    "element", "at", "group", "key", "rules", "convert", "concat", "length", "compute", "const", "when", "local", "reason", "direction",
    "economy", "values", "card", "type", "code 3", "text 20", "decimal 10.3", "decimal 0.0", "integer 3", "date", "datetime", "indicator",
    "id 5", "base64 9", "list", "children", "required", "choice", "shapes", "attribute", "namespace", "~", "{}", "[]", "''",
    "GoodsItem", "GoodsItem.SequenceNumeric", "Commodity.HS6", "Declaration.TypeCode", "Origin.CountryCode", "cn-transport-mode",
    "Item[No=1]", "../Gross", "Items/Item", "@a", "*", "//", "max_count", "sum", "sequence", "not_greater", "unique", "export", "import",
  ]

  static func apply(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for _ in 0...random.below(3) {
      guard let line = lines.indices.randomElement(using: &random), let other = lines.indices.randomElement(using: &random) else {
        return nil
      }
      switch random.below(8) {
      case 0: if lines[line] != "%%" { lines.remove(at: line) }
      case 1: lines.insert(lines[line], at: line)
      case 2: lines.swapAt(line, other)
      case 3: lines.insert(lines[other], at: line)
      case 4: lines[line] = (random.below(2) == 0 ? "  " : "") + lines[line].drop { $0 == " " && random.below(2) == 0 }
      default: lines[line] = word(lines[line], lines[other], &random)
      }
    }
    return Array(lines.joined(separator: "\n").utf8)
  }

  /// A line with one of its words replaced.
  private static func word(_ line: String, _ other: String, _ random: inout Chance) -> String {
    func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber || "._-@".contains(character) }
    func pieces(_ line: String) -> [String] {
      var pieces: [String] = []
      for character in line {
        if isPart(character), let last = pieces.last?.last, isPart(last) {
          pieces[pieces.count - 1].append(character)
        } else {
          pieces.append(String(character))
        }
      }
      return pieces
    }
    var parts = pieces(line)
    let places = parts.indices.filter { parts[$0].first.map(isPart) ?? false }
    guard let place = random.pick(places) else { return line }
    switch random.below(4) {
    case 0: parts[place] = random.pick(numbers) ?? "0"
    case 1: parts[place] = random.pick(words) ?? "at"
    case 2: parts[place] = random.pick(pieces(other)) ?? ""
    default: parts.remove(at: place)
    }
    return parts.joined()
  }
}
