package import Primitives

extension ErrorCatalogue {
  package static let rules: [ErrorDefinition] = [
    .init(
      "config.rule_set_altered", .error, en: "The rule set is not what its name says: a file of it was altered.",
      zh: "规则集与其名称不符：其中有文件被改动。"),
    .init("config.rule_set_missing", .error, en: "The rule set is not staged here.", zh: "此处没有该规则集。"),
    .init(
      "rules.changed", .refusal, en: "Another rule set was activated meanwhile: look again.", zh: "其间已启用另一规则集，请重新核对。"),
    .init(
      "rules.ledger_renamed", .refusal, en: "The registry of the rule set names another ledger of this gateway: that needs a restart.",
      zh: "规则集的登记册所列本网关账本名称不同，须重新启动。"),
  ]
}
