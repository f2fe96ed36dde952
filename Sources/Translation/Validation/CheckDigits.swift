/// Check digits and forms of identifiers. All take plain ASCII; anything else fails.
enum CheckDigits {
  /// ISO 6346: four letters, six digits, one check digit.
  static func iso6346(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 11, bytes[0..<4].allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }), bytes[4...].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return false }
    var sum = 0
    for (index, byte) in bytes[0..<10].enumerated() {
      var value = Int(byte) - 0x30
      if byte >= 0x41 {
        // Letters count from 10 upwards and leave out the multiples of 11.
        let letter = Int(byte) - 0x41
        value = letter + 10 + (letter + 9) / 10
      }
      sum += value << index
    }
    return sum % 11 % 10 == Int(bytes[10]) - 0x30
  }

  /// Unified social credit code (GB 32100): 18 characters, the last one a check character.
  static func uscc(_ text: String) -> Bool {
    let alphabet = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
    let bytes = Array(text.utf8)
    guard bytes.count == 18 else { return false }
    var sum = 0
    var weight = 1
    for byte in bytes[0..<17] {
      guard let value = alphabet.firstIndex(of: byte) else { return false }
      sum += value * weight
      weight = weight * 3 % 31
    }
    return alphabet[(31 - sum % 31) % 31] == bytes[17]
  }

  /// Unique entity number of Singapore: `nnnnnnnnX`, `yyyynnnnnX` or `TyyPQnnnnX`. The form only; the check letter's rule is not public.
  static func uen(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func digits(_ range: Range<Int>) -> Bool { bytes[range].allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
    func letter(_ index: Int) -> Bool { bytes[index] >= 0x41 && bytes[index] <= 0x5A }
    switch bytes.count {
    case 9: return digits(0..<8) && letter(8)
    case 10:
      if digits(0..<9) { return letter(9) }
      return [0x52, 0x53, 0x54].contains(bytes[0]) && digits(1..<3) && letter(3) && (letter(4) || digits(4..<5)) && digits(5..<9)
        && letter(9)
    default: return false
    }
  }

  /// Economic operators registration and identification number (Regulation (EU) 2015/2447, annex 12-01): two capital letters and up to fifteen
  /// letters or digits. A French one is a SIRET: fourteen digits with a Luhn check, of which the post office's numbers are free.
  static func eori(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (3...17).contains(bytes.count), bytes[0..<2].allSatisfy({ $0 >= 0x41 && $0 <= 0x5A }),
      bytes[2...].allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x61 && $0 <= 0x7A) })
    else { return false }
    guard bytes.starts(with: "FR".utf8) else { return true }
    let digits = bytes[2...].map { Int($0) - 0x30 }
    guard digits.count == 14, digits.allSatisfy({ (0...9).contains($0) }) else { return false }
    if bytes[2...].starts(with: "356000000".utf8) { return true }
    let sum = digits.enumerated().reduce(0) { sum, digit in
      let doubled = digit.offset.isMultiple(of: 2) ? digit.element * 2 : digit.element
      return sum + (doubled > 9 ? doubled - 9 : doubled)
    }
    return sum.isMultiple(of: 10)
  }

  /// Ship identification number of the International Maritime Organization: seven digits, the last one a check digit, with or without `IMO`
  /// before them. What is no such number (a ship's name, a flight) passes.
  static func imo(_ text: String) -> Bool {
    var bytes = Array(text.utf8)
    if bytes.starts(with: "IMO".utf8) { bytes.removeFirst(3) }
    while bytes.first == 0x20 { bytes.removeFirst() }
    guard bytes.count == 7, bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return !text.utf8.starts(with: "IMO".utf8) }
    let sum = bytes[0..<6].enumerated().reduce(0) { $0 + (Int($1.element) - 0x30) * (7 - $1.offset) }
    return sum % 10 == Int(bytes[6]) - 0x30
  }
}
