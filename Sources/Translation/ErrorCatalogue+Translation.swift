package import Primitives

extension ErrorCatalogue {
  /// Codes of profiles, validation, reading and writing.
  package static let translation: [ErrorDefinition] = [
    .init("profile.invalid", .error, en: "The profile is invalid: {reason}.", zh: "格式配置无效：{reason}。"),
    .init("profile.unknown", .error, en: "There is no profile {profile}.", zh: "没有格式配置 {profile}。"),
    .init(
      "profile.not_comparable", .error, en: "{before} and {after} are not two versions of one format.",
      zh: "{before} 与 {after} 不是同一格式的两个版本。"),
    .init("profile.structure_invalid", .error, en: "The structure is invalid: {reason}.", zh: "结构定义无效：{reason}。"),
    .init("profile.mapping_invalid", .error, en: "The mapping is invalid: {reason}.", zh: "映射定义无效：{reason}。"),
    .init("profile.extension_invalid", .error, en: "The extension is invalid: {reason}.", zh: "扩展定义无效：{reason}。"),
    .init(
      "profile.defaults_invalid", .error, en: "The defaults of the corridor are invalid: {reason}.", zh: "通道默认值配置无效：{reason}。"),
    .init(
      "profile.unproven", .fault, en: "{element} is called {class}; a generated declaration ({seed}) says {seen}.",
      zh: "{element} 判定为 {class}，但生成的报关单（{seed}）表明 {seen}。"),
    .init("profile.rule_invalid", .error, en: "The rule is invalid: {reason}.", zh: "规则定义无效：{reason}。"),
    .init("parse.root_unknown", .refusal, en: "The root element is not {expected}.", zh: "根元素不是 {expected}。"),
    .init("parse.namespace_unknown", .refusal, en: "The root element is not in the namespace {expected}.", zh: "根元素不在命名空间 {expected} 中。"),
    .init("validate.direction_unknown", .refusal, en: "The direction of the declaration is missing or not known.", zh: "进出口标志缺失或无法识别。"),
    .init(
      "validate.shape_unknown", .refusal, en: "The document holds none of the messages that the format has.", zh: "单证中没有该格式支持的报文。"),
    .init(
      "validate.too_many_unknown", .refusal, en: "More than {limit} elements are not known to the format.", zh: "格式未知的元素超过 {limit} 个。"),
    .init(
      "validate.more_problems", .refusal, en: "There are more problems; the first {limit} are listed.", zh: "问题过多，仅列出前 {limit} 个。"),
    .init("validate.unknown_element", .refusal, en: "The format has no such element here.", zh: "该位置没有此数据项。"),
    .init("validate.unexpected_text", .refusal, en: "Text stands where only elements may.", zh: "此处只能包含子元素，不能有文本。"),
    .init("validate.empty", .refusal, en: "The element is present without a value.", zh: "数据项存在但没有值。"),
    .init("validate.missing", .refusal, en: "{name} is required and missing.", zh: "缺少必填项 {name}。"),
    .init("validate.too_many", .refusal, en: "There are more than {limit}.", zh: "数量超过上限 {limit}。"),
    .init("validate.too_few", .refusal, en: "There are fewer than {limit}.", zh: "数量少于 {limit}。"),
    .init("validate.order", .refusal, en: "The element does not stand in the order of the format.", zh: "数据项的顺序不符合格式要求。"),
    .init("validate.not_listed", .refusal, en: "The code is not in the list {list}.", zh: "代码不在代码表 {list} 中。"),
    .init("validate.json_kind", .refusal, en: "The format has a JSON {expected} here.", zh: "此处应为JSON {expected}。"),
    .init("validate.pattern", .refusal, en: "The text does not have the form {pattern}.", zh: "文本不符合形式 {pattern}。"),
    .init("validate.not_upper_ascii", .refusal, en: "The text may hold only upper-case ASCII characters.", zh: "文本只能包含大写ASCII字符。"),
    .init("validate.sum", .refusal, en: "The total is not the sum of its parts.", zh: "合计与各项之和不符。"),
    .init("validate.product", .refusal, en: "Price times quantity is not the total.", zh: "单价乘以数量与总价不符。"),
    .init("validate.greater", .refusal, en: "The value is greater than it may be.", zh: "数值大于允许值。"),
    .init("validate.swapped", .refusal, en: "The value looks as if it had been exchanged with another one.", zh: "该值疑似与另一项填反。"),
    .init("validate.not_equal", .refusal, en: "The value differs from the one it must equal.", zh: "该值与应相等的值不一致。"),
    .init("validate.container_number", .refusal, en: "The container number fails its check digit (ISO 6346).", zh: "集装箱号校验码错误（ISO 6346）。"),
    .init(
      "validate.credit_code", .refusal, en: "The social credit code fails its check character (GB 32100).", zh: "统一社会信用代码校验错误（GB 32100）。"),
    .init("validate.uen", .refusal, en: "The identifier does not have the form of a UEN.", zh: "标识不是有效的机构编号（UEN）格式。"),
    .init("validate.eori", .refusal, en: "The identifier does not have the form of an EORI number.", zh: "标识不是有效的经营者登记识别号（EORI）格式。"),
    .init("validate.imo_number", .refusal, en: "The ship's IMO number fails its check digit.", zh: "船舶IMO编号校验码错误。"),
    .init("validate.count", .refusal, en: "The number stated is not the number there is.", zh: "申报的数量与实际数量不符。"),
    .init("validate.date_order", .refusal, en: "The date lies before one that it must follow.", zh: "日期早于其应晚于的日期。"),
    .init("validate.hs_digits", .refusal, en: "The commodity code has another number of digits.", zh: "商品编码位数不符。"),
    .init("validate.below_minimum", .refusal, en: "The value is below the least that may be declared.", zh: "数值低于最小申报值。"),
    .init("validate.missing_conditional", .refusal, en: "The element is required in this case and missing.", zh: "在此情形下该数据项必填。"),
    .init("validate.sequence", .refusal, en: "The items are not numbered in sequence.", zh: "序号不连续或重复。"),
    .init("read.code_unknown", .refusal, en: "The code is not known to the table {list}.", zh: "对照表 {list} 中没有该代码。"),
    .init("read.unit_unknown", .refusal, en: "The unit is not known here.", zh: "计量单位无法识别。"),
    .init(
      "write.shape_unknown", .error, en: "The format {profile} has no shape {shape} for this direction.",
      zh: "格式 {profile} 没有适用于该方向的报文类型 {shape}。"),
    .init(
      "write.item_limit", .refusal, en: "The declaration has {count} goods items; {profile} holds {limit}. It has to be divided.",
      zh: "报关单有 {count} 项商品，{profile} 最多容纳 {limit} 项，须拆分。"),
    .init(
      "write.cancellation", .refusal, en: "The document takes an earlier one back; in {profile} it would become something else.",
      zh: "该单证撤销先前单证；写成 {profile} 后含义会改变。"),
    .init(
      "write.amendment", .refusal,
      en: "In {profile} the document would do something else to an earlier one than it says: amend it, take it back, or stand for itself.",
      zh: "写成 {profile} 后，该单证对先前单证的作用会与其所述不符：变成修改、撤销或独立的单证。"),
    .init(
      "write.parts_incomplete", .error, en: "The parts do not make the whole: {expected} expected, {found} found.",
      zh: "各部分不完整：应为 {expected}，实为 {found}。"),
    .init("write.plan_invalid", .error, en: "The plan of the division is malformed.", zh: "拆分方案文件格式错误。"),
    .init(
      "write.kind_differs", .error, en: "The format {profile} is for documents of the kind {kind}, not {from}.",
      zh: "格式 {profile} 用于 {kind} 类单证，而不是 {from}。"),
    .init(
      "write.not_carried", .refusal, en: "The format {profile} cannot hold the value as it stands ({reason}).",
      zh: "格式 {profile} 不能原样容纳该值（{reason}）。"),
    .init("write.element_unknown", .error, en: "The dictionary has no element {element}.", zh: "数据字典中没有要素 {element}。"),
    .init("write.complement_invalid", .error, en: "The complement is malformed.", zh: "补集文件格式错误。"),
    .init("write.complement_profile", .error, en: "The complement belongs to {expected}.", zh: "补集属于 {expected}。"),
    .init("write.supplement_invalid", .error, en: "The supplement request is malformed.", zh: "补充请求格式错误。"),
    .init("write.answer_unknown", .refusal, en: "The answer names a place that the format does not have.", zh: "补充的位置在该格式中不存在。"),
    .init("write.answer_not_asked", .refusal, en: "The answer is for a place that is filled already.", zh: "补充的位置已有值。"),
    .init("write.answer_duplicate", .refusal, en: "The same place is answered twice.", zh: "同一位置重复补充。"),
  ]
}
