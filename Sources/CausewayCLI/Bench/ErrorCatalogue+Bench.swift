import Primitives

extension ErrorCatalogue {
  static let bench: [ErrorDefinition] = [
    .init("bench.raw_call", .error, en: "The raw library call {call} failed.", zh: "底层库调用 {call} 失败。"),
    .init("bench.wrong_result", .error, en: "A measured step gave a wrong result: {step}.", zh: "被测步骤的结果有误：{step}。"),
    .init("bench.sample_form", .error, en: "The sample is not built as the benchmark expects.", zh: "样本结构不符合基准测试的要求。"),
    .init("bench.not_delivered", .error, en: "A declaration did not come through: its state is {state}.", zh: "报关单未送达，状态为 {state}。"),
  ]
}
