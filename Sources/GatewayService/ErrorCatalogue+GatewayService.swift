package import Primitives

extension ErrorCatalogue {
  package static let gatewayService: [ErrorDefinition] = [
    .init("key.unreadable", .error, en: "A certificate or key of the partner listener cannot be read.", zh: "伙伴监听的证书或密钥无法读取。"),
    .init(
      "receive.busy", .error, en: "Too many bytes are being received at this moment: come again in {seconds} seconds.",
      zh: "当前接收的数据过多,请在 {seconds} 秒后重试。"),
  ]
}
