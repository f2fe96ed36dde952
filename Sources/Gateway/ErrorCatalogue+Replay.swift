package import Primitives

extension ErrorCatalogue {
  package static let replay: [ErrorDefinition] = [
    .init(
      "replay.earlier_failed", .refusal, en: "An earlier message of the clearance has failed: replay that one first.",
      zh: "该通关案较早的报文已失败，请先重放该报文。"),
    .init(
      "replay.filter_empty", .refusal, en: "Say which messages: without a condition a replay would take all.", zh: "请指明报文：无条件的重放将涉及全部报文。"),
    .init(
      "replay.may_have_effect", .refusal, en: "The message may have reached the partner: it is not edited. Amend the declaration.",
      zh: "该报文可能已到达对方，不得编辑，请修改报关单。"),
    .init(
      "replay.no_document", .refusal, en: "The message does not begin with a document that is here: do it again where it came from.",
      zh: "此处没有该报文的起始单证，请在其来源处重新发起。"),
    .init("replay.nothing_found", .refusal, en: "No such messages, or not all that were named.", zh: "没有此类报文，或所列报文不全。"),
    .init(
      "replay.partners_turn", .refusal, en: "The message was the partner's and has its receipt: the partner sends another.",
      zh: "该报文来自对方且已有回执，须由对方另行发送。"),
    .init(
      "replay.selection_changed", .refusal, en: "There are {found} such messages now, not {expected}: look again.",
      zh: "现有此类报文 {found} 件，而非 {expected} 件，请重新核对。"),
    .init("replay.settled", .refusal, en: "The message has its answer: a replay changes nothing.", zh: "该报文已有答复，重放不会改变任何内容。"),
    .init("replay.several_partners", .refusal, en: "The messages go to several partners: name one.", zh: "报文涉及多个伙伴，请指明其一。"),
    .init("replay.state", .refusal, en: "The replay is {state}.", zh: "重放的状态为 {state}。"),
    .init("replay.superseded", .refusal, en: "Another message stands in the place of this one.", zh: "已有另一报文取代本报文。"),
    .init("replay.underway", .refusal, en: "The message is under way.", zh: "该报文正在处理中。"),
    .init("edit.form", .refusal, en: "An edit has a reason of 1 to 200 printable ASCII characters.", zh: "编辑须附理由，为 1 至 200 个可打印 ASCII 字符。"),
    .init("edit.none", .refusal, en: "There is no edit of this message to approve.", zh: "该报文没有待批准的编辑。"),
    .init("edit.other_document", .refusal, en: "The edit is not the one that was looked at.", zh: "该编辑与所审阅的不是同一份。"),
    .init("edit.own", .refusal, en: "Nobody approves an edit of their own.", zh: "任何人不得批准自己的编辑。"),
    .init("edit.unchanged", .refusal, en: "The document is as it was.", zh: "该单证没有改动。"),
  ]
}
