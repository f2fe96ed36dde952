package import Exchange
import Primitives

/// How much a partner may send to this gateway. The one without a partner is for all that have none of their own.
package struct QuotaSettings: Sendable {
  package let partner: String?
  package let quota: Quota

  /// More than a gateway on two processors takes in, so that only a flood meets it.
  static let standard = Quota(messagesPerMinute: 30_000, bytesPerMinute: 2048 << 20)
}

extension QuotaSettings {
  init?(reading section: inout SettingsReader) {
    let partner = section.optionalString("partner")
    let standard = Self.standard
    let messages = section.integer("messagesPerMinute", in: 1...1_000_000, default: standard.messagesPerMinute)
    let megabytes = section.integer("megabytesPerMinute", in: 1...100_000, default: standard.bytesPerMinute >> 20)
    guard let messages, let megabytes else { return nil }
    self.init(partner: partner, quota: Quota(messagesPerMinute: messages, bytesPerMinute: megabytes << 20))
  }
}

extension GatewayConfiguration {
  func quota(of partner: String) -> Quota {
    let own = quotas.first { $0.partner.map { ByteString($0) == ByteString(partner) } ?? false }
    return (own ?? quotas.first { $0.partner == nil })?.quota ?? QuotaSettings.standard
  }
}
