package import Foundation

/// The published vectors and samples that live beside the repository and are not part of it.
package enum SharedData {
  package static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared").standardizedFileURL
  }()

  /// Whether a file or folder is there; a test that needs it runs only then, and says so when it does not.
  package static func has(_ path: String) -> Bool {
    let present = FileManager.default.fileExists(atPath: folder.appendingPathComponent(path).path)
    if !present { print("not run: ../shared is absent (\(path))") }
    return present
  }

  package static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appendingPathComponent(path))) }

  /// Paths below a folder with an extension, relative to ../shared, in order. An empty extension means all files.
  package static func files(_ path: String, extension suffix: String = "") -> [String] {
    let root = folder.appendingPathComponent(path)
    guard let found = FileManager.default.enumerator(atPath: root.path) else { return [] }
    return found.compactMap { $0 as? String }.filter { name in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: root.appendingPathComponent(name).path, isDirectory: &isFolder)
      return exists && !isFolder.boolValue && (suffix.isEmpty || name.hasSuffix(".\(suffix)"))
    }.sorted().map { "\(path)/\($0)" }
  }
}
