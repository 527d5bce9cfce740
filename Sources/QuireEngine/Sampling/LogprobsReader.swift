import Glibc

/// Log-probabilities of one row of raw logits: a token's own, its rank, and the likeliest ones.
struct LogprobsReader: ~Copyable, ~Escapable {
    private let logits: Span<Float>
    /// `log Σ exp(logit)`.
    private let normalizer: Double

    @_lifetime(copy logits)
    init(logits: Span<Float>, maximum: Float) {
        self.logits = logits
        normalizer =
            Double(maximum) + log(RowKernels.sumOfExponentials(logits, maximum: maximum))
    }

    /// `count` is -1 for the whole vocabulary.
    func logprobs(of token: Int32, top count: Int) -> TokenLogprobs {
        TokenLogprobs(
            chosen: entry(token),
            rank: RowKernels.count(in: logits, atLeast: logits[Int(token)]),
            top: top(count < 0 ? logits.count : min(count, logits.count))
        )
    }

    private func entry(_ token: Int32) -> TokenLogprobs.Entry {
        TokenLogprobs.Entry(
            token: token,
            logprob: Float(Double(logits[Int(token)]) - normalizer)
        )
    }

    /// The `count` largest, in order; of equal ones the lower id is first.
    private func top(_ count: Int) -> [TokenLogprobs.Entry] {
        if count == 0 { return [] }
        var tokens: [Int32] = []
        if count > 64 {
            tokens = (0..<Int32(logits.count)).map { $0 }
            let values = tokens.map { logits[Int($0)] }
            tokens.sort { (a, b) in
                let (x, y) = (values[Int(a)], values[Int(b)])
                return x > y || x == y && a < b
            }
        } else {
            tokens.reserveCapacity(count + 1)
            var bound = -Float.infinity
            for index in logits.indices where tokens.count < count || logits[index] > bound {
                // Equal ones stay in front: they came first.
                var place = tokens.count
                while place > 0, logits[Int(tokens[place - 1])] < logits[index] { place -= 1 }
                tokens.insert(Int32(index), at: place)
                if tokens.count > count { tokens.removeLast() }
                if tokens.count == count { bound = logits[Int(tokens[count - 1])] }
            }
        }
        return tokens.prefix(count).map { entry($0) }
    }
}
