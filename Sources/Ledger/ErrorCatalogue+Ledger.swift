package import Primitives

extension ErrorCatalogue {
  /// Codes of this module; see `docs/errors.md`.
  package static let ledger: [ErrorDefinition] = [
    .init(
      "ledger.draft_invalid", .error,
      en: "A ledger entry cannot be made: {field} must be {expected}.", zh: "无法生成账本条目：{field} 必须是 {expected}。"),
    .init(
      "ledger.entry_invalid", .error,
      en: "The ledger entry is not valid: {field} must be {expected}.", zh: "账本条目无效：{field} 必须是 {expected}。"),
    .init(
      "ledger.entry_too_large", .error,
      en: "A ledger entry is larger than {limit} bytes.", zh: "账本条目超过 {limit} 字节。"),
    .init(
      "ledger.full", .fault,
      en: "The ledger has reached its largest size of {limit} entries.", zh: "账本已达到最大条目数 {limit}。"),
    .init(
      "ledger.proof_index", .error,
      en: "The proof's index or sizes are out of range for the tree.", zh: "证明中的序号或大小超出该树的范围。"),
    .init(
      "ledger.proof_length", .error,
      en: "The proof has {count} digests where {expected} belong.", zh: "证明含 {count} 个摘要，应为 {expected} 个。"),
    .init("ledger.proof_mismatch", .error, en: "The proof does not lead to the given root.", zh: "证明得不到给定的根哈希。"),
    .init(
      "ledger.proof_malformed", .error,
      en: "The proof is malformed: {field} must be {expected}.", zh: "证明格式错误：{field} 必须是 {expected}。"),
    .init("ledger.note_malformed", .error, en: "The signed note is malformed: {reason}.", zh: "签名便笺格式错误：{reason}。"),
    .init(
      "ledger.note_unknown_key", .error,
      en: "No known key has signed the note.", zh: "没有已知密钥签署该便笺。"),
    .init(
      "ledger.note_signature", .error,
      en: "A signature that names a known key does not verify.", zh: "标明已知密钥的签名未通过验证。"),
    .init(
      "ledger.verifier_key", .error,
      en: "The verifier key text is malformed: {reason}.", zh: "验证密钥文本格式错误：{reason}。"),
    .init(
      "ledger.checkpoint_malformed", .error,
      en: "The checkpoint is malformed: {reason}.", zh: "检查点格式错误：{reason}。"),
    .init(
      "ledger.checkpoint_origin", .error,
      en: "The checkpoint is of another log.", zh: "该检查点属于另一个日志。"),
    .init(
      "ledger.checkpoint_extension", .error,
      en: "The checkpoint carries extension lines, which nobody can audit.", zh: "检查点带有扩展行，无法审计。"),
    .init(
      "ledger.policy_invalid", .error,
      en: "The trust policy is not valid at line {line}: {reason}.", zh: "信任策略第 {line} 行无效：{reason}。"),
    .init(
      "ledger.quorum_missing", .error,
      en: "The checkpoint is cosigned by {found} known witnesses, which is no quorum.", zh: "检查点仅有 {found} 个已知见证方的联署，未达到法定数。"),
    .init(
      "ledger.fraud_malformed", .error,
      en: "The fraud proof is malformed: {field}.", zh: "欺诈证明格式错误：{field}。"),
    .init(
      "ledger.fraud_unproven", .error,
      en: "The two checkpoints do not show what the fraud proof says.", zh: "两个检查点并不能证明该欺诈证明所述内容。"),
    .init(
      "witness.request_malformed", .error,
      en: "The request to cosign is malformed: {reason}.", zh: "联署请求格式错误：{reason}。"),
    .init("ledger.tile_missing", .error, en: "The log's resource {path} is not there.", zh: "日志资源 {path} 不存在。"),
    .init("ledger.tile_malformed", .error, en: "The log's resource {path} is malformed: {reason}.", zh: "日志资源 {path} 格式错误：{reason}。"),
    .init("ledger.tile_mismatch", .error, en: "The log's resource {path} does not lead to the signed root.", zh: "日志资源 {path} 得不到已签名的根哈希。"),
    .init(
      "ledger.history_conflict", .fault,
      en: "The log's checkpoint of size {new} does not continue the one of size {old}: {reason}.",
      zh: "日志大小为 {new} 的检查点未延续大小为 {old} 的检查点：{reason}。"),
    .init(
      "ledger.repair_unvouched", .error,
      en: "No checkpoint of the journal or of a witness vouches for the copy of the ledger.", zh: "日志库或见证方均无检查点可为该账本副本担保。"),
    .init(
      "ledger.repair_incomplete", .fault,
      en: "The copy is not enough to put the ledger right: entry {index} ({field}). Nothing was changed.",
      zh: "该副本不足以修复账本：条目 {index}（{field}）。未作任何更改。"),
    .init("ledger.data_damaged", .fault, en: "Entry {index} is damaged ({field}).", zh: "条目 {index} 已损坏（{field}）。"),
    .init(
      "ledger.index_damaged", .fault,
      en: "Entry {index} is missing, surplus or out of its place ({field}).", zh: "条目 {index} 缺失、多余或错位（{field}）。"),
    .init(
      "ledger.chain_damaged", .fault,
      en: "Entry {index} does not continue the hash chain ({field}).", zh: "条目 {index} 未延续哈希链（{field}）。"),
    .init(
      "ledger.tree_damaged", .fault,
      en: "The hash tree is damaged at entry {index} ({field}).", zh: "哈希树在条目 {index} 处损坏（{field}）。"),
    .init(
      "ledger.checkpoint_damaged", .fault,
      en: "The signed checkpoint does not match the entries from {index} on ({field}).", zh: "自条目 {index} 起与签名检查点不符（{field}）。"),
    .init(
      "ledger.archive_damaged", .fault,
      en: "The archive from entry {index} on is not the one that the ledger has recorded ({field}).",
      zh: "自条目 {index} 起的归档与账本所记录的不符（{field}）。"),
    .init(
      "ledger.archive_malformed", .error, en: "The archive's manifest is malformed: {field}.", zh: "归档清单格式错误：{field}。"),
    .init(
      "ledger.archived", .error,
      en: "Entry {index} is in an archive, as all entries before {end}: name the archives' folders.",
      zh: "条目 {index} 已归档（{end} 之前的条目均已归档）：请指明归档文件夹。"),
    .init(
      "ledger.archive_nothing", .error,
      en: "There is nothing to archive: archives are whole bundles of 256 entries from entry {start} on, and the newest {kept} stay.",
      zh: "没有可归档的条目：归档自条目 {start} 起，以 256 条为单位，最新的 {kept} 条保留不动。"),
    .init(
      "ledger.fields_count", .error,
      en: "A fields root is over 1 to {limit} fields.", zh: "字段根哈希须涵盖 1 至 {limit} 个字段。"),
    .init(
      "ledger.disclosure_malformed", .refusal,
      en: "The disclosure is malformed: {field} must be {expected}.", zh: "披露文件格式错误：{field} 必须是 {expected}。"),
    .init(
      "ledger.disclosure_mismatch", .refusal,
      en: "The fields are not those that the ledger entry was made for.", zh: "这些字段与账本条目所承诺的字段不符。"),
    .init(
      "ledger.disclosure_entry", .refusal,
      en: "The ledger entry is not that of a declaration which was sent or accepted, by this profile and at this index.",
      zh: "该账本条目不是按此格式、在此序号下已发送或已接受的申报条目。"),
    .init(
      "ledger.disclosure_withheld", .refusal,
      en: "Not every field of a required element is shown: {count} are withheld, or the declaration lacks it.",
      zh: "要求披露的要素未全部披露：{count} 个字段被保留，或申报中没有该要素。"),
    .init(
      "ledger.evidence_too_large", .refusal,
      en: "The evidence would be larger than {limit} bytes.", zh: "证据文件将超过 {limit} 字节。"),
    .init("evidence.malformed", .refusal, en: "The evidence file is malformed: {reason}.", zh: "证据文件格式错误：{reason}。"),
    .init(
      "evidence.registry", .refusal,
      en: "The registry in the file does not hold, or does not name this: {reason}.", zh: "文件中的登记册无效，或未列此项：{reason}。"),
    .init(
      "evidence.signature", .refusal, en: "The maker's signature on the file does not hold: {reason}.", zh: "文件制作方的签名无效：{reason}。"),
    .init("evidence.policy", .refusal, en: "The policy is not the one that follows from the registry.", zh: "策略与登记册所定不符。"),
    .init("evidence.message", .refusal, en: "The message stands in the file twice.", zh: "该报文在文件中重复。"),
    .init("evidence.envelope", .refusal, en: "The envelope does not hold: {reason}.", zh: "信封无效：{reason}。"),
    .init("evidence.subject", .refusal, en: "The envelope does not commit to this UCR.", zh: "信封所承诺的不是此货物唯一标识。"),
    .init("evidence.receipt", .refusal, en: "The receipt does not hold: {reason}.", zh: "回执无效：{reason}。"),
    .init("evidence.state", .refusal, en: "The state does not fit the envelope and the receipt.", zh: "状态与信封及回执不符。"),
    .init("evidence.document", .refusal, en: "The document is not the one that is named: {reason}.", zh: "单证与所指不符：{reason}。"),
    .init("evidence.entry", .refusal, en: "The ledger entry is not one of this message: {reason}.", zh: "账本条目不属于该报文：{reason}。"),
    .init("evidence.proof", .refusal, en: "The entry is not proven to be in the log: {reason}.", zh: "未能证明该条目在账本中：{reason}。"),
    .init(
      "evidence.not_final", .refusal, en: "The quorum of witnesses has not cosigned: {reason}.", zh: "见证方的联署未达法定数：{reason}。"),
    .init("evidence.timestamp", .refusal, en: "A time-stamp does not hold: {reason}.", zh: "时间戳不成立：{reason}。"),
    .init("evidence.incomplete", .refusal, en: "Something is missing: {reason}.", zh: "有缺失：{reason}。"),
  ]
}
