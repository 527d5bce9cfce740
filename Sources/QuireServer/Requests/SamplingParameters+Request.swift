import QuireEngine
import QuireOpenAI

extension SamplingParameters.Fields {
    /// The engine's parameters for a validated request: the one place where wire fields, the
    /// model's defaults and the engine's names meet.
    ///
    /// `badWords` are tokenised. What differs between the choices of a request, `maxTokens` and
    /// `seed`, is left to the caller.
    init(
        _ request: SamplingFields,
        defaults: GenerationDefaults,
        badWords: [[Int32]]
    ) {
        self.init()
        temperature = Float(request.temperature ?? defaults.temperature ?? 1)
        topK = request.topK ?? defaults.topK ?? 0
        topP = Float(request.topP ?? defaults.topP ?? 1)
        minP = Float(request.minP ?? defaults.minP ?? 0)
        repetitionPenalty = Float(request.repetitionPenalty ?? defaults.repetitionPenalty ?? 1)
        presencePenalty = Float(request.presencePenalty)
        frequencyPenalty = Float(request.frequencyPenalty)
        logitBias = request.logitBias.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        allowedTokens = request.allowedTokenIDs
        self.badWords = badWords
        stopTokens = request.stopTokenIDs
        endTokens = defaults.endTokens
        ignoresEnd = request.ignoreEOS
        minTokens = request.minTokens
        logprobs = request.logprobs
        promptLogprobs = request.promptLogprobs
    }
}
