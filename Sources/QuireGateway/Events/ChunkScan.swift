import QuireJSON

/// Where the members of one chunk (or whole answer) lie that somebody reads or rewrites.
///
/// One pass, no allocation for a chunk of one choice. A member of a wrong type counts as absent: the
/// bytes are the upstream's, and the client gets them as they are.
struct ChunkScan {
    struct Choice {
        var index = 0
        /// The delta's or message's content, or a completion's text.
        var text: JSONCursor.Text?
        var finishReason: JSONCursor.Text?
        var hasRole = false
        /// What to take out of the delta to be rid of its role, comma included.
        var roleMember: Range<Int>?
        var hasReasoning = false
        /// Tool calls, a refusal, audio.
        var hasOtherContent = false

        var hasText: Bool { text.map { $0.end > $0.start } ?? false }
        var isContent: Bool { hasText || hasReasoning || hasOtherContent }
        /// Whether it stands for a token: one whose character is not complete has empty text.
        var isToken: Bool { isContent || text != nil && !hasRole && finishReason == nil }
    }

    struct Usage {
        var promptTokens: BodyLayout.Number?
        var completionTokens: BodyLayout.Number?
        var totalTokens: BodyLayout.Number?
        var cachedTokens: Int?
    }

    // Values as they are written, quotes included.
    var id: Range<Int>?
    var created: Range<Int>?
    var model: Range<Int>?
    var fingerprint: Range<Int>?
    var hasChoices = false
    var first: Choice?
    /// Any further choices; empty for all engines that send one choice a chunk.
    var others: [Choice] = []
    var usage: Usage?
    var hasError = false

    init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let start = cursor.position
            if cursor.isEqual(key, "choices") {
                try readChoices(&cursor)
            } else if cursor.isEqual(key, "usage") {
                usage = try Self.readUsage(&cursor)
            } else if cursor.isEqual(key, "error") {
                hasError = try cursor.peek() != UInt8(ascii: "n")
                try cursor.skipValue()
            } else {
                try cursor.skipValue()
                let value = start..<cursor.position
                if cursor.isEqual(key, "id") {
                    id = value
                } else if cursor.isEqual(key, "created") {
                    created = value
                } else if cursor.isEqual(key, "model") {
                    model = value
                } else if cursor.isEqual(key, "system_fingerprint") {
                    fingerprint = value
                }
            }
        }
        try cursor.finish()
    }

    // MARK: Choices

    private mutating func readChoices(_ cursor: inout JSONCursor) throws(JSONError) {
        guard try cursor.peek() == UInt8(ascii: "[") else { return try cursor.skipValue() }
        hasChoices = true
        try cursor.beginArray()
        while try cursor.nextElement() {
            guard try cursor.peek() == UInt8(ascii: "{") else {
                try cursor.skipValue()
                continue
            }
            let choice = try Self.readChoice(&cursor)
            if first == nil { first = choice } else { others.append(choice) }
        }
    }

    private static func readChoice(_ cursor: inout JSONCursor) throws(JSONError) -> Choice {
        var choice = Choice()
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.isEqual(key, "index") {
                choice.index = try cursor.readIntegerIfPresent() ?? 0
            } else if cursor.isEqual(key, "delta") || cursor.isEqual(key, "message") {
                try readDelta(into: &choice, &cursor)
            } else if cursor.isEqual(key, "text") {
                choice.text = try cursor.readTextIfPresent()
            } else if cursor.isEqual(key, "finish_reason") {
                choice.finishReason = try cursor.readTextIfPresent()
            } else {
                try cursor.skipValue()
            }
        }
        return choice
    }

    private static func readDelta(
        into choice: inout Choice,
        _ cursor: inout JSONCursor
    ) throws(JSONError) {
        guard try cursor.peek() == UInt8(ascii: "{") else { return try cursor.skipValue() }
        try cursor.beginObject()
        var isAfterRole = false
        var lastEnd: Int?
        while let key = try cursor.nextKey() {
            let start = key.start - 1
            if isAfterRole, let member = choice.roleMember, lastEnd == member.upperBound {
                // The role has a follower, so its own comma goes with it.
                choice.roleMember = member.lowerBound..<start
            }
            isAfterRole = false
            let first = try cursor.peek()
            if cursor.isEqual(key, "content") {
                choice.text = try cursor.readTextIfPresent()
                let isSet = first != UInt8(ascii: "n") && first != UInt8(ascii: "\"")
                if isSet { choice.hasOtherContent = true }
            } else if cursor.isEqual(key, "role") {
                try cursor.skipValue()
                choice.hasRole = first == UInt8(ascii: "\"")
                // Where a member came before, the comma in between goes.
                choice.roleMember = (lastEnd ?? start)..<cursor.position
                isAfterRole = lastEnd == nil
            } else if cursor.isEqual(key, "reasoning_content") || cursor.isEqual(key, "reasoning") {
                let text = try cursor.readTextIfPresent()
                if let text, text.end > text.start { choice.hasReasoning = true }
            } else if cursor.isEqual(key, "tool_calls") || cursor.isEqual(key, "function_call")
                || cursor.isEqual(key, "refusal") || cursor.isEqual(key, "audio")
            {
                let start = cursor.position
                try cursor.skipValue()
                // `null`, `[]` and `""` are none.
                if first != UInt8(ascii: "n"), cursor.position - start > 2 {
                    choice.hasOtherContent = true
                }
            } else {
                try cursor.skipValue()
            }
            lastEnd = cursor.position
        }
    }

    // MARK: Usage

    static func readUsage(_ cursor: inout JSONCursor) throws(JSONError) -> Usage? {
        guard try cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skipValue()
            return nil
        }
        var usage = Usage()
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.isEqual(key, "prompt_tokens") {
                usage.promptTokens = try readNumber(&cursor)
            } else if cursor.isEqual(key, "completion_tokens") {
                usage.completionTokens = try readNumber(&cursor)
            } else if cursor.isEqual(key, "total_tokens") {
                usage.totalTokens = try readNumber(&cursor)
            } else if cursor.isEqual(key, "prompt_tokens_details"),
                try cursor.peek() == UInt8(ascii: "{")
            {
                try cursor.beginObject()
                while let key = try cursor.nextKey() {
                    if cursor.isEqual(key, "cached_tokens") {
                        usage.cachedTokens = try cursor.readIntegerIfPresent()
                    } else {
                        try cursor.skipValue()
                    }
                }
            } else {
                try cursor.skipValue()
            }
        }
        return usage
    }

    private static func readNumber(
        _ cursor: inout JSONCursor
    ) throws(JSONError) -> BodyLayout.Number? {
        let start = cursor.position
        let value = try cursor.readIntegerIfPresent()
        // A count of tokens beyond this is nonsense, and sums must not overflow.
        guard let value, value >= 0, value < 1 << 48 else { return nil }
        return BodyLayout.Number(range: start..<cursor.position, value: value)
    }
}
