import QuireEngine

/// A model of which everything is known: what follows a sequence is a function of its tokens.
enum ShadowModel {
    static let vocabularySize = 50

    /// What the sequence up to some token leaves behind; the next token depends on it alone.
    struct State: Hashable {
        var hash: UInt64 = 0x243f_6a88_85a3_08d3

        func after(_ token: Int32) -> State {
            var z = hash ^ UInt64(truncatingIfNeeded: token) &* 0x9e37_79b9_7f4a_7c15
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return State(hash: z ^ z >> 31)
        }

        var nextToken: Int32 { Int32(hash % UInt64(vocabularySize)) }
        /// One row in 150 has no usable logits.
        var isFaulty: Bool { hash >> 32 % 150 == 0 }
        var logprob: Float { -Float(hash >> 40) / 1e6 }
    }

    /// What a request is answered if nothing disturbs it.
    static func answer(
        to prompt: [Int32],
        _ fields: SamplingParameters.Fields,
        maxContext: Int
    ) -> RecordingSink.Record {
        var record = RecordingSink.Record()
        var state = State()
        for (index, token) in prompt.enumerated() {
            state = state.after(token)
            guard index + 1 < prompt.count, fields.promptLogprobs != nil else { continue }
            if state.isFaulty {
                // How much was sent before depends on the chunks; the comparison knows.
                record.reason = .error("")
                return record
            }
            record.promptLogprobs.append(logprobs(of: prompt[index + 1], state))
        }
        while record.reason == nil {
            if state.isFaulty {
                record.reason = .error("")
                return record
            }
            let token = state.nextToken
            record.tokens.append(token)
            if fields.logprobs != nil { record.logprobs.append(logprobs(of: token, state)) }
            state = state.after(token)
            let mayStop = record.tokens.count > fields.minTokens
            if mayStop, !fields.ignoresEnd, fields.endTokens.contains(token) {
                record.reason = .stop(stopToken: nil)
            } else if mayStop, fields.stopTokens.contains(token) {
                record.reason = .stop(stopToken: token)
            } else if record.tokens.count == fields.maxTokens
                || prompt.count + record.tokens.count == maxContext
            {
                record.reason = .length
            }
        }
        return record
    }

    static func logprobs(of token: Int32, _ state: State) -> TokenLogprobs {
        TokenLogprobs(
            chosen: .init(token: token, logprob: state.logprob),
            rank: 1,
            top: []
        )
    }
}
