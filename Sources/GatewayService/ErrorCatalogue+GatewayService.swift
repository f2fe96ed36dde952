package import Primitives

extension ErrorCatalogue {
  package static let gatewayService: [ErrorDefinition] = [
    .init("key.unreadable", .error, en: "A certificate or key of the partner listener cannot be read.", zh: "伙伴监听的证书或密钥无法读取。")
  ]
}
