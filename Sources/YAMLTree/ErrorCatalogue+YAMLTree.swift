package import Primitives

extension ErrorCatalogue {
  /// Codes of reading configuration files.
  package static let yamlTree: [ErrorDefinition] = [
    .init("config.yaml_invalid", .error, en: "The configuration is invalid: {reason}.", zh: "配置无效：{reason}。"),
    .init("config.file_missing", .error, en: "The configuration file is missing or cannot be read.", zh: "配置文件不存在或无法读取。"),
  ]
}
