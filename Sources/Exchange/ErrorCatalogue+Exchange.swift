package import Primitives

extension ErrorCatalogue {
  /// Codes of envelopes, receipts and the transport between gateways.
  package static let exchange: [ErrorDefinition] = envelopes + receipts + transport + timestamps + reconciliation

  private static let envelopes: [ErrorDefinition] = [
    .init("seal.payload_mismatch", .fault, en: "The payload is not the one that the header describes.", zh: "有效载荷与报头描述不符。"),
    .init(
      "verify.http_field", .refusal, en: "The HTTP field {field} is missing, repeated, too long or malformed.",
      zh: "HTTP 字段 {field} 缺失、重复、过长或格式错误。"),
    .init("verify.header_too_large", .refusal, en: "The envelope header is longer than {limit} bytes.", zh: "信封报头超过 {limit} 字节。"),
    .init(
      "verify.header_version", .refusal, en: "The envelope header has another layout than version {supported}.", zh: "信封报头版本不是 {supported}。"
    ),
    .init(
      "verify.sender_mismatch", .refusal, en: "The sender named in the header is not the one that holds the connection.",
      zh: "报头中的发送方与连接方不一致。"),
    .init("verify.recipient_mismatch", .refusal, en: "The message is addressed to somebody else.", zh: "报文的接收方不是本方。"),
    .init("verify.corridor_unknown", .refusal, en: "The registry has no such corridor.", zh: "注册表中没有该通道。"),
    .init(
      "verify.corridor_mode", .refusal, en: "The message is for {found}, and the corridor for {agreed}.",
      zh: "报文属于 {found} 模式,而通道为 {agreed} 模式。"),
    .init("verify.corridor_parties", .refusal, en: "Sender and recipient are not the two ends of the corridor.", zh: "发送方与接收方不是该通道的两端。"),
    .init(
      "verify.corridor_direction", .refusal, en: "A message of this kind only goes with the corridor, not against it.", zh: "此类报文不得逆通道方向发送。"
    ),
    .init("verify.corridor_kind", .refusal, en: "The corridor's agreement does not cover this kind of message.", zh: "通道协议不包含此类报文。"),
    .init(
      "verify.corridor_suite", .refusal, en: "The corridor's agreement does not allow the signature algorithm {algorithm}.",
      zh: "通道协议不允许签名算法 {algorithm}。"),
    .init(
      "verify.created_in_future", .refusal, en: "The message was made more than {seconds} seconds in the future.",
      zh: "报文创建时间比当前时间超前 {seconds} 秒以上。"),
    .init("verify.expired", .refusal, en: "The message has expired.", zh: "报文已过期。"),
    .init(
      "verify.lifetime_too_long", .refusal, en: "The message is meant to live longer than {seconds} seconds.", zh: "报文有效期超过 {seconds} 秒。"),
    .init("verify.payload_size", .refusal, en: "The payload has another length than the header says.", zh: "有效载荷长度与报头不符。"),
    .init("verify.payload_digest", .refusal, en: "The payload has another SHA-256 than the header says.", zh: "有效载荷的 SHA-256 与报头不符。"),
    .init(
      "verify.payload_media_type", .refusal, en: "The payload came with another media type than the header says.", zh: "有效载荷的媒体类型与报头不符。"),
    .init(
      "verify.fields_salt", .refusal, en: "A fields root and the secret that opens it belong together; one of them is missing.",
      zh: "字段根哈希与其密钥必须同时提供，缺少其一。"),
  ]

  private static let receipts: [ErrorDefinition] = [
    .init(
      "receipt.more_reasons", .refusal, en: "There are {count} reasons; not all of them fit the receipt.", zh: "共有 {count} 条原因,回执中未全部列出。"),
    .init("verify.receipt_too_large", .error, en: "The receipt is longer than {limit} bytes.", zh: "回执超过 {limit} 字节。"),
    .init("verify.receipt_version", .error, en: "The receipt has another layout than version {supported}.", zh: "回执版本不是 {supported}。"),
    .init("verify.receipt_receiver", .error, en: "The receipt was given by somebody else than the recipient.", zh: "回执的出具方不是报文接收方。"),
    .init("verify.receipt_sender", .error, en: "The receipt was given to somebody else.", zh: "回执的对象不是本方。"),
    .init("verify.receipt_message", .error, en: "The receipt is for another message.", zh: "回执对应的是另一报文。"),
    .init("verify.receipt_envelope", .error, en: "The receipt is for another envelope header.", zh: "回执对应的是另一信封报头。"),
    .init("verify.receipt_payload", .error, en: "The receipt is for another payload.", zh: "回执对应的是另一有效载荷。"),
    .init(
      "verify.receipt_time", .error, en: "The time in the receipt lies before the message or in the future.", zh: "回执时间早于报文或晚于当前时间。"),
  ]

  private static let transport: [ErrorDefinition] = [
    .init("registry.endpoint_malformed", .refusal, en: "The partner's endpoint is not accepted: {reason}.", zh: "不接受该伙伴端点:{reason}。"),
    .init(
      "registry.endpoint_address", .refusal, en: "The partner's endpoint has an address that no partner can have here.",
      zh: "伙伴端点使用了不允许的地址。"),
    .init("deliver.unreachable", .error, en: "The partner's gateway cannot be reached.", zh: "无法连接伙伴网关。"),
    .init(
      "deliver.address_refused", .error, en: "The partner's host name stands for an address that no partner can have here.",
      zh: "伙伴主机名解析到不允许的地址。"),
    .init(
      "deliver.peer_identity", .error, en: "The other end did not prove to be the partner that the registry lists; nothing was sent.",
      zh: "对端身份与注册表不符,未发送任何数据。"),
    .init("deliver.tls", .error, en: "No TLS 1.3 connection with both certificates could be made.", zh: "无法建立双向认证的 TLS 1.3 连接。"),
    .init("deliver.timeout", .error, en: "The partner did not answer in time.", zh: "伙伴未在规定时间内应答。"),
    .init("deliver.response_too_large", .error, en: "The partner's answer is larger than {limit} bytes.", zh: "伙伴的应答超过 {limit} 字节。"),
    .init("deliver.cancelled", .error, en: "The delivery was cancelled.", zh: "投递已取消。"),
    .init("deliver.transfer", .error, en: "The exchange with the partner failed.", zh: "与伙伴的数据交换失败。"),
  ]

  private static let timestamps: [ErrorDefinition] = [
    .init(
      "timestamp.url", .error, en: "The address of the time-stamp authority is not a plain http or https URL.",
      zh: "时间戳机构地址不是有效的 http 或 https URL。"),
    .init(
      "timestamp.no_answer", .error, en: "The time-stamp authority did not answer the question ({reason}).", zh: "时间戳机构未答复请求（{reason}）。"),
  ]

  private static let reconciliation: [ErrorDefinition] = [
    .init(
      "reconcile.answer_invalid", .error, en: "The partner's answer is not one to what was asked ({part}).", zh: "对方的答复与所问不符（{part}）。"),
    .init(
      "reconcile.no_answer", .error, en: "The partner answered the reconciliation with status {status}.", zh: "对方对核对请求返回状态 {status}。"),
  ]
}
