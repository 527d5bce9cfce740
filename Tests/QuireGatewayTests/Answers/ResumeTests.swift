import NIOCore
import QuireGateway
import QuireJSON
import QuireOpenAI
import Testing

/// A cut stream goes on at another engine, and the client cannot tell.
@Suite struct ResumeTests {
    static let pieces = ["Hel", "lo", " \"wor", "ld\"\n", "\n", "你", "\u{1F600}", "\t", "end."]

    /// An engine that writes the pieces, one token each, and continues what it is given.
    private struct Engine {
        var isChat: Bool
        var id: String
        var model: String
        var promptTokens = 10
        var wantsUsage = true

        /// The answer to a body: what is left of the pieces after the text that it holds.
        func stream(_ body: ByteBuffer) throws -> String {
            let request = try JSON(parsing: body.readableBytesUInt8Span)
            var given = ""
            if isChat {
                let messages = request["messages"]?.array ?? []
                if request["continue_final_message"] == .bool(true) {
                    #expect(request["add_generation_prompt"] == .bool(false))
                    #expect(messages.count == 2)
                    #expect(messages.last?["role"] == .string("assistant"))
                    given = messages.last?["content"]?.string ?? ""
                } else {
                    #expect(messages.count == 1)
                }
            } else {
                given = String((request["prompt"]?.string ?? "").dropFirst("Say \"it\"".count))
            }
            var rest = ResumeTests.pieces[...]
            while !given.isEmpty {
                let piece = rest.removeFirst()
                #expect(given.unicodeScalars.starts(with: piece.unicodeScalars))
                given = String(given.unicodeScalars.dropFirst(piece.unicodeScalars.count))
            }
            let known = ResumeTests.pieces.count - rest.count
            #expect(request["max_tokens"]?.int == 50 - known)
            #expect(request["seed"] == .int(7))
            return render(rest, known: known)
        }

        private func render(_ rest: ArraySlice<String>, known: Int) -> String {
            var buffer = ByteBuffer()
            let encoder = StreamEncoder(
                isChat ? .chat : .completion,
                id: id,
                created: id.utf8.count,
                model: model
            )
            if isChat { encoder.writeRole(choice: 0, into: &buffer) }
            for piece in rest {
                encoder.writeDelta(choice: 0, text: piece.utf8Span.span, into: &buffer)
            }
            var end = ChunkDetails()
            end.finish = Finish(.stop)
            encoder.writeChunk(choice: 0, text: "".utf8Span.span, end, into: &buffer)
            let usage = Usage(promptTokens: promptTokens + known, completionTokens: rest.count)
            if wantsUsage { encoder.writeUsage(usage, into: &buffer) }
            StreamEncoder.writeDone(into: &buffer)
            return String(buffer: buffer)
        }
    }

    private static func body(isChat: Bool) -> ByteBuffer {
        buffer(
            isChat
                ? #"{"model":"alias","messages":[ {"role":"user","content":"hi"} ],"stream":true,"max_tokens":50,"seed":7}"#
                : #"{"model":"alias","prompt":"Say \"it\"","stream":true,"max_tokens":50,"seed":7}"#
        )
    }

    /// Runs the stream with cuts after so many bytes of each engine's answer.
    private func run(isChat: Bool, cuts: [Int], _ random: inout ByteGenerator) throws -> String {
        let body = Self.body(isChat: isChat)
        let scan = try RoutingScan(body)
        var edits = BodyEdits()
        edits.includeUsage(scan)
        var relay = StreamRelay(wantsUsage: true, keepsText: true)
        var output = ByteBuffer()
        var request = edits.applied(to: body)
        // As long as the client has nothing, another engine's names are as good.
        var index = 0
        for cut in cuts + [Int.max] {
            let engine = Engine(
                isChat: isChat,
                id: "id-" + String(repeating: "x", count: index),
                model: "m\(index)"
            )
            let answer = Array(try engine.stream(request).utf8.prefix(cut))
            for piece in random.pieces(of: answer, sizeMax: 400) {
                output.writeImmutableBuffer(relay.receive(piece))
            }
            if relay.answer.isDone { break }
            guard cut != Int.max else { break }
            if relay.answer.id != nil { index += 1 }
            switch ResumePlan.make(
                body: body,
                scan: scan,
                edits: edits,
                answer: relay.answer,
                wantsUsage: true
            ) {
            case .request(let pieces, let continuation):
                request = pieces.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
                relay.beginContinuation(continuation)
            case .complete(let events):
                output.writeImmutableBuffer(events)
                return String(buffer: output)
            case .impossible(let obstacles):
                Issue.record("not resumed: \(obstacles)")
                return ""
            }
        }
        output.writeImmutableBuffer(relay.finish())
        return String(buffer: output)
    }

    @Test(arguments: [true, false])
    func everyCutGivesTheBytesOfTheUncutStream(_ isChat: Bool) throws {
        var random = ByteGenerator(seed: 5)
        let whole = try run(isChat: isChat, cuts: [], &random)
        let engine = Engine(isChat: isChat, id: "id-", model: "m0", wantsUsage: false)
        let withoutUsage = try engine.stream(Self.body(isChat: isChat))
        let finish = whole.range(of: #""finish_reason":"stop""#)?.lowerBound ?? whole.endIndex
        let finishAt = whole[..<finish].utf8.count
        var resumed = 0
        for cut in 0...whole.utf8.count {
            let found = try run(isChat: isChat, cuts: [cut], &random)
            if found == whole { resumed += 1 }
            // Past the finish nothing is resumed; only the usage is lost if the cut took it.
            #expect(found == whole || cut > finishAt && found == withoutUsage, "cut \(cut)")
        }
        #expect(resumed > finishAt)
    }

    @Test func twoCutsAreNoDifferent() throws {
        for seed in 0..<400 as Range<UInt64> {
            var random = ByteGenerator(seed: seed)
            let isChat = Bool.random(using: &random)
            let whole = try run(isChat: isChat, cuts: [], &random)
            let cuts = (0..<2).map { _ in Int.random(in: 0...1200, using: &random) }
            let found = try run(isChat: isChat, cuts: cuts, &random)
            // A cut behind the finish loses the usage and nothing else.
            let events = dataLines(whole).filter { !$0.contains(#""choices":[]"#) }
            #expect(found == whole || dataLines(found) == events, "seed \(seed)")
        }
    }

    // MARK: The plan

    private func plan(
        _ body: String,
        _ chunks: [String],
        _ options: ResumeOptions = ResumeOptions()
    ) throws -> ResumePlan {
        var answer = AnswerReader(keepsText: true)
        for chunk in chunks { _ = answer.read(data: chunk.utf8Span.span) }
        return .make(
            body: buffer(body),
            scan: try scan(body),
            edits: BodyEdits(),
            answer: answer,
            wantsUsage: true,
            options: options
        )
    }

    private func request(_ plan: ResumePlan) -> String? {
        guard case .request(let pieces, _) = plan else { return nil }
        return pieces.reduce(into: "") { $0 += String(buffer: $1) }
    }

    @Test func continuesAMessageByteByByte() throws {
        let found = request(
            try plan(
                "{ \"messages\":[{\"role\":\"user\",\"content\":\"a\"}\n] ,\"stream\":true,\"max_tokens\":9,\"max_completion_tokens\":8,\"min_tokens\":1,\"add_generation_prompt\":true,\"x\":1.50}",
                [
                    #"{"choices":[{"delta":{"content":"q\"\n"}}]}"#,
                    #"{"choices":[{"delta":{"content":"é"}}]}"#,
                ]
            )
        )
        #expect(
            found
                == "{\"continue_final_message\":true, \"messages\":[{\"role\":\"user\",\"content\":\"a\"}\n,{\"role\":\"assistant\",\"content\":\"q\\\"\\né\"}] ,\"stream\":true,\"max_tokens\":7,\"max_completion_tokens\":6,\"min_tokens\":0,\"add_generation_prompt\":false,\"x\":1.50}"
        )
    }

    @Test func continuesAPromptByteByByte() throws {
        var options = ResumeOptions()
        let body = #"{"prompt":"a\n","stream":true}"#
        let chunk = #"{"choices":[{"text":"b\\"}]}"#
        #expect(request(try plan(body, [chunk], options)) == #"{"prompt":"a\nb\\","stream":true}"#)
        options.completionTokensDefault = 16
        #expect(
            request(try plan(body, [chunk], options))
                == #"{"max_tokens":15,"prompt":"a\nb\\","stream":true}"#
        )
    }

    @Test func anAnswerWithoutTextIsAskedForAgain() throws {
        let body = #"{"messages":[{}],"stream":true,"tools":[{"a":1}],"logprobs":true}"#
        let role = #"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#
        #expect(request(try plan(body, [])) == body)
        #expect(request(try plan(body, [role])) == body)
    }

    static let impossible: [(String, [String], ResumeObstacles)] = [
        ("", [#"{"choices":[{"delta":{"tool_calls":[{"a":1}]}}]}"#], .otherContent),
        ("", [#"{"choices":[{"delta":{"reasoning":"x"}}]}"#], .reasoning),
        ("", [text, "garbage"], .unreadable), ("", [text, #"{"error":{}}"#], .errorEvent),
        ("", [#"{"error":{}}"#], .errorEvent), (#","tools":[{"a":1}]"#, [text], .tools),
        (#","n":2"#, [], .severalChoices), (#","n":2"#, [text], .severalChoices),
        (#","logprobs":true,"echo":true"#, [text], [.tokenDetails, .echo]),
        (#","messages":[]"#, [text], .noPrompt),
    ]
    static let text = #"{"choices":[{"delta":{"content":"a"}}]}"#

    @Test(arguments: impossible)
    func saysWhatCannotBeResumed(
        _ members: String,
        _ chunks: [String],
        _ obstacles: ResumeObstacles
    ) throws {
        let body = #"{"messages":[{"role":"user"}],"stream":true\#(members)}"#
        guard case .impossible(let found) = try plan(body, chunks) else {
            Issue.record("was resumed")
            return
        }
        #expect(found == obstacles)
    }

    @Test func aSpentTokenLimitEndsTheStream() throws {
        let chunk = #"{"id":"i","created":5,"model":"m","choices":[{"text":"a"}]}"#
        let body = #"{"prompt":"p","max_tokens":2,"stream":true}"#
        guard case .complete(let events) = try plan(body, [chunk, chunk]) else {
            Issue.record("not complete")
            return
        }
        let data = dataLines(String(buffer: events))
        #expect(data.count == 2 && data.last == "[DONE]")
        let end = try JSON(parsing: data[0])
        #expect(end["id"] == .string("i") && end["created"] == .int(5))
        #expect(end["choices"]?.array?.first?["finish_reason"] == .string("length"))
    }

    @Test func halfACharacterIsLeftOutAndComesWhole() throws {
        let body = #"{"prompt":"p","stream":true}"#
        let shown = #"{"choices":[{"text":"a\ufffd"}]}"#
        #expect(request(try plan(body, [shown])) == #"{"prompt":"pa","stream":true}"#)
        for (bytes, whole) in [
            ([0x61, 0xE4, 0xBD], "a"), ([0x61, 0xF0], "a"),
            ([0xF0, 0x9F, 0x98, 0x80], "\u{1F600}"),
        ] as [([UInt8], String)] {
            var answer = AnswerReader(keepsText: true)
            let chunk = Array(#"{"choices":[{"text":""#.utf8) + bytes + Array(#""}]}"#.utf8)
            _ = answer.read(data: chunk.span)
            let plan = ResumePlan.make(
                body: buffer(body),
                scan: try scan(body),
                edits: BodyEdits(),
                answer: answer,
                wantsUsage: false
            )
            #expect(request(plan) == #"{"prompt":"p\#(whole)","stream":true}"#)
        }
        // Broken elsewhere: the text is not what the client shows.
        var answer = AnswerReader(keepsText: true)
        _ = answer.read(
            data: (Array(#"{"choices":[{"text":""#.utf8) + [0xFF, 0x61] + Array(#""}]}"#.utf8)).span
        )
        let plan = ResumePlan.make(
            body: buffer(body),
            scan: try scan(body),
            edits: BodyEdits(),
            answer: answer,
            wantsUsage: false
        )
        guard case .impossible(.unreadable) = plan else {
            Issue.record("was resumed")
            return
        }
    }

    // MARK: The continuation's chunks

    private func continued(
        after first: [String],
        _ second: [String],
        _ options: ResumeOptions = ResumeOptions()
    ) throws -> [String] {
        let body = #"{"messages":[{"role":"user","content":"a"}],"stream":true}"#
        var relay = StreamRelay(wantsUsage: true, keepsText: true)
        for chunk in first { _ = relay.receive(buffer("data: \(chunk)\n\n")) }
        _ = relay.receive(buffer("data: {\"half\":"))
        guard
            case .request(_, let continuation) = ResumePlan.make(
                body: buffer(body),
                scan: try scan(body),
                edits: BodyEdits(),
                answer: relay.answer,
                wantsUsage: true,
                options: options
            )
        else { return [] }
        relay.beginContinuation(continuation)
        var output = ""
        for chunk in second {
            output += String(buffer: relay.receive(buffer("data: \(chunk)\n\n")))
        }
        return dataLines(output)
    }

    @Test func aRoleThatComesWithTextIsTakenOut() throws {
        let first = [#"{"choices":[{"delta":{"role":"assistant"}}]}"#, Self.text]
        #expect(
            try continued(
                after: first,
                [
                    #"{"choices":[{"delta":{"role":"assistant","content":"b"}}]}"#,
                    #"{"choices":[{"delta":{"content":"c", "role":"assistant"}}]}"#,
                    #"{"choices":[{"delta":{"content":"d","role":"assistant","x":1}}]}"#,
                    #"{"choices":[{"delta":{"role":"assistant"},"finish_reason":"stop"}]}"#,
                ]
            ) == [
                #"{"choices":[{"delta":{"content":"b"}}]}"#,
                #"{"choices":[{"delta":{"content":"c"}}]}"#,
                #"{"choices":[{"delta":{"content":"d","x":1}}]}"#,
                #"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            ]
        )
        // An engine that sends it with every piece goes on to.
        let both = #"{"choices":[{"delta":{"role":"assistant","content":"b"}}]}"#
        #expect(try continued(after: [both], [both]) == [both])
    }

    @Test func usageIsThatOfTheUncutAnswer() throws {
        let usage =
            #"{"choices":[],"usage":{"prompt_tokens":12,"x":[1],"total_tokens":15,"completion_tokens":3}}"#
        #expect(
            try continued(after: [Self.text, Self.text], [usage])
                == [
                    #"{"choices":[],"usage":{"prompt_tokens":10,"x":[1],"total_tokens":15,"completion_tokens":5}}"#
                ]
        )
        // Told with every chunk: then as it was told.
        let told =
            #"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":8,"completion_tokens":4}}"#
        #expect(
            try continued(after: [told], [usage])
                == [
                    #"{"choices":[],"usage":{"prompt_tokens":8,"x":[1],"total_tokens":15,"completion_tokens":7}}"#
                ]
        )
    }

    @Test func whiteSpaceThatATemplateTrimmedIsNotDoubled() throws {
        var options = ResumeOptions()
        options.templateTrims = true
        let first = [#"{"choices":[{"delta":{"content":"a \n\n"}}]}"#]
        func chunk(_ text: String) -> String { #"{"choices":[{"delta":{"content":"\#(text)"}}]}"# }
        #expect(
            try continued(
                after: first,
                [chunk(#" \n"#), chunk(#"\u000a\nb\u00e9"#), chunk(" c")],
                options
            )
                == [chunk(#"\nbé"#), chunk(" c")]
        )
        #expect(
            try continued(after: first, [chunk("b"), chunk(" c")], options) == [
                chunk("b"), chunk(" c"),
            ]
        )
        #expect(try continued(after: first, [chunk(#" \nb"#)]) == [chunk(#" \nb"#)])
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        ranges(of: text).first
    }
}
