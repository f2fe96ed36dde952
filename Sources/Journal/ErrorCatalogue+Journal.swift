package import Primitives

extension ErrorCatalogue {
  /// Codes of the journal and of its stores; see `docs/errors.md`.
  package static let journal: [ErrorDefinition] = [
    .init(
      "journal.overloaded", .error,
      en: "The journal's queue of {limit} changes is full; try again later.", zh: "日志写入队列（{limit} 项）已满，请稍后再试。"),
    .init("journal.closed", .error, en: "The journal is closed.", zh: "日志已关闭。"),
    .init(
      "journal.faulted", .fault,
      en: "The journal has stopped writing after {cause}; reading goes on.", zh: "日志因 {cause} 停止写入，读取仍可用。"),
    .init(
      "journal.read_back", .fault,
      en: "What was read back from the store is not what was written, at ledger entry {index}.",
      zh: "从存储读回的内容与写入的不一致，账本条目 {index}。"),
    .init(
      "journal.ledger_unsound", .fault,
      en: "The stored ledger does not agree with itself at entry {index}: {reason}.", zh: "存储的账本在条目 {index} 处不一致：{reason}。"),
    .init(
      "journal.ledger_origin", .fault,
      en: "The journal belongs to another ledger name or key than the configured one.", zh: "日志所属的账本名称或密钥与配置不符。"),
    .init("journal.locked", .error, en: "Another process has the journal open for writing.", zh: "另一进程已打开该日志进行写入。"),
    .init("journal.read_only", .error, en: "The journal is open for reading only.", zh: "日志以只读方式打开。"),
    .init(
      "journal.newer_schema", .error,
      en: "The journal was written by a newer version (schema {found}, this program knows {known}).",
      zh: "日志由更新的版本写入（结构版本 {found}，本程序支持 {known}）。"),
    .init(
      "journal.unsafe_settings", .fault,
      en: "The database does not accept the setting {setting}, without which nothing is durable.",
      zh: "数据库不接受设置 {setting}，无法保证持久性。"),
    .init(
      "journal.group_undone", .error,
      en: "A group of changes is written anew, so that one of them can be undone. Inside the journal only.",
      zh: "为撤销其中一项，整组更改将重新写入。仅在日志内部出现。"),
    .init("journal.open_failed", .error, en: "The journal cannot be opened.", zh: "无法打开日志。"),
    .init("journal.storage_full", .error, en: "The journal's storage is full.", zh: "日志存储空间已满。"),
    .init("journal.unreachable", .error, en: "The journal's database cannot be reached.", zh: "无法连接日志数据库。"),
    .init(
      "journal.uri_invalid", .error,
      en: "The URI of the journal's database cannot be used ({reason}): a postgresql:// URI of libpq, without a password, is needed.",
      zh: "日志数据库的 URI 无法使用（{reason}）：需要不含密码的 libpq postgresql:// URI。"),
    .init("journal.busy", .error, en: "The journal's database stayed busy for too long.", zh: "日志数据库长时间繁忙。"),
    .init("journal.storage", .fault, en: "The journal's storage failed.", zh: "日志存储发生故障。"),
    .init(
      "journal.commit_failed", .fault,
      en: "The journal could not make a group of changes durable.", zh: "日志无法使一组变更持久化。"),
    .init(
      "journal.commit_unknown", .error,
      en:
        "The database was lost at a commit, and whether it took effect could not be found out. Ask again: what took effect is not done twice.",
      zh: "提交时与数据库的连接中断，无法确认是否已生效。请重试：已生效的操作不会重复执行。"),
    .init("journal.rehearsed", .error, en: "The change was only rehearsed, and undone.", zh: "该变更仅为演练，已撤销。"),
    .init(
      "journal.row_invalid", .error,
      en: "A stored row of {table} does not have the expected form ({column}).", zh: "{table} 的存储行格式不正确（{column}）。"),
    .init(
      "journal.constraint", .error,
      en: "The change contradicts a rule of the journal.", zh: "该变更违反日志的约束。"),
    .init(
      "journal.storage_key", .error, en: "The journal was sealed with another storage key than the configured one.",
      zh: "日志使用的存储密钥与配置的不同。"),
    .init(
      "journal.not_sealed", .error,
      en: "The journal holds data in plain: seal it with `causeway journal seal`, after keeping the storage key in a safe place.",
      zh: "日志含明文数据：请先妥善保管存储密钥，再用 `causeway journal seal` 加密。"),
    .init(
      "journal.rewrap_check", .error, en: "The new storage key does not give back a key that it wrapped; nothing was changed.",
      zh: "新的存储密钥无法还原其封装的密钥；未作任何更改。"),
    .init("journal.index_key_missing", .fault, en: "The sealed journal has lost its index key.", zh: "已加密的日志缺少索引密钥。"),
    .init("journal.data_key_missing", .fault, en: "The data key of clearance {clearance} is missing.", zh: "缺少通关案 {clearance} 的数据密钥。"),
    .init(
      "journal.data_key_damaged", .fault,
      en: "The data key of clearance {clearance} does not unwrap: it is damaged, another clearance's, or of another storage key.",
      zh: "通关案 {clearance} 的数据密钥无法解封：已损坏、属于其他通关案或其他存储密钥。"),
    .init(
      "journal.sealed_damaged", .fault, en: "Sealed data of {table} ({column}) has been changed.", zh: "{table}（{column}）的加密数据已被改动。"),
    .init(
      "journal.sealed_misplaced", .fault, en: "Sealed data of {table} ({column}) belongs to another place.",
      zh: "{table}（{column}）的加密数据属于其他位置。"),
    .init(
      "journal.erased", .error, en: "The data of clearance {clearance} has been erased.", zh: "通关案 {clearance} 的数据已删除。"),
    .init("journal.not_found", .error, en: "There is no such {what} in the journal.", zh: "日志中没有该 {what}。"),
  ]
}
