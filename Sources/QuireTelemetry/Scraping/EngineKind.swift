/// What an instance runs, as far as its series tell.
package enum EngineKind: String, Sendable, CaseIterable {
    case vllm, quire, sglang, tgi
    case llamaCpp = "llama.cpp"
}
