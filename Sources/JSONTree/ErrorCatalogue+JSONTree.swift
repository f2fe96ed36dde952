package import Primitives

extension ErrorCatalogue {
  package static let jsonTree: [ErrorDefinition] = [
    .init("parse.json_too_large", .refusal, en: "The JSON text is larger than {limit} bytes.", zh: "JSON 文本超过 {limit} 字节。"),
    .init("parse.json_encoding", .refusal, en: "The JSON text is not valid UTF-8 (byte {offset}).", zh: "JSON 文本不是有效的 UTF-8(字节 {offset})。"),
    .init("parse.json_bom", .refusal, en: "A JSON text must not start with a byte order mark.", zh: "JSON 文本不得以字节顺序标记开头。"),
    .init("parse.json_syntax", .refusal, en: "The text is not JSON from column {column} on.", zh: "文本自第 {column} 列起不符合 JSON 语法。"),
    .init(
      "parse.json_control_character", .refusal, en: "A string holds an unescaped control character (column {column}).",
      zh: "字符串含未转义的控制字符(第 {column} 列)。"),
    .init(
      "parse.json_surrogate", .refusal, en: "A string holds half of a surrogate pair (column {column}).",
      zh: "字符串含不成对的代理项(第 {column} 列)。"),
    .init("parse.json_depth", .refusal, en: "The JSON text is nested deeper than {limit} levels.", zh: "JSON 文本嵌套超过 {limit} 层。"),
    .init("parse.json_members", .refusal, en: "An object has more than {limit} members.", zh: "对象成员超过 {limit} 个。"),
    .init("parse.json_values", .refusal, en: "The JSON text holds more than {limit} values.", zh: "JSON 文本包含的值超过 {limit} 个。"),
    .init(
      "parse.json_number_unsafe", .refusal,
      en: "A number is not the same in double precision (column {column}); write it as a string.",
      zh: "数值在双精度下会失真(第 {column} 列),请改用字符串。"),
    .init("parse.json_duplicate_member", .refusal, en: "An object has two members of the same name.", zh: "对象含同名成员。"),
    .init(
      "parse.json_not_canonical", .refusal, en: "The JSON text is not in its canonical form (RFC 8785).", zh: "JSON 文本不是规范形式(RFC 8785)。"),
    .init("parse.json_member_missing", .refusal, en: "A required member is missing.", zh: "缺少必需的成员。"),
    .init("parse.json_member_type", .refusal, en: "The value must be of type {expected}.", zh: "值的类型必须为 {expected}。"),
    .init("parse.json_member_value", .refusal, en: "The value is not allowed here; expected: {expected}.", zh: "值不符合要求,应为:{expected}。"),
    .init("parse.json_member_unknown", .refusal, en: "The object has {count} member(s) that are not known here.", zh: "对象含 {count} 个未知成员。"),
    .init(
      "write.json_number_unsafe", .error, en: "A number cannot be written canonically without changing it.", zh: "数值无法在不失真的情况下写成规范形式。"),
    .init("write.json_duplicate_member", .error, en: "An object to be written has two members of the same name.", zh: "待写出的对象含同名成员。"),
  ]
}
