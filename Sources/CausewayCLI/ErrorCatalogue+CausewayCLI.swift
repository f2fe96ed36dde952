import Declarations
import Exchange
import Formats
import Gateway
import GatewayService
import JSONTree
import Journal
import Ledger
import Policy
package import Primitives
import Translation
import Trust
import XMLTree
import YAMLTree

extension ErrorCatalogue {
  static let causewayCLI: [ErrorDefinition] = [
    .init("backup.altered", .refusal, en: "The backup is not what was signed when it was made.", zh: "备份与制作时签名的内容不符。"),
    .init("backup.foreign", .refusal, en: "The backup is another gateway's.", zh: "该备份属于另一网关。"),
    .init("backup.manifest", .refusal, en: "The backup's manifest is not of the expected form.", zh: "备份清单的格式不符合要求。"),
    .init("backup.not_empty", .error, en: "The database holds a journal: restore into an empty one.", zh: "数据库中已有日志：请恢复到空数据库。"),
    .init("config.file_encoding", .error, en: "The file is not UTF-8.", zh: "文件不是 UTF-8 编码。"),
    .init("config.file_unwritable", .error, en: "The file cannot be written.", zh: "文件无法写入。"),
    .init("config.folder_not_empty", .error, en: "The folder is not empty: take a new one.", zh: "文件夹非空：请使用新文件夹。"),
    .init("config.folder_in_use", .error, en: "Another command is writing to the folder.", zh: "另一命令正在写入该文件夹。"),
    .init("config.ledger_key_missing", .error, en: "The registry has no valid ledger key for {economy}.", zh: "登记册中没有 {economy} 的有效账本密钥。"),
    .init("config.no_port", .error, en: "No free port was found on this machine.", zh: "本机没有空闲端口。"),
    .init("config.process", .error, en: "The gateway's process could not be started.", zh: "网关进程无法启动。"),
    .init("config.schemas_missing", .error, en: "The folder of dictionary and profiles is not here.", zh: "此处没有字典与格式配置文件夹。"),
    .init(
      "config.timestamp_authorities", .error, en: "The file must hold certificates of certification authorities, and nothing else.",
      zh: "该文件必须且只能包含证书颁发机构的证书。"),
    .init("config.url_form", .error, en: "The address is not an http or https URL.", zh: "地址不是 http 或 https URL。"),
    .init("deliver.answer", .error, en: "The gateway answered with status {status}.", zh: "网关返回状态 {status}。"),
    .init("deliver.webhook", .error, en: "The webhook answered with status {status}.", zh: "网络回调返回状态 {status}。"),
    .init("config.file_exists", .error, en: "The file is there already and is not overwritten.", zh: "文件已存在，不予覆盖。"),
    .init("key.file_exists", .error, en: "The key file is there already and is not overwritten.", zh: "密钥文件已存在，不予覆盖。"),
    .init(
      "key.file_mode", .error, en: "Others than its owner may read or write the file of the storage key or its PIN: its mode must be 0600.",
      zh: "存储密钥或其 PIN 的文件可被所有者以外的用户读写，权限须为 0600。"),
    .init("key.hsm_pin_form", .error, en: "The file of the PIN must hold one line of 1 to 255 bytes.", zh: "PIN 文件须只含一行，1 至 255 字节。"),
    .init("receive.file_missing", .error, en: "There is no such file.", zh: "没有该文件。"),
    .init("ledger.message_missing", .fault, en: "A message does not stand in both ledgers with the same digest.", zh: "报文未以相同摘要同时载于两侧账本。"),
    .init("ledger.unsound", .fault, en: "The ledger is not sound: {findings} findings.", zh: "账本不完好：发现 {findings} 处问题。"),
    .init("profile.no_schema", .error, en: "The profile {profile} has no schema file {file}.", zh: "格式配置 {profile} 没有模式文件 {file}。"),
  ]
}

extension ErrorTexts {
  /// Every code of the program.
  package static let all = ErrorTexts(
    ErrorCatalogue.yamlTree + ErrorCatalogue.jsonTree + ErrorCatalogue.xmlTree + ErrorCatalogue.declarations + ErrorCatalogue.formats
      + ErrorCatalogue.translation + ErrorCatalogue.policy + ErrorCatalogue.trust + ErrorCatalogue.ledger + ErrorCatalogue.exchange
      + ErrorCatalogue.journal + ErrorCatalogue.gateway + ErrorCatalogue.replay + ErrorCatalogue.rules + ErrorCatalogue.gatewayService
      + ErrorCatalogue.causewayCLI
      + ErrorCatalogue.bench)
}
