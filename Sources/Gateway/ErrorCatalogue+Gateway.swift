package import Primitives

extension ErrorCatalogue {
  package static let gateway: [ErrorDefinition] = [
    .init(
      "clearance.already_final", .refusal, en: "The {side} side has been released or withdrawn: nothing can follow.",
      zh: "{side} 侧已放行或撤销，不能再变更。"),
    .init(
      "clearance.erased", .refusal, en: "The data of this clearance was erased at {time} ({ground}).",
      zh: "该通关案的数据已于 {time} 删除（{ground}）。"),
    .init("clearance.held", .refusal, en: "A legal hold keeps the data of this clearance from being erased.", zh: "该通关案的数据处于法律保全，不得删除。"),
    .init(
      "clearance.not_ended", .refusal, en: "The clearance has not ended: something is still to come of it.", zh: "该通关案尚未结束，仍有后续处理。"),
    .init(
      "clearance.illegal_revision", .refusal, en: "Revision {found} cannot follow; {expected} is expected.",
      zh: "修订版本 {found} 不能接续，应为 {expected}。"),
    .init(
      "clearance.illegal_transition", .refusal, en: "The {side} side cannot go from {from} to {to}.", zh: "{side} 侧不能由 {from} 变为 {to}。"),
    .init(
      "clearance.turned_away", .refusal, en: "The partner has refused the declaration and knows no such case: declare again.",
      zh: "对方已拒收该报关单，其处不存在该通关案，请重新申报。"),
    .init("clearance.unknown", .refusal, en: "There is no such clearance: its first message is a declaration.", zh: "不存在该通关案，其首个报文须为报关单。"),
    .init("clearance.unreadable", .fault, en: "A stored clearance cannot be read.", zh: "存储的通关案无法读取。"),
    .init(
      "config.amendments_not_agreed", .error,
      en: "The registry's entry of the corridor {corridor} names no amendmentPolicy: requests to amend or cancel do not travel there.",
      zh: "登记册中通道 {corridor} 未列 amendmentPolicy，修撤申请不在该通道传输。"),
    .init("config.handover_form", .error, en: "A handover names either a folder or a webhook.", zh: "交付方式须为文件夹或网络回调之一。"),
    .init("config.key_missing", .error, en: "{key} is missing.", zh: "缺少 {key}。"),
    .init("config.key_unknown", .error, en: "{key} is not known here.", zh: "{key} 不是已知的配置项。"),
    .init("config.range", .error, en: "{key} must be from {minimum} to {maximum}.", zh: "{key} 须在 {minimum} 至 {maximum} 之间。"),
    .init("config.type", .error, en: "{key} must be: {expected}.", zh: "{key} 的类型应为：{expected}。"),
    .init(
      "clearance.ucr_in_use", .refusal, en: "Another clearance of the corridor has this unique consignment reference.",
      zh: "该通道内已有通关案使用此货物唯一标识。"),
    .init(
      "config.corridor_foreign", .error, en: "The corridor {corridor} does not begin or end at {economy}.",
      zh: "通道 {corridor} 的两端都不是 {economy}。"),
    .init("config.corridor_unknown", .error, en: "The registry has no corridor {corridor}.", zh: "登记册中没有通道 {corridor}。"),
    .init("config.economy_unknown", .error, en: "The registry has no participant {economy}.", zh: "登记册中没有参与方 {economy}。"),
    .init(
      "config.policy_corridor", .error, en: "The policy {policy} is not one for the corridor {corridor}.",
      zh: "策略 {policy} 不适用于通道 {corridor}。"),
    .init(
      "config.policy_unknown", .error,
      en: "The release policy {policy}, on which the corridor's registry entry agrees, is not configured here.",
      zh: "未配置登记册为该通道约定的放行策略 {policy}。"),
    .init(
      "config.profile_elements", .error,
      en: "The profile {profile} has no place for {element}, which such documents need between gateways.",
      zh: "格式配置 {profile} 没有 {element} 的位置，而网关之间的此类单证需要该要素。"),
    .init("config.element_unknown", .error, en: "The dictionary has no element {element}.", zh: "数据字典中没有要素 {element}。"),
    .init(
      "config.profile_kind", .error, en: "The profile {profile} is not one for documents of the kind {kind}.",
      zh: "格式配置 {profile} 不适用于 {kind} 类单证。"),
    .init("config.profile_unknown", .error, en: "There is no profile {profile}.", zh: "没有格式配置 {profile}。"),
    .init(
      "config.witness_key", .error, en: "The witness key is not the one that the registry names for this economy.",
      zh: "见证密钥与登记册中本经济体的密钥不符。"),
    .init("config.partner_unknown", .error, en: "The registry has no other participant {partner}.", zh: "登记册中没有其他参与方 {partner}。"),
    .init("config.quota_twice", .error, en: "There are two quotas for the same partner.", zh: "同一伙伴有两项配额。"),
    .init(
      "deliver.asked_to_wait", .error, en: "The partner takes nothing for {seconds} seconds.", zh: "对方在 {seconds} 秒内不接收报文。"),
    .init("deliver.expired", .error, en: "The envelope has expired before it could be delivered.", zh: "信封在送达前已过期。"),
    .init("deliver.folder", .error, en: "The handover folder cannot be written.", zh: "交付文件夹无法写入。"),
    .init("deliver.incomplete", .fault, en: "A part of a sealed message is missing in the journal.", zh: "日志库中缺少已封装报文的一部分。"),
    .init(
      "deliver.not_taken", .error, en: "The partner's gateway answered with status {status} and has not taken the message.",
      zh: "对方网关返回状态 {status}，未接收报文。"),
    .init("deliver.no_receipt", .error, en: "The partner answered with status {status} and no receipt.", zh: "对方返回状态 {status}，没有回执。"),
    .init("deliver.partner_unknown", .error, en: "The registry no longer has this partner.", zh: "登记册中已没有该伙伴。"),
    .init("journal.conflict", .error, en: "A record was changed by somebody else in the meantime.", zh: "记录在此期间被改动。"),
    .init("journal.contended", .error, en: "The clearance is being changed too often at the moment.", zh: "该通关案当前变更过于频繁。"),
    .init(
      "receipt.checkpoint_too_small", .error, en: "The receipt's checkpoint does not cover the entry that it names.", zh: "回执的检查点未覆盖其所指条目。"),
    .init(
      "receive.amendment_foreign", .refusal, en: "The document is about another declaration than that of its clearance.",
      zh: "该单证所涉报关单与其通关案不符。"),
    .init(
      "receive.amendment_function", .refusal, en: "The request asks neither to amend nor to cancel.", zh: "该申请既非修改也非撤销。"),
    .init(
      "receive.amendments_not_agreed", .refusal, en: "Requests to amend or cancel do not travel in this corridor.", zh: "该通道不传输修撤申请。"),
    .init(
      "receive.clearance_unnamed", .refusal,
      en: "The document amends or cancels an earlier declaration: hand it in as an amendment of that declaration's clearance.",
      zh: "该单证修改或撤销先前的报关单，请作为该报关单所属通关案的修改递交。"),
    .init(
      "receive.backlog", .error, en: "{limit} messages of this corridor wait for delivery: come again in {seconds} seconds.",
      zh: "该通道有 {limit} 份报文待投递,请在 {seconds} 秒后重试。"),
    .init(
      "receive.over_quota", .error, en: "More was sent than the quota allows: come again in {seconds} seconds.",
      zh: "发送量超过配额,请在 {seconds} 秒后重试。"),
    .init("receive.corridor_unknown", .refusal, en: "This gateway does not send in this corridor.", zh: "本网关不经此通道发送。"),
    .init("receive.early", .error, en: "A message of this clearance that comes before this one has not arrived yet.", zh: "该通关案的前一报文尚未到达。"),
    .init("receive.empty", .refusal, en: "The body is empty.", zh: "请求正文为空。"),
    .init("receive.idempotency_key_reused", .refusal, en: "The idempotency key was used for another request.", zh: "幂等键已用于另一请求。"),
    .init(
      "receive.key_form", .refusal, en: "An idempotency key has 1 to 128 printable ASCII characters.", zh: "幂等键须为 1 至 128 个可打印 ASCII 字符。"),
    .init("receive.not_found", .refusal, en: "There is no such thing here.", zh: "此处没有该对象。"),
    .init("receive.profile_missing", .refusal, en: "Several profiles are accepted in this corridor: name one.", zh: "该通道接受多种格式，请指明其一。"),
    .init("receive.profile_not_offered", .refusal, en: "The profile is not accepted in this corridor.", zh: "该通道不接受此格式。"),
    .init("receive.role_missing", .refusal, en: "The token does not have the role {role}.", zh: "令牌没有角色 {role}。"),
    .init(
      "receive.status_foreign", .refusal,
      en: "The status is of another clearance, side, economy or revision than the one it is reported on.",
      zh: "该状态所属的通关案、侧、经济体或修订版本与所报对象不符。"),
    .init("receive.status_kind", .refusal, en: "The status {status} is not reported this way.", zh: "状态 {status} 不以此方式报告。"),
    .init("receive.supplement_incomplete", .refusal, en: "This is still missing.", zh: "此项仍缺。"),
    .init("receive.token_unknown", .refusal, en: "The bearer token is missing or not known.", zh: "缺少令牌或令牌未知。"),
    .init("receive.too_large", .refusal, en: "The body is larger than this gateway takes.", zh: "请求正文超过网关上限。"),
    .init(
      "receive.ucr_form", .refusal, en: "A unique consignment reference has at most 35 capital letters, digits and hyphens.",
      zh: "货物唯一标识最多 35 个大写字母、数字或连字符。"),
    .init("reconcile.busy", .error, en: "Too many reconciliations wait; try again later.", zh: "等待核对的请求过多，请稍后再试。"),
    .init(
      "reconcile.corridor_foreign", .refusal, en: "The two are not the ends of the corridor {corridor}.", zh: "双方不是通道 {corridor} 的两端。"),
    .init("reconcile.day_form", .refusal, en: "A day is YYYY-MM-DD.", zh: "日期格式须为 YYYY-MM-DD。"),
    .init(
      "reconcile.too_many_items", .error, en: "The corridor-day has more than {limit} messages and clearances.",
      zh: "该通道当日的报文和通关案超过 {limit} 项。"),
    .init("seal.corridor_gone", .error, en: "The registry no longer has the corridor of this clearance.", zh: "登记册中已没有该通关案的通道。"),
    .init(
      "verify.amendment_mismatch", .refusal, en: "The request does not agree with its envelope or its clearance.", zh: "申请与信封或通关案不一致。"),
    .init("verify.certificate_missing", .refusal, en: "The connection has no client certificate.", zh: "连接没有客户端证书。"),
    .init("evidence.kind_unknown", .refusal, en: "There are no such documents: {known}.", zh: "没有此类单证，可用：{known}。"),
    .init(
      "disclose.choice_form", .refusal, en: "A field is named as ELEMENT or ELEMENT@PLACE, with positions from 1.",
      zh: "字段须写作“要素”或“要素@位置”，位置从 1 起。"),
    .init("disclose.element_absent", .refusal, en: "The message has no such field.", zh: "该报文没有此字段。"),
    .init(
      "disclose.erased", .refusal,
      en: "The message's document or the secret of its fields has been erased: nothing can be disclosed any more.",
      zh: "该报文的内容或字段密钥已被清除，无法再披露。"),
    .init(
      "disclose.not_committed", .refusal, en: "The message does not commit to its fields, or was not accepted.",
      zh: "该报文未对字段作出承诺，或未被接受。"),
    .init(
      "disclose.root_mismatch", .refusal,
      en: "The message, read again, does not have the fields that its envelope commits to.", zh: "重新读取该报文，所得字段与信封承诺不符。"),
    .init("verify.clearance_erased", .refusal, en: "The receiver no longer keeps the data of this clearance.", zh: "接收方已不再保存该通关案的数据。"),
    .init("verify.clearance_exists", .refusal, en: "The clearance has its declaration already.", zh: "该通关案已有报关单。"),
    .init(
      "verify.clearance_mismatch", .refusal, en: "The message is not about the consignment or corridor of its clearance.",
      zh: "报文与其通关案的货物或通道不符。"),
    .init(
      "verify.fields_root", .refusal, en: "The declaration's fields are not those that the envelope commits to.",
      zh: "报关单的字段与信封承诺的字段根哈希不符。"),
    .init("verify.message_id_reused", .refusal, en: "The message id was used for another message.", zh: "报文标识已用于另一报文。"),
    .init("verify.profile_unknown", .refusal, en: "The payload is not in the wire profile of the corridor.", zh: "报文内容不是该通道约定的格式。"),
    .init("verify.sequence_reused", .refusal, en: "The sequence number was used for another message.", zh: "序号已用于另一报文。"),
    .init("verify.status_mismatch", .refusal, en: "The status message does not agree with its envelope.", zh: "状态报文与信封不一致。"),
    .init("verify.status_zone", .refusal, en: "The time of the status has no time zone.", zh: "状态时间缺少时区。"),
    .init(
      "verify.ucr_commitment", .refusal, en: "The declaration's unique consignment reference is not the one that the envelope commits to.",
      zh: "报关单的货物唯一标识与信封承诺不符。"),
    .init("work_item.not_open", .refusal, en: "The work item is resolved or closed already.", zh: "该待办事项已处理或已关闭。"),
    .init("work_item.state_unknown", .refusal, en: "A work item is open, resolved or closed.", zh: "待办事项的状态为 open、resolved 或 closed。"),
    .init(
      "write.required_missing", .refusal,
      en: "The partner's format requires this and the declaration does not give it, or the policy withholds it.",
      zh: "对方格式要求此项，而报关单未提供或策略不放行。"),
    .init(
      "timestamp.clock", .error, en: "The clocks of the time-stamp authority and of this gateway are more than {limit} seconds apart.",
      zh: "时间戳机构与本网关的时钟相差超过 {limit} 秒。"),
    .init(
      "receive.witness_debt", .error,
      en: "Nothing new is taken in: the ledger has been without its witnesses for more than {limit} seconds.",
      zh: "账本缺少见证已超过 {limit} 秒，暂不接收新的单证。"),
    .init(
      "ledger.behind", .fault,
      en:
        "This ledger ends before size {size}, which {witness} has cosigned: it was restored from an older copy. Catch up with ledger repair.",
      zh: "本账本止于大小 {size} 之前，而 {witness} 已联署该大小：系由旧备份恢复，请用 ledger repair 补齐。"),
    .init(
      "ledger.forked", .fault, en: "This ledger is not the one that {witness} cosigned at size {size}: its history was changed.",
      zh: "本账本与 {witness} 在大小 {size} 处联署的不一致：历史已被更改。"),
    .init("ledger.not_final", .error, en: "No quorum has cosigned a checkpoint that covers this yet.", zh: "尚无达到法定数联署的检查点覆盖此内容。"),
    .init("witness.disagrees", .error, en: "The witness holds another history to be ours.", zh: "见证方所持的本方历史与本账本不一致。"),
    .init("witness.refused", .error, en: "The witness answered with status {status} and no cosignature.", zh: "见证方返回状态 {status}，没有联署。"),
    .init("witness.time", .error, en: "The witness's time is ahead of ours.", zh: "见证方的时间超前于本方。"),
  ]
}
