/// Changes a row of logits as a request's parameters say, with vLLM's formulas and in its order.
enum LogitsProcessor {
    /// Whether the parameters change anything at this point of the output.
    static func changes(_ sampling: SamplingParameters, outputIndex: Int) -> Bool {
        let fields = sampling.fields
        return fields.allowedTokens != nil || !fields.badWords.isEmpty
            || !fields.logitBias.isEmpty || outputIndex < fields.minTokens
            || sampling.hasPenalties
    }

    static func process(
        _ logits: Span<Float>,
        _ sample: StepSample,
        outputIndex: Int,
        into work: inout MutableSpan<Float>
    ) {
        let fields = sample.sampling.fields
        copy(logits, allowed: fields.allowedTokens, into: &work)
        if let history = sample.history {
            for word in fields.badWords { forbid(word, after: history.outputTokens, in: &work) }
        }
        if outputIndex < fields.minTokens {
            for token in fields.stopTokens { set(-.infinity, token, in: &work) }
            for token in fields.endTokens { set(-.infinity, token, in: &work) }
        }
        for (token, bias) in fields.logitBias where isValid(token, work) {
            work[Int(token)] += bias
        }
        if sample.sampling.hasPenalties, let history = sample.history {
            penalise(history, fields, in: &work)
        }
    }

    private static func copy(
        _ logits: Span<Float>,
        allowed: [Int32]?,
        into work: inout MutableSpan<Float>
    ) {
        if let allowed {
            work.update(repeating: -.infinity)
            for token in allowed where isValid(token, work) {
                work[Int(token)] = logits[Int(token)]
            }
        } else {
            for index in logits.indices { work[index] = logits[index] }
        }
    }

    /// Forbids the last token of a word whose others are the end of the output.
    private static func forbid(
        _ word: [Int32],
        after output: [Int32],
        in work: inout MutableSpan<Float>
    ) {
        guard let last = word.last, output.count >= word.count - 1 else { return }
        let start = output.count - (word.count - 1)
        for index in 0..<word.count - 1 where output[start + index] != word[index] { return }
        set(-.infinity, last, in: &work)
    }

    /// The repetition penalty looks at prompt and output, the other two at the output.
    private static func penalise(
        _ history: TokenHistory,
        _ fields: SamplingParameters.Fields,
        in work: inout MutableSpan<Float>
    ) {
        for (token, count) in history.counts where isValid(token, work) {
            var logit = work[Int(token)]
            logit =
                logit > 0
                ? logit / fields.repetitionPenalty : logit * fields.repetitionPenalty
            if count.output > 0 {
                logit -= fields.frequencyPenalty * Float(count.output) + fields.presencePenalty
            }
            work[Int(token)] = logit
        }
    }

    private static func set(_ value: Float, _ token: Int32, in work: inout MutableSpan<Float>) {
        if isValid(token, work) { work[Int(token)] = value }
    }

    private static func isValid(_ token: Int32, _ work: borrowing MutableSpan<Float>) -> Bool {
        token >= 0 && Int(token) < work.count
    }
}
