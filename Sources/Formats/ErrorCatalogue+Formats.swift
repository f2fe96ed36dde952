package import Primitives

extension ErrorCatalogue {
  /// What reading and writing documents refuses beyond what XMLTree and JSONTree refuse.
  package static let formats: [ErrorDefinition] = [
    .init("parse.mixed_content", .refusal, en: "Text stands beside child elements.", zh: "文本与子元素混排。"),
    .init("parse.xsi_type", .refusal, en: "xsi:type is not accepted in this format.", zh: "该格式不接受 xsi:type。"),
    .init(
      "parse.xsi_nil", .refusal, en: "xsi:nil is neither true nor false, or the element it makes null has content.",
      zh: "xsi:nil 的值既非 true 也非 false，或被置空的元素仍有内容。"),
    .init("parse.edifact_too_large", .refusal, en: "The interchange is larger than {limit} bytes.", zh: "交换文件超过 {limit} 字节。"),
    .init(
      "parse.edifact_start", .refusal, en: "The interchange does not begin with UNA or UNB and its separator.",
      zh: "交换文件未以 UNA 或 UNB 及其分隔符开头。"),
    .init(
      "parse.edifact_service_characters", .refusal, en: "The characters of UNA are equal, letters, digits or none that can separate.",
      zh: "UNA 中的字符重复、为字母或数字，或不能用作分隔符。"),
    .init(
      "parse.edifact_decimal_mark", .refusal, en: "The decimal mark of UNA is neither a point nor a comma.", zh: "UNA 中的小数符号既不是点也不是逗号。"),
    .init(
      "parse.edifact_syntax_unknown", .refusal, en: "The syntax identifier or version of UNB is not read here.", zh: "不支持 UNB 中的语法标识或版本。"),
    .init(
      "parse.edifact_character", .refusal, en: "There is a character here that is not in the repertoire {set} of the interchange.",
      zh: "此处有不属于交换字符集 {set} 的字符。"),
    .init("parse.edifact_unterminated", .refusal, en: "The last segment has no end.", zh: "最后一个段没有结束符。"),
    .init(
      "parse.edifact_segment_too_long", .refusal, en: "A segment has more than {limit} bytes or separators.",
      zh: "一个段的字节数或分隔符数超过 {limit}。"),
    .init(
      "parse.edifact_too_many", .refusal, en: "The interchange has more than {limit} segments or data elements.",
      zh: "交换文件的段数或数据元数超过 {limit}。"),
    .init(
      "parse.edifact_more_problems", .refusal, en: "There are more problems; the first {limit} are listed.",
      zh: "问题过多，仅列出前 {limit} 个。"),
    .init("parse.edifact_after_end", .refusal, en: "Something stands behind the end of the interchange.", zh: "交换结束之后还有内容。"),
    .init("parse.edifact_tag", .refusal, en: "A segment does not begin with a tag.", zh: "段没有以段标识开头。"),
    .init("parse.edifact_nesting", .refusal, en: "A segment tag has an explicit indication of nesting.", zh: "段标识带有显式嵌套指示。"),
    .init("parse.edifact_missing", .refusal, en: "A service segment or one of its data elements is missing.", zh: "缺少服务段或其数据元。"),
    .init(
      "parse.edifact_count", .refusal, en: "The trailer's count is not the number of what came, which is {count}.",
      zh: "尾段中的计数与实际数量 {count} 不符。"),
    .init("parse.edifact_reference", .refusal, en: "The trailer's reference is not that of the header.", zh: "尾段的参考号与首段不一致。"),
    .init("parse.edifact_duplicate", .refusal, en: "Two messages have the same reference.", zh: "两个报文的参考号相同。"),
    .init("parse.edifact_outside", .refusal, en: "A segment stands outside a message or group.", zh: "段位于报文或功能组之外。"),
    .init("parse.edifact_mixed", .refusal, en: "Messages stand beside functional groups.", zh: "报文与功能组混排。"),
    .init("parse.edifact_types_mixed", .refusal, en: "A functional group holds messages of different types.", zh: "功能组内含有不同类型的报文。"),
    .init("parse.edifact_empty", .refusal, en: "The interchange or group holds no message.", zh: "交换或功能组中没有报文。"),
    .init("parse.edifact_message_type", .refusal, en: "The message is not of the type {expected}.", zh: "报文类型不是 {expected}。"),
    .init("parse.edifact_unexpected", .refusal, en: "The message has no such segment in this place.", zh: "报文在此处没有该段。"),
    .init(
      "parse.edifact_constituents", .refusal, en: "The segment or composite has more data elements than the format.",
      zh: "段或复合数据元中的数据元多于格式规定。"),
    .init("parse.edifact_repetitions", .refusal, en: "The data element is repeated more often than it may be.", zh: "数据元重复次数超过规定。"),
    .init("parse.edifact_decimal", .refusal, en: "The number has another decimal mark than the interchange.", zh: "数字的小数符号与交换规定不符。"),
    .init(
      "write.illegal_character", .error, en: "A text holds a character that the target format cannot hold.", zh: "文本含有目标格式无法容纳的字符。"),
    .init(
      "write.encoding", .error, en: "A document in {encoding} needs an XML declaration that says so.",
      zh: "使用 {encoding} 编码的文档必须带有 XML 声明。"),
    .init(
      "write.edifact_position", .error, en: "The element has no position in its segment or group.", zh: "该元素在段或段组中没有位置。"),
    .init(
      "write.edifact_envelope", .error, en: "UNB is missing, or names no syntax that can be written.", zh: "缺少 UNB，或其语法标识无法写出。"),
    .init("write.illegal_name", .error, en: "A name is not a name of the target format.", zh: "名称不是目标格式的合法名称。"),
    .init("write.illegal_number", .error, en: "A text that is to be a number or a boolean is none.", zh: "应为数字或布尔值的文本不合法。"),
    .init("write.mixed_content", .error, en: "An element has both text and child elements.", zh: "一个元素同时含有文本和子元素。"),
    .init("write.namespace", .error, en: "The namespace prefixes do not fit the document ({detail}).", zh: "命名空间前缀与文档不符（{detail}）。"),
  ]
}
