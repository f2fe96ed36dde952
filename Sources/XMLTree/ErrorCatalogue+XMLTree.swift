package import Primitives

extension ErrorCatalogue {
  /// What XMLTree refuses, and why. Every `parse.*` problem has a line; its column is the fact `column`.
  package static let xmlTree: [ErrorDefinition] = [
    .init("parse.empty", .refusal, en: "The document is empty.", zh: "文档为空。"),
    .init("parse.too_large", .refusal, en: "The document is larger than {limit} bytes.", zh: "文档超过 {limit} 字节。"),
    .init(
      "parse.encoding_unsupported", .refusal, en: "The character encoding is not accepted here; accepted: {allowed}.",
      zh: "不接受该字符编码；可接受：{allowed}。"),
    .init(
      "parse.encoding_mismatch", .refusal, en: "The declared character encoding is not the one of the bytes.", zh: "声明的字符编码与实际字节不符。"),
    .init("parse.invalid_text", .refusal, en: "The bytes at this place are not valid {encoding}.", zh: "此处的字节不是有效的 {encoding}。"),
    .init(
      "parse.illegal_character", .refusal, en: "There is a character here that an XML document cannot hold.", zh: "此处含有 XML 文档不允许的字符。"),
    .init(
      "parse.content_before_declaration", .refusal, en: "Something stands before the XML declaration.", zh: "XML 声明之前有多余内容。"),
    .init("parse.xml_version", .refusal, en: "Only XML 1.0 is accepted.", zh: "仅接受 XML 1.0。"),
    .init("parse.text_outside_root", .refusal, en: "There is text outside the root element.", zh: "根元素之外有文本。"),
    .init("parse.doctype", .refusal, en: "A document type declaration (DOCTYPE) is not accepted.", zh: "不接受文档类型声明（DOCTYPE）。"),
    .init(
      "parse.entity", .refusal, en: "Only the five predefined entities and character references are accepted.", zh: "仅接受五个预定义实体和字符引用。"),
    .init(
      "parse.processing_instruction", .refusal, en: "A processing instruction inside the root element is not accepted.",
      zh: "不接受根元素内的处理指令。"),
    .init("parse.depth", .refusal, en: "Elements are nested deeper than {limit}.", zh: "元素嵌套超过 {limit} 层。"),
    .init("parse.attributes", .refusal, en: "An element has more than {limit} attributes.", zh: "一个元素的属性超过 {limit} 个。"),
    .init(
      "parse.namespaces", .refusal, en: "More than {limit} namespace declarations are in scope.", zh: "作用域内的命名空间声明超过 {limit} 个。"),
    .init("parse.name_length", .refusal, en: "A name is longer than {limit} bytes.", zh: "名称超过 {limit} 字节。"),
    .init("parse.nodes", .refusal, en: "The document has more than {limit} nodes.", zh: "文档节点超过 {limit} 个。"),
    .init("parse.text_length", .refusal, en: "A text is longer than {limit} bytes.", zh: "一段文本超过 {limit} 字节。"),
    .init("parse.malformed", .refusal, en: "The document is not well-formed XML ({detail}).", zh: "文档不是格式良好的 XML（{detail}）。"),
    .init("parse.namespace", .refusal, en: "A namespace prefix is wrong or not declared.", zh: "命名空间前缀错误或未声明。"),
    .init(
      "parse.canonical_form", .refusal, en: "The document has no canonical form; a namespace URI is relative.",
      zh: "文档没有规范形式；命名空间 URI 为相对地址。"),
    .init("parse.out_of_memory", .error, en: "There is not enough memory to parse.", zh: "内存不足，无法解析。"),
    .init("profile.schema_invalid", .error, en: "The schema {file} is not valid ({detail}).", zh: "模式 {file} 无效（{detail}）。"),
    .init(
      "profile.schema_pattern", .error, en: "A pattern in the schema {file} can take too long to match ({detail}).",
      zh: "模式 {file} 中的正则表达式匹配可能耗时过长（{detail}）。"),
    .init(
      "profile.schema_occurs", .error, en: "The schema {file} counts occurrences beyond {limit}; write unbounded.",
      zh: "模式 {file} 的出现次数超过 {limit}；请写 unbounded。"),
    .init(
      "profile.schema_identity", .error, en: "The schema {file} has a key, keyref or unique; write it as a rule.",
      zh: "模式 {file} 含有 key、keyref 或 unique；请写成校验规则。"),
    .init(
      "validate.schema_element", .refusal, en: "An element is missing, unexpected or in the wrong place; expected: {expected}.",
      zh: "元素缺失、多余或位置错误；应为：{expected}。"),
    .init(
      "validate.schema_attribute", .refusal, en: "An attribute is missing, not allowed or has a wrong value.", zh: "属性缺失、不允许或值有误。"),
    .init("validate.schema_root", .refusal, en: "The root element is not one of this format.", zh: "根元素不属于该格式。"),
    .init("validate.schema_instance", .refusal, en: "xsi:nil or xsi:type is not allowed here.", zh: "此处不允许 xsi:nil 或 xsi:type。"),
    .init("validate.schema_value", .refusal, en: "The value breaks the {facet} of its type.", zh: "该值不符合其类型的 {facet} 约束。"),
    .init("validate.schema_type", .refusal, en: "The value is not one of its type.", zh: "该值不属于其类型。"),
    .init(
      "validate.schema_text_length", .refusal,
      en: "The texts of the document are too long to be checked against the patterns of its schema.",
      zh: "文档中的文本过长，无法按模式中的正则表达式校验。"),
    .init("validate.schema_other", .refusal, en: "The document breaks its schema ({detail}).", zh: "文档不符合模式（{detail}）。"),
    .init(
      "validate.schema_more", .refusal, en: "There are more than {limit} problems; the rest is not listed.",
      zh: "问题超过 {limit} 个；其余未列出。"),
    .init("validate.schema_failed", .error, en: "The schema check could not be carried out.", zh: "无法执行模式校验。"),
  ]
}
