import Declarations
import Formats
import Primitives
import Translation
import YAMLTree

extension FuzzTarget {
  /// The files of a profile: head, structure, mapping and rules, one after the other with a line `%%` between. What loads, loads the same
  /// again, makes documents, and reads and writes them without a trap.
  static let mapping = FuzzTarget("mapping", mutation: LineMutation.apply) { bytes in
    let parts = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).split(
      omittingEmptySubsequences: false, whereSeparator: { $0.elementsEqual("%%".utf8) })
    guard parts.count == 4 else { return }
    let files = parts.map { Array($0.joined(separator: [0x0A])) }
    func load() throws(Violation) -> Profile? {
      try outcome { () throws(CausewayError) in
        let nodes = try zip(files, ["profile", "structure", "mapping", "rules"]).map { bytes, name throws(CausewayError) in
          try YAMLDocument.parse(bytes, file: "\(name).yaml")
        }
        let (dictionary, codes) = (Repository.library.dictionary, Repository.library.codes)
        return try Profile.make(
          head: nodes[0], structure: nodes[1], mapping: nodes[2], rules: nodes[3], dictionary: dictionary, codes: codes)
      }
    }
    guard let profile = try load() else { return }
    guard let again = try load() else { throw Violation(text: "loads once only") }
    for direction in [nil, Direction.export, .import] {
      try require(profile.carriedElements(direction) == again.carriedElements(direction), "another plan: elements carried")
      try require(profile.requiredElements(direction) == again.requiredElements(direction), "another plan: elements required")
    }
    for seed in 0..<4 as Range<UInt64> {
      let sample = try outcome { () throws(CausewayError) in try profile.sample(seed: seed, items: 2) }
      let twin = try outcome { () throws(CausewayError) in try again.sample(seed: seed, items: 2) }
      try require(sample == twin, "another plan: another sample")
      guard let sample else { continue }
      let translator = Repository.translator
      guard let document = try outcome({ () throws(CausewayError) in try translator.parse(sample, as: profile) }),
        let valid = try outcome({ () throws(CausewayError) in try translator.validate(document, as: profile) })
      else { continue }
      for target in [profile, Repository.library["uncefact.xml"]].compactMap(\.self) {
        let there = try outcome { () throws(CausewayError) in try translator.write(valid, to: target) }
        _ = try there.map { there in try outcome { () throws(CausewayError) in try there.bytes() } }
      }
    }
  }
}
