import Exchange
import FoundationEssentials
import JSONTree
import Journal
package import Primitives

extension GatewayNode {
  /// Hands the documents behind the last one over to a folder or a webhook, in order. At least once: after a crash one may come again.
  ///
  /// - Returns: how many were handed over.
  func handOverDocuments(_ way: GatewayConfiguration.Handover) async throws(CausewayError) -> Int {
    let name = Self.name(of: way)
    var last = try await journal.read { reader throws(CausewayError) in try reader.value(name) }
    let sequence = last.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
    let items = try await inboxItems(after: sequence, limit: 32)
    for item in items {
      switch way {
      case .folder(let path): try Self.write(item, to: path)
      case .webhook(let url, let token):
        try await webhooks.post(url: url, token: token, body: item.json.serialized())
      }
      probe(.inboundHandedOver)
      let now = Array(String(item.record.sequence).utf8)
      // A conflict: another gateway on the journal has taken over.
      guard try await journal.commit(Change(preconditions: [.value(name, last)], operations: [.setValue(name, now)])).committed != nil
      else {
        break
      }
      last = now
    }
    return items.count
  }

  /// By where it leads, so that another order in the configuration file skips nothing.
  static func name(of way: GatewayConfiguration.Handover) -> String {
    switch way {
    case .folder(let path): "handover.folder.\(path)"
    case .webhook(let url, _): "handover.webhook.\(url)"
    }
  }

  /// Writes the whole file beside its place and then moves it there, so that nobody reads half of it.
  ///
  /// - Throws: `deliver.folder`.
  private static func write(_ item: InboxItem, to folder: String) throws(CausewayError) {
    let name = "\(item.record.sequence)-\(item.record.kind).json"
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(item.json.serialized()).write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
    } catch {
      throw CausewayError("deliver.folder", underlying: String(describing: error))
    }
  }
}

/// What calls an economy's own systems back.
package protocol WebhookTransport: Sendable {
  /// - Throws: `deliver.webhook` unless the answer is 2xx.
  func post(url: String, token: Redacted<String>?, body: [UInt8]) async throws(CausewayError)
}
