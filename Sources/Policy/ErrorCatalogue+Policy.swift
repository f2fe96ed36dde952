package import Primitives

extension ErrorCatalogue {
  /// Codes of the release policies.
  package static let policy: [ErrorDefinition] = [
    .init("policy.invalid", .error, en: "The release policy is invalid: {reason}.", zh: "放行策略无效：{reason}。"),
    .init(
      "policy.withholds_required", .error, en: "The policy {policy} withholds {element}, which {profile} requires.",
      zh: "放行策略 {policy} 不允许发送 {element}，而 {profile} 要求该要素。"),
    .init(
      "release.other_document", .refusal, en: "The policy {policy} is for documents of the kind {document}.",
      zh: "放行策略 {policy} 仅适用于 {document} 类单证。"),
    .init(
      "release.other_dictionary", .fault, en: "The policy {policy} was loaded with another dictionary than the document.",
      zh: "放行策略 {policy} 与单证使用的字典不同。"),
  ]
}
