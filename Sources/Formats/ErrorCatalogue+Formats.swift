package import Primitives

extension ErrorCatalogue {
  /// What reading and writing documents refuses beyond what XMLTree and JSONTree refuse.
  package static let formats: [ErrorDefinition] = [
    .init("parse.mixed_content", .refusal, en: "Text stands beside child elements.", zh: "文本与子元素混排。"),
    .init("parse.xsi_type", .refusal, en: "xsi:type is not accepted in this format.", zh: "该格式不接受 xsi:type。"),
    .init(
      "parse.xsi_nil", .refusal, en: "xsi:nil is neither true nor false, or the element it makes null has content.",
      zh: "xsi:nil 的值既非 true 也非 false，或被置空的元素仍有内容。"),
    .init(
      "write.illegal_character", .error, en: "A text holds a character that the target format cannot hold.", zh: "文本含有目标格式无法容纳的字符。"),
    .init(
      "write.encoding", .error, en: "A document in {encoding} needs an XML declaration that says so.",
      zh: "使用 {encoding} 编码的文档必须带有 XML 声明。"),
    .init("write.illegal_name", .error, en: "A name is not a name of the target format.", zh: "名称不是目标格式的合法名称。"),
    .init("write.illegal_number", .error, en: "A text that is to be a number or a boolean is none.", zh: "应为数字或布尔值的文本不合法。"),
    .init("write.mixed_content", .error, en: "An element has both text and child elements.", zh: "一个元素同时含有文本和子元素。"),
    .init("write.namespace", .error, en: "The namespace prefixes do not fit the document ({detail}).", zh: "命名空间前缀与文档不符（{detail}）。"),
  ]
}
