import FoundationEssentials
package import Primitives

/// All code lists and conversions of a folder: `<list>.csv` and `conversions/<conversion>.csv`.
package struct CodeLibrary: Sendable {
  private let listsByID: [ByteString: CodeList]
  private let conversionsByID: [ByteString: CodeConversion]

  package func list(_ id: String) -> CodeList? { listsByID[ByteString(id)] }
  package func conversion(_ id: String) -> CodeConversion? { conversionsByID[ByteString(id)] }

  /// In order of id.
  package var lists: [CodeList] { listsByID.sorted { $0.key < $1.key }.map(\.value) }
  package var conversions: [CodeConversion] { conversionsByID.sorted { $0.key < $1.key }.map(\.value) }

  /// A file by its name without folder and suffix.
  package struct File: Sendable {
    package let name: String
    package let path: String
    package let bytes: [UInt8]

    package init(name: String, path: String, bytes: [UInt8]) {
      self.name = name
      self.path = path
      self.bytes = bytes
    }
  }

  /// Builds a library from files that were read.
  ///
  /// - Throws: `config.csv_malformed`, `config.codelist_invalid`: the problems of all files at once.
  package init(lists: [File], conversions: [File]) throws(CausewayError) {
    var problems: [Problem] = []
    var listsByID: [ByteString: CodeList] = [:]
    for file in lists {
      do throws(CausewayError) {
        listsByID[ByteString(file.name)] = try CodeList.load(csv: file.bytes, id: file.name, file: file.path)
      } catch { problems += error.problems }
    }
    var conversionsByID: [ByteString: CodeConversion] = [:]
    for file in conversions {
      do throws(CausewayError) {
        conversionsByID[ByteString(file.name)] = try CodeConversion.load(csv: file.bytes, id: file.name, file: file.path) {
          listsByID[ByteString($0)]
        }
      } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    self.listsByID = listsByID
    self.conversionsByID = conversionsByID
  }

  /// Loads a folder.
  ///
  /// - Throws: `config.file_unreadable`, and what `init(lists:conversions:)` throws.
  package static func load(folder: String) throws(CausewayError) -> CodeLibrary {
    try CodeLibrary(lists: tables(folder), conversions: tables(folder + "/conversions"))
  }

  private static func tables(_ folder: String) throws(CausewayError) -> [File] {
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw CausewayError("config.file_unreadable", pointer: folder, underlying: String(describing: error))
    }
    var files: [File] = []
    for name in names.sorted() where name.hasSuffix(".csv") {
      let path = folder + "/" + name
      guard let data = FileManager.default.contents(atPath: path) else { throw CausewayError("config.file_unreadable", pointer: path) }
      files.append(File(name: String(name.dropLast(4)), path: path, bytes: [UInt8](data)))
    }
    return files
  }
}
