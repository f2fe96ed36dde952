import JSONTree

/// For stores: the versions of a message as the text of a JSON object.
package enum VersionsText {
  package static func write(_ versions: [String: String]) -> String {
    let pairs = versions.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
    return String(decoding: JSONValue.object(JSONObject(pairs)).serialized(), as: UTF8.self)
  }

  package static func read(_ text: String) -> [String: String]? {
    if text.utf8.count == 2 { return [:] }
    guard let members = try? JSONValue.parse(Array(text.utf8)).object?.members else { return nil }
    var versions: [String: String] = [:]
    for member in members {
      guard let version = member.value.string else { return nil }
      versions[member.name] = version
    }
    return versions
  }
}
