/// How the tokens of one request are chosen, validated and with every default filled in.
///
/// Names and meanings are vLLM's `SamplingParams`. Immutable and shared by reference: a step's plan
/// names it once per row without copying.
package final class SamplingParameters: Sendable {
    /// What the fields of ``SamplingParameters`` are made from; the defaults are vLLM's.
    package struct Fields: Sendable {
        /// 0 picks the likeliest token.
        package var temperature: Float = 1
        /// 0 considers all tokens.
        package var topK = 0
        /// 1 considers all tokens.
        package var topP: Float = 1
        /// 0 considers all tokens.
        package var minP: Float = 0
        package var repetitionPenalty: Float = 1
        package var presencePenalty: Float = 0
        package var frequencyPenalty: Float = 0
        package var seed: UInt64 = 0
        /// Added to the logits of these tokens.
        package var logitBias: [(token: Int32, bias: Float)] = []
        /// If set, no other token may be chosen.
        package var allowedTokens: [Int32]?
        /// Token sequences that may not appear.
        package var badWords: [[Int32]] = []
        /// Tokens that end the request, besides the end-of-sequence ones.
        package var stopTokens: [Int32] = []
        /// The model's end-of-sequence tokens.
        package var endTokens: [Int32] = []
        package var ignoresEnd = false
        /// Neither stop nor end tokens are chosen before so many tokens.
        package var minTokens = 0
        /// The most tokens to generate, already bounded by the model's context.
        package var maxTokens = 16
        /// How many of the likeliest tokens are reported per generated token besides the chosen
        /// one; `nil` reports none, -1 all of the vocabulary.
        package var logprobs: Int?
        /// The same for the prompt's tokens.
        package var promptLogprobs: Int?

        package init() {}
    }

    package let fields: Fields

    package init(_ fields: Fields) { self.fields = fields }

    /// Whether the chosen token is just the largest logit.
    package var isGreedy: Bool { fields.temperature < 1e-5 }

    /// Whether the tokens so far change the logits.
    package var hasPenalties: Bool {
        fields.repetitionPenalty != 1 || fields.presencePenalty != 0 || fields.frequencyPenalty != 0
    }
}
