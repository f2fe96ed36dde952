/// The entries of archives, for whoever holds the leaf hashes of them.
package struct ArchivedEntries: Sendable {
  /// Lends the bytes of a file by its path below the archive's folder; nil when it is not there. Need not be true.
  package typealias Read = @Sendable (String) -> [UInt8]?

  private let archives: [(range: Range<Int>, read: Read)]

  /// - Parameter archives: what reads the files of each. One without a manifest that can be read holds nothing.
  package init(_ archives: [Read]) {
    self.archives = archives.compactMap { read in
      guard let bytes = read(ArchiveManifest.path), let manifest = try? ArchiveManifest(parsing: bytes) else { return nil }
      return (manifest.start..<manifest.end, read)
    }
  }

  /// The entries of one full bundle as an archive has them, unverified; nil when none has it.
  package func bundle(_ index: Int) -> [[UInt8]]? {
    let tile = Tile(.entries, index: index)
    for archive in archives where archive.range.contains(index * Tile.fullWidth) {
      if let bytes = archive.read(tile.path), let entries = try? tile.entries(parsing: bytes) { return entries }
    }
    return nil
  }
}
