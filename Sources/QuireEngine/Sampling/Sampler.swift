/// Makes a token, and logprobs if asked, of one row of logits.
///
/// The order of things is vLLM's: logprobs are those of the raw logits; then allowed tokens, bad
/// words, `min_tokens`, biases and penalties change the logits; then the largest is taken, or
/// temperature, `min_p`, `top_k`, `top_p` and a draw follow. A row's result depends on nothing but
/// the row and its own sample. Scratch memory is made once; a token without logprobs allocates
/// nothing. Engine thread.
package struct Sampler {
    private let vocabularySize: Int
    /// The logits as the request's parameters change them; the executor's row stays as it is.
    private var processed: [Float]
    private var candidates: CandidateFilter

    package init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        processed = Array(repeating: 0, count: vocabularySize)
        candidates = CandidateFilter(vocabularySize: vocabularySize)
    }

    /// `logits` has one element per token of the vocabulary.
    package mutating func sample(_ logits: Span<Float>, _ sample: StepSample) -> StepResult.Outcome
    {
        precondition(logits.count == vocabularySize, "a logit per token")
        guard let maximum = RowKernels.maximum(logits), maximum > -.infinity else {
            return .fault("the model's logits are not finite")
        }
        let fields = sample.sampling.fields
        switch sample.purpose {
        case .promptToken(let token):
            guard logits.indices.contains(Int(token)) else {
                return .fault("token \(token) is not in the vocabulary")
            }
            let count = fields.promptLogprobs ?? 0
            let reader = LogprobsReader(logits: logits, maximum: maximum)
            return .token(token, reader.logprobs(of: token, top: count))
        case .next(let outputIndex, let position):
            guard let token = next(logits, maximum, sample, outputIndex, position) else {
                return .unservable("The request's parameters leave no token to choose.")
            }
            guard let count = fields.logprobs else { return .token(token, nil) }
            let reader = LogprobsReader(logits: logits, maximum: maximum)
            return .token(token, reader.logprobs(of: token, top: count))
        }
    }

    private mutating func next(
        _ logits: Span<Float>,
        _ maximum: Float,
        _ sample: StepSample,
        _ outputIndex: Int,
        _ position: Int
    ) -> Int32? {
        guard LogitsProcessor.changes(sample.sampling, outputIndex: outputIndex) else {
            return Self.choose(from: logits, maximum, sample.sampling, position, &candidates)
        }
        var work = processed.mutableSpan
        LogitsProcessor.process(logits, sample, outputIndex: outputIndex, into: &work)
        return Self.choose(from: processed, sample.sampling, position, &candidates)
    }

    private static func choose(
        from processed: [Float],
        _ sampling: SamplingParameters,
        _ position: Int,
        _ candidates: inout CandidateFilter
    ) -> Int32? {
        let logits = processed.span
        guard let maximum = RowKernels.maximum(logits), maximum > -.infinity else { return nil }
        return choose(from: logits, maximum, sampling, position, &candidates)
    }

    private static func choose(
        from logits: Span<Float>,
        _ maximum: Float,
        _ sampling: SamplingParameters,
        _ position: Int,
        _ candidates: inout CandidateFilter
    ) -> Int32? {
        if sampling.isGreedy {
            return RowKernels.firstIndex(of: maximum, in: logits).map { Int32($0) }
        }
        let fields = sampling.fields
        candidates.load(
            logits,
            maximum: maximum,
            temperature: fields.temperature,
            minP: fields.minP
        )
        if fields.topK > 0, fields.topK < logits.count { candidates.keepTop(fields.topK) }
        if fields.topP < 1 { candidates.keepMass(fields.topP) }
        // By the place in the sequence and not in the answer: a request that continues the text of
        // another one, with its seed, draws what that one would have drawn.
        return candidates.draw(CounterGenerator.uniform(seed: fields.seed, position: position))
    }
}
