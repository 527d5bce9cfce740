package import NIOCore
import QuireJSON
package import QuireOpenAI

/// What the gateway needs to know of a request body, found in one pass over its bytes.
///
/// Nothing is decoded but the few values below, and nothing is judged but the JSON itself: a field
/// of a wrong type counts as absent here and is the engine's to refuse, in the engine's words. Text
/// that is not a JSON object is refused at once, because every engine would, and without it there
/// is no model to route by. Cost: about 0.3 ns a byte, 64 KB in some 20 µs; allocates for the
/// results only.
package struct RoutingScan: Sendable, Hashable {
    /// The model as the client wrote it.
    package private(set) var model: String?
    package private(set) var user: String?
    /// Whether the answer is to be server-sent events.
    package private(set) var stream = false
    /// Whether the client itself asked for the usage chunk.
    package private(set) var includeUsage = false
    /// Whether the client asked for usage in every chunk.
    package private(set) var continuousUsageStats = false
    package private(set) var choiceCount = 1
    /// The smaller of `max_tokens` and `max_completion_tokens`.
    package var maxTokens: Int? {
        switch (layout.maxTokens?.value, layout.maxCompletionTokens?.value) {
        case (let first?, let second?): min(first, second)
        case (let first, let second): first ?? second
        }
    }
    /// Whether the same request gives the same answer: greedy, or with a seed.
    package var isRepeatable: Bool { isGreedy || hasSeed }
    private var isGreedy = false
    private var hasSeed = false
    /// Whether the body has a conversation, and not a prompt.
    package private(set) var isChat = false
    /// Keys of the prompt's first 1, 2, … blocks; see `PrefixHasher`.
    ///
    /// A follow-up of the same chat
    /// begins with the keys of its predecessor. Messages count by all their strings in the order of
    /// the text, escapes resolved; roles and parts are kept apart.
    package private(set) var prefixKeys: [UInt64] = []
    /// Bytes of the strings of messages or prompt, for an estimate of tokens.
    package private(set) var promptBytes = 0
    /// What in the request forbids to continue its stream elsewhere.
    package private(set) var obstacles: ResumeObstacles = []
    package private(set) var layout = BodyLayout()

    /// Scans a body.
    package init(
        _ body: ByteBuffer,
        limits: RoutingScanLimits = RoutingScanLimits()
    ) throws(OpenAIError) {
        try self.init(body.readableBytesUInt8Span, limits: limits)
    }

    /// Scans a body.
    package init(
        _ body: Span<UInt8>,
        limits: RoutingScanLimits = RoutingScanLimits()
    ) throws(OpenAIError) {
        guard body.count <= limits.bodyBytesMax else {
            throw .payloadTooLarge(
                "The request body is \(body.count) bytes long; at most \(limits.bodyBytesMax) are "
                    + "allowed."
            )
        }
        do throws(JSONError) {
            var cursor = JSONCursor(body, depthMax: limits.depthMax)
            guard try cursor.peek() == UInt8(ascii: "{") else { throw Self.notAnObject }
            var hasher = PrefixHasher(
                blockBytes: limits.prefixBlockBytes,
                blockCountMax: limits.prefixBlockCountMax
            )
            try cursor.beginObject()
            layout.interior = cursor.position
            while let key = try cursor.nextKey() {
                try readMember(key, body, &cursor, &hasher)
            }
            try cursor.finish()
            prefixKeys = hasher.keys
        } catch {
            guard error != Self.notAnObject else {
                throw .badRequest("The request body must be a JSON object.")
            }
            throw .badRequest(
                "The request body is not valid JSON: \(error.message), at byte \(error.offset)."
            )
        }
        obstacles.set(.noPrompt, if: layout.messagesEnd == nil && layout.promptEnd == nil)
        obstacles.set(.notStreamed, if: !stream)
    }

    private static let notAnObject = JSONError("not an object", at: -1)

    private mutating func readMember(
        _ key: JSONCursor.Text,
        _ body: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ hasher: inout PrefixHasher
    ) throws(JSONError) {
        if cursor.isEqual(key, "messages") {
            try readMessages(body, &cursor, &hasher)
        } else if cursor.isEqual(key, "prompt") {
            try readPrompt(body, &cursor, &hasher)
        } else if cursor.isEqual(key, "model") {
            let text = try cursor.readTextIfPresent()
            model = text.flatMap { cursor.string($0) }
            layout.model = text?.value
        } else if cursor.isEqual(key, "user") {
            user = try cursor.readTextIfPresent().flatMap { cursor.string($0) }
        } else if cursor.isEqual(key, "stream") {
            stream = try cursor.readBoolIfPresent() ?? false
        } else if cursor.isEqual(key, "stream_options") {
            try readStreamOptions(&cursor)
        } else if cursor.isEqual(key, "max_tokens") {
            layout.maxTokens = try Self.readNumber(&cursor)
        } else if cursor.isEqual(key, "max_completion_tokens") {
            layout.maxCompletionTokens = try Self.readNumber(&cursor)
        } else if cursor.isEqual(key, "min_tokens") {
            layout.minTokens = try Self.readNumber(&cursor)
        } else if cursor.isEqual(key, "temperature") {
            _ = try cursor.peek()
            let start = cursor.position
            try cursor.skipValue()
            let digits = body.extracting(start..<cursor.position)
            isGreedy = digits.indices.allSatisfy {
                digits[$0] == UInt8(ascii: "0") || digits[$0] == UInt8(ascii: ".")
            }
        } else if cursor.isEqual(key, "seed") {
            hasSeed = try cursor.peek() != UInt8(ascii: "n")
            try cursor.skipValue()
        } else if cursor.isEqual(key, "n") {
            choiceCount = try cursor.readIntegerIfPresent() ?? 1
            obstacles.set(.severalChoices, if: choiceCount != 1)
        } else {
            try readObstacle(key, &cursor)
        }
    }

    // MARK: The prompt

    private mutating func readMessages(
        _ body: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ hasher: inout PrefixHasher
    ) throws(JSONError) {
        isChat = true
        layout.messagesEnd = nil
        guard try cursor.peek() == UInt8(ascii: "[") else { return try cursor.skipValue() }
        try cursor.beginArray()
        var messageCount = 0
        while try cursor.nextElement() {
            // No byte of UTF-8 is this one.
            hasher.separate(0xFE)
            try takeStrings(body, &cursor, &hasher)
            messageCount += 1
        }
        if messageCount > 0 { layout.messagesEnd = cursor.position - 1 }
    }

    private mutating func readPrompt(
        _ body: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ hasher: inout PrefixHasher
    ) throws(JSONError) {
        layout.promptEnd = nil
        let first = try cursor.peek()
        obstacles.set(.promptList, if: first == UInt8(ascii: "["))
        obstacles.set(.tokenPrompt, if: false)
        guard first == UInt8(ascii: "[") else {
            try takeStrings(body, &cursor, &hasher)
            if first == UInt8(ascii: "\"") { layout.promptEnd = cursor.position - 1 }
            return
        }
        try cursor.beginArray()
        while try cursor.nextElement() {
            switch try cursor.peek() {
            case UInt8(ascii: "\""), UInt8(ascii: "{"):
                try takeStrings(body, &cursor, &hasher)
            default:
                // Token ids, or lists of them: their digits stand for the text.
                obstacles.formUnion(.tokenPrompt)
                let start = cursor.position
                try cursor.skipValue()
                hasher.separate(0xFF)
                hasher.take(body.extracting(start..<cursor.position))
                promptBytes += 4
            }
        }
    }

    /// Passes over a value and hashes all strings in it that are not keys.
    private mutating func takeStrings(
        _ body: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ hasher: inout PrefixHasher
    ) throws(JSONError) {
        switch try cursor.peek() {
        case UInt8(ascii: "\""):
            let text = try cursor.readText()
            promptBytes += text.end - text.start
            guard !hasher.isFull else { return }
            hasher.separate(0xFF)
            Self.hash(text, of: body, cursor, &hasher)
        case UInt8(ascii: "["):
            try cursor.beginArray()
            while try cursor.nextElement() { try takeStrings(body, &cursor, &hasher) }
        case UInt8(ascii: "{"):
            try cursor.beginObject()
            while try cursor.nextKey() != nil { try takeStrings(body, &cursor, &hasher) }
        default: try cursor.skipValue()
        }
    }

    /// Hashes a string as its text is, however it was escaped: one client's `\u4f60` is another's
    /// `你`.
    private static func hash(
        _ text: JSONCursor.Text,
        of body: Span<UInt8>,
        _ cursor: borrowing JSONCursor,
        _ hasher: inout PrefixHasher
    ) {
        guard text.isEscaped else {
            return hasher.take(body.extracting(text.start..<text.end))
        }
        var index = text.start
        while index < text.end, !hasher.isFull {
            let end = min(text.end, cursor.endOfPlainText(from: index))
            hasher.take(body.extracting(index..<end))
            guard end < text.end else { return }
            let (scalar, next) = cursor.escape(at: end)
            if scalar.isASCII {
                hasher.take(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    hasher.take(byte)
                }
            }
            index = next
        }
    }

    // MARK: Other members

    private mutating func readStreamOptions(_ cursor: inout JSONCursor) throws(JSONError) {
        includeUsage = false
        continuousUsageStats = false
        let first = try cursor.peek()
        let start = cursor.position
        guard first == UInt8(ascii: "{") else {
            try cursor.skipValue()
            let isNull = first == UInt8(ascii: "n")
            layout.streamOptions = isNull ? .null(start..<cursor.position) : .unusable
            return
        }
        try cursor.beginObject()
        let interior = cursor.position
        var isEmpty = true
        var place: Range<Int>?
        while let key = try cursor.nextKey() {
            isEmpty = false
            if cursor.isEqual(key, "include_usage") {
                let start = cursor.position
                includeUsage = try cursor.readBoolIfPresent() ?? false
                place = start..<cursor.position
            } else if cursor.isEqual(key, "continuous_usage_stats") {
                continuousUsageStats = try cursor.readBoolIfPresent() ?? false
            } else {
                try cursor.skipValue()
            }
        }
        layout.streamOptions = .object(interior: interior, isEmpty: isEmpty, includeUsage: place)
    }

    private static func readNumber(
        _ cursor: inout JSONCursor
    ) throws(JSONError) -> BodyLayout.Number? {
        _ = try cursor.peek()
        let start = cursor.position
        let value = try cursor.readIntegerIfPresent()
        return value.map { BodyLayout.Number(range: start..<cursor.position, value: $0) }
    }

    /// Reads a member that matters only to whether a cut stream can go on elsewhere.
    private mutating func readObstacle(
        _ key: JSONCursor.Text,
        _ cursor: inout JSONCursor
    ) throws(JSONError) {
        let first = try cursor.peek()
        let start = cursor.position
        if cursor.isEqual(key, "response_format") {
            return obstacles.set(.structuredOutput, if: try Self.readsOtherFormat(&cursor))
        }
        try cursor.skipValue()
        let value = start..<cursor.position
        let isTrue = first == UInt8(ascii: "t")
        let isSet = first != UInt8(ascii: "n") && first != UInt8(ascii: "f")
        if cursor.isEqual(key, "logprobs") || cursor.isEqual(key, "prompt_logprobs")
            || cursor.isEqual(key, "return_token_ids")
        {
            if isSet { obstacles.formUnion(.tokenDetails) }
        } else if cursor.isEqual(key, "tools") || cursor.isEqual(key, "functions") {
            // `[]` and `[ ]` are none; a longer text without elements is not worth the exactness.
            if isSet, value.count > 3 { obstacles.formUnion(.tools) }
        } else if cursor.isEqual(key, "echo") {
            obstacles.set(.echo, if: isTrue)
        } else if cursor.isEqual(key, "best_of") {
            if isSet, cursor.integer(value) != 1 { obstacles.formUnion(.severalCandidates) }
        } else if cursor.isEqual(key, "use_beam_search") {
            if isTrue { obstacles.formUnion(.severalCandidates) }
        } else if cursor.isEqual(key, "suffix") {
            obstacles.set(.suffix, if: isSet && value.count > 2)
        } else if cursor.isEqual(key, "structured_outputs") || cursor.isEqual(key, "guided_json")
            || cursor.isEqual(key, "guided_regex") || cursor.isEqual(key, "guided_choice")
            || cursor.isEqual(key, "guided_grammar") || cursor.isEqual(key, "grammar")
        {
            if isSet { obstacles.formUnion(.structuredOutput) }
        } else if cursor.isEqual(key, "truncate_prompt_tokens") {
            obstacles.set(.truncation, if: isSet)
        } else if cursor.isEqual(key, "include_stop_str_in_output") {
            obstacles.set(.stopInOutput, if: isTrue)
        } else if cursor.isEqual(key, "prompt_embeds") {
            if isSet { obstacles.formUnion(.tokenPrompt) }
        } else if cursor.isEqual(key, "add_generation_prompt") {
            layout.addGenerationPrompt = value
            if first == UInt8(ascii: "f") { obstacles.formUnion(.ownContinuation) }
        } else if cursor.isEqual(key, "continue_final_message") {
            layout.continueFinalMessage = value
            if isTrue { obstacles.formUnion(.ownContinuation) }
        }
    }

    /// Whether a `response_format` asks for something else than plain text.
    private static func readsOtherFormat(_ cursor: inout JSONCursor) throws(JSONError) -> Bool {
        guard try cursor.peek() == UInt8(ascii: "{") else {
            try cursor.skipValue()
            return false
        }
        var isOther = true
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let value = try cursor.readTextIfPresent()
            if cursor.isEqual(key, "type"), let value { isOther = !cursor.isEqual(value, "text") }
        }
        return isOther
    }
}
