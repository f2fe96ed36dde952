package import Primitives

extension ErrorCatalogue {
  /// Codes of keys, certificates, signatures and the registry.
  package static let trust: [ErrorDefinition] = keys + modules + certificates + signatures + timestamps + registry

  private static let keys: [ErrorDefinition] = [
    .init("key.malformed", .error, en: "The key cannot be read.", zh: "密钥无法读取。"),
    .init(
      "key.unsupported", .error, en: "The key is neither P-256 nor Ed25519 in its standard encoding.",
      zh: "密钥不是标准编码的 P-256 或 Ed25519 密钥。"),
    .init("key.mismatch", .error, en: "The private and the public half of the key do not belong together.", zh: "私钥与公钥不匹配。"),
    .init("key.generation", .error, en: "A new key could not be made.", zh: "无法生成新密钥。"),
    .init("key.signing", .error, en: "The key could not sign.", zh: "密钥签名失败。"),
    .init("key.pem", .error, en: "The text must be one PEM block of type {label}.", zh: "文本必须是一个类型为 {label} 的 PEM 块。"),
    .init("key.issuing", .error, en: "The certificate could not be issued (parameter: {parameter}).", zh: "证书签发失败(参数:{parameter})。"),
    .init(
      "key.certificate_malformed", .error, en: "The certificate is not a well-formed X.509 version 3 certificate.",
      zh: "证书不是格式正确的 X.509 第 3 版证书。"),
  ]

  private static let modules: [ErrorDefinition] = [
    .init(
      "key.hsm_uri", .error, en: "The PKCS #11 URI does not have the form of RFC 7512 that is understood here ({part}).",
      zh: "PKCS #11 URI 不符合此处所支持的 RFC 7512 形式（{part}）。"),
    .init(
      "key.hsm_pin_value", .error,
      en: "A PIN must not stand in a PKCS #11 URI: put it into a file that its owner alone can read, and name that as pin-source=file:/….",
      zh: "PKCS #11 URI 中不得写入 PIN：请存入仅所有者可读的文件，并以 pin-source=file:/… 指明。"),
    .init("key.hsm_module", .error, en: "The PKCS #11 module cannot be loaded.", zh: "PKCS #11 模块无法加载。"),
    .init("key.hsm_token", .error, en: "The module shows {count} tokens of this name instead of one.", zh: "模块显示 {count} 个同名令牌，应恰有一个。"),
    .init(
      "key.hsm_pin", .error, en: "The token does not take the PIN ({code}). It is not tried again before the next start.",
      zh: "令牌不接受该 PIN（{code}）。下次启动前不再尝试。"),
    .init("key.hsm_key", .error, en: "The token holds {count} keys of this name instead of one.", zh: "令牌中有 {count} 个同名密钥，应恰有一个。"),
    .init("key.hsm_key_exists", .error, en: "The token holds a key of this name already.", zh: "令牌中已有同名密钥。"),
    .init(
      "key.hsm_key_attribute", .error,
      en: "The key must be an AES key of 32 bytes that is sensitive, not extractable, and encrypts and decrypts; it is not by {attribute}.",
      zh: "密钥必须是 32 字节的 AES 密钥，敏感、不可导出、可加密和解密；其 {attribute} 不符。"),
    .init(
      "key.hsm_key_changed", .error,
      en: "The key of this name no longer opens what it wrapped at the start: it is another one, or the module is broken.",
      zh: "该名称的密钥已无法解开启动时所封装的内容：密钥已被更换，或模块有故障。"),
    .init("key.hsm_mechanism", .error, en: "The token does not do {mechanism}.", zh: "令牌不支持 {mechanism}。"),
    .init(
      "key.hsm_self_test", .error, en: "The module does not open what it wrapped, or opens what was changed.",
      zh: "模块无法解开其自身封装的内容，或解开了被改动的内容。"),
    .init("key.hsm_call", .error, en: "The hardware security module failed: {call} returned {code}.", zh: "硬件安全模块出错：{call} 返回 {code}。"),
    .init("key.hsm_closed", .error, en: "The hardware security module is not in use any more.", zh: "硬件安全模块已停用。"),
  ]

  private static let certificates: [ErrorDefinition] = [
    .init("verify.certificate_usage", .refusal, en: "The certificate may not be used for this ({usage}).", zh: "证书不得用于此用途({usage})。"),
    .init("verify.certificate_not_yet_valid", .refusal, en: "A certificate of the path is not valid yet.", zh: "证书链中有证书尚未生效。"),
    .init("verify.certificate_expired", .refusal, en: "A certificate of the path has expired.", zh: "证书链中有证书已过期。"),
    .init(
      "verify.certificate_chain", .refusal, en: "The certificate does not lead to a trust anchor: {reason}.",
      zh: "证书无法链接到信任锚:{reason}。"),
  ]

  private static let signatures: [ErrorDefinition] = [
    .init("verify.jws_malformed", .refusal, en: "The signature is not a JWS in compact serialization.", zh: "签名不是紧凑序列化的 JWS。"),
    .init(
      "verify.jws_header", .refusal, en: "The protected header of the signature cannot be read: {reason}.",
      zh: "签名的受保护头部无法读取:{reason}。"),
    .init(
      "verify.jws_member", .refusal, en: "The protected header holds a member that is not allowed: {member}.",
      zh: "签名的受保护头部含不允许的成员:{member}。"),
    .init("verify.jws_algorithm", .refusal, en: "The signature algorithm is not allowed, or not the key's.", zh: "签名算法不被允许或与密钥不符。"),
    .init(
      "verify.jws_type", .refusal, en: "The signature is for another kind of thing; expected: {expected}.",
      zh: "签名对象的类型不符,应为:{expected}。"),
    .init("verify.jws_payload", .refusal, en: "The signed payload must be {expected}.", zh: "被签名的载荷形式应为:{expected}。"),
    .init("verify.jws_key_unknown", .refusal, en: "The key that the signature names is not known.", zh: "签名所指的密钥未知。"),
    .init("verify.jws_signature", .refusal, en: "The signature does not verify.", zh: "签名验证失败。"),
  ]

  private static let timestamps: [ErrorDefinition] = [
    .init(
      "timestamp.malformed", .error, en: "The time-stamp is not of the form that is taken here: {reason}.", zh: "时间戳格式不被接受：{reason}。"),
    .init(
      "timestamp.rejected", .error, en: "The time-stamp authority gave no time-stamp (status {status}).", zh: "时间戳机构未给出时间戳（状态 {status}）。"),
    .init("timestamp.imprint", .error, en: "The time-stamp is for something else.", zh: "时间戳对应的是其他内容。"),
    .init("timestamp.nonce", .error, en: "The time-stamp answers another question.", zh: "时间戳回答的是另一请求。"),
    .init("timestamp.signature", .error, en: "The time-stamp is not signed by a trusted authority.", zh: "时间戳不是由受信任的机构签署的。"),
  ]

  private static let registry: [ErrorDefinition] = [
    .init("registry.signer_unknown", .error, en: "The registry is not signed by a key that may sign it.", zh: "登记册不是由有权签署的密钥签名的。"),
    .init(
      "registry.version_back", .error, en: "Registry version {version} is older than version {previous}, which is in use.",
      zh: "登记册版本 {version} 早于正在使用的版本 {previous}。"),
    .init(
      "registry.version_reused", .error, en: "Registry version {version} is in use with other content.",
      zh: "登记册版本 {version} 已用于其他内容。"),
    .init("registry.period", .error, en: "The period ends before it starts.", zh: "有效期的结束早于开始。"),
    .init("registry.duplicate", .error, en: "This {what} stands in the registry twice.", zh: "登记册中重复出现({what})。"),
    .init("registry.shared_key", .error, en: "The key is already another participant's or in another role.", zh: "该密钥已属于其他参与方或其他用途。"),
    .init(
      "registry.certificate_missing", .error, en: "The participant has no certificate in the role {role}.",
      zh: "参与方缺少用途为 {role} 的证书。"),
    .init("registry.corridor_end", .error, en: "A corridor joins two different participants of the registry.", zh: "通道必须连接登记册中两个不同的参与方。"),
    .init(
      "registry.witness_unknown", .error, en: "The corridor names a witness that the registry does not have.", zh: "通道所列的见证方不在注册表中。"),
    .init(
      "registry.quorum", .error, en: "The quorum is larger than the {count} witnesses that are left for the ledger of {participant}.",
      zh: "法定数大于 {participant} 账本可用的 {count} 个见证方。"),
    .init(
      "registry.endpoint_loopback", .error, en: "In mode {mode} a participant's endpoint cannot be on the local machine.",
      zh: "在 {mode} 模式下,参与方地址不得为本机地址。"),
    .init("registry.expired", .error, en: "The registry has expired.", zh: "登记册已过期。"),
    .init("registry.participant_unknown", .refusal, en: "The registry does not know this participant.", zh: "登记册中没有该参与方。"),
    .init("registry.participant_suspended", .refusal, en: "The participant is not a member at this time.", zh: "参与方此时不是成员。"),
    .init("registry.certificate_unknown", .refusal, en: "The certificate is not registered for this participant.", zh: "该证书未为此参与方登记。"),
    .init("registry.certificate_role", .refusal, en: "The certificate cannot be used in the role {role}.", zh: "证书不能用于 {role} 用途。"),
    .init("registry.certificate_period", .refusal, en: "The certificate's registered period does not hold here.", zh: "证书的登记有效期不符。"),
  ]
}
