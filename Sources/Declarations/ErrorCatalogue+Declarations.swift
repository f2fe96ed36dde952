package import Primitives

extension ErrorCatalogue {
  /// Codes of the dictionary, the code lists and the element types.
  package static let declarations: [ErrorDefinition] = [
    .init("config.csv_malformed", .error, en: "The table is malformed: {reason}.", zh: "表格格式错误：{reason}。"),
    .init(
      "config.dictionary_invalid", .error, en: "The dictionary's element {id} is invalid: {reason}.", zh: "字典要素 {id} 无效：{reason}。"),
    .init("config.codelist_invalid", .error, en: "The code list {list} is invalid: {reason}.", zh: "代码表 {list} 无效：{reason}。"),
    .init("config.file_unreadable", .error, en: "The file cannot be read.", zh: "文件无法读取。"),
    .init("validate.group_has_text", .refusal, en: "A group of elements has no text of its own.", zh: "要素组本身不能有文本。"),
    .init(
      "validate.too_long", .refusal, en: "The text has {length} characters; at most {limit} are allowed.",
      zh: "文本长度为 {length} 个字符，最多允许 {limit} 个。"),
    .init(
      "validate.forbidden_character", .refusal, en: "The text holds a control character that is not allowed.",
      zh: "文本含有不允许的控制字符。"),
    .init("validate.white_space", .refusal, en: "A code holds no white space.", zh: "代码中不得含有空白字符。"),
    .init("validate.not_decimal", .refusal, en: "The text is not a decimal number.", zh: "文本不是十进制数。"),
    .init(
      "validate.too_many_digits", .refusal, en: "The number has too many digits; allowed are {digits}, of which {scale} behind the point.",
      zh: "数字位数过多；最多 {digits} 位，其中小数 {scale} 位。"),
    .init("validate.not_integer", .refusal, en: "The text is not a whole number.", zh: "文本不是非负整数。"),
    .init("validate.not_indicator", .refusal, en: "The text is not a yes or no.", zh: "文本不是是/否标志。"),
    .init("validate.not_date", .refusal, en: "The text is not a date that exists.", zh: "文本不是有效日期。"),
    .init("validate.not_datetime", .refusal, en: "The text is not a date and time that exists.", zh: "文本不是有效的日期时间。"),
  ]
}
