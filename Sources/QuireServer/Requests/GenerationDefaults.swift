package import QuireJSON

/// What a model's `generation_config.json` says about fields that a request leaves out.
///
/// vLLM's `--generation-config auto`: the model's own values go before the API's defaults, the
/// request's before both.
package struct GenerationDefaults: Sendable, Hashable {
    var temperature: Double?
    var topP: Double?
    var topK: Int?
    var minP: Double?
    var repetitionPenalty: Double?
    var maxTokens: Int?
    /// The model's end-of-sequence tokens.
    package var endTokens: [Int32] = []

    /// Values out of their range are left out: the file is not the client's to mend.
    package init(_ json: JSON?, endTokens: [Int32]) {
        if let value = json?["temperature"]?.double, value >= 0, value.isFinite {
            temperature = value
        }
        if let value = json?["top_p"]?.double, value > 0, value <= 1 { topP = value }
        if let value = json?["top_k"]?.int, value >= 0 { topK = value }
        if let value = json?["min_p"]?.double, value >= 0, value <= 1 { minP = value }
        if let value = json?["repetition_penalty"]?.double, value > 0, value.isFinite {
            repetitionPenalty = value
        }
        if let value = json?["max_new_tokens"]?.int, value > 0 { maxTokens = value }
        self.endTokens = endTokens
    }
}
