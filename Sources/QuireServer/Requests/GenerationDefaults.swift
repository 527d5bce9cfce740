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

    /// Values out of the range that a request is held to are left out: the file is not the client's
    /// to mend.
    package init(_ json: JSON?, endTokens: [Int32]) {
        func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
            json?[name]?.double.flatMap { range.contains($0) ? $0 : nil }
        }
        temperature = number("temperature", in: 0...1000)
        topP = number("top_p", in: Double.leastNonzeroMagnitude...1)
        minP = number("min_p", in: 0...1)
        repetitionPenalty = number("repetition_penalty", in: 0.001...1000)
        if let value = json?["top_k"]?.int, value >= -1, value <= Int(Int32.max) {
            topK = max(0, value)
        }
        if let value = json?["max_new_tokens"]?.int, value > 0 { maxTokens = value }
        self.endTokens = endTokens
    }
}
