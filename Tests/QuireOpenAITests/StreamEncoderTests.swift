import NIOCore
import QuireJSON
import QuireOpenAI
import Testing

/// The events of a stream, byte for byte where a client of vLLM could tell.
struct StreamEncoderTests {
    static let chat = StreamEncoder(.chat, id: "chatcmpl-1", created: 17, model: "m\"x")
    static let text = StreamEncoder(.completion, id: "cmpl-1", created: 17, model: "m")
    static let chatHead =
        #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":17,"model":"m\"x","#
    static let textHead =
        #"data: {"id":"cmpl-1","object":"text_completion","created":17,"model":"m","#

    @Test func aChatDeltaHasTheMembersOfVLLMInItsOrder() {
        let delta = written { Self.chat.writeDelta(choice: 3, text: bytes(" a\n").span, into: &$0) }
        let choice =
            #""choices":[{"index":3,"delta":{"content":" a\n"},"logprobs":null,"#
            + #""finish_reason":null,"token_ids":null}]}"#
        #expect(delta == Self.chatHead + choice + "\n\n")
    }

    @Test func aCompletionDeltaHasTheMembersOfVLLMInItsOrder() {
        let delta = written { Self.text.writeDelta(choice: 0, text: bytes("é").span, into: &$0) }
        let choice =
            #""choices":[{"index":0,"text":"é","logprobs":null,"finish_reason":null,"#
            + #""stop_reason":null,"prompt_token_ids":null,"token_ids":null}]}"#
        #expect(delta == Self.textHead + choice + "\n\n")
    }

    @Test func theFirstChatChunkHoldsTheRole() {
        let role = written { Self.chat.writeRole(choice: 0, into: &$0) }
        let choice =
            #""choices":[{"index":0,"delta":{"role":"assistant","content":""},"#
            + #""logprobs":null,"finish_reason":null}],"prompt_token_ids":null}"#
        #expect(role == Self.chatHead + choice + "\n\n")
    }

    @Test func theFirstChatChunkMayHoldThePromptsTokensAndTheUsage() {
        let role = written {
            Self.chat.writeRole(
                choice: 12,
                promptTokenIDs: [1, 2],
                usage: Usage(promptTokens: 2, completionTokens: 0),
                into: &$0
            )
        }
        #expect(role.contains(#""index":12,"#))
        #expect(
            role.hasSuffix(
                #"}],"usage":{"prompt_tokens":2,"total_tokens":2,"completion_tokens":0},"#
                    + #""prompt_token_ids":[1,2]}"# + "\n\n"
            )
        )
    }

    @Test func theLastChunkOfAChoiceSaysWhyItEnded() {
        var details = ChunkDetails()
        details.finish = Finish(.stop, stopReason: .string("END\n"))
        let chat = written {
            Self.chat.writeChunk(choice: 0, text: bytes("").span, details, into: &$0)
        }
        #expect(
            chat.hasSuffix(
                #"[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","#
                    + #""stop_reason":"END\n","token_ids":null}]}"# + "\n\n"
            )
        )
        details.finish = Finish(.length)
        details.tokenIDs = [7]
        details.usage = Usage(promptTokens: 3, completionTokens: 1, cachedTokens: 2)
        let text = written {
            Self.text.writeChunk(choice: 0, text: bytes("").span, details, into: &$0)
        }
        #expect(
            text.hasSuffix(
                #""finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"#
                    + #""token_ids":[7]}],"usage":{"prompt_tokens":3,"total_tokens":4,"#
                    + #""completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}}"#
                    + "\n\n"
            )
        )
    }

    @Test func theUsageChunkHasNoChoices() {
        let usage = written {
            Self.chat.writeUsage(Usage(promptTokens: 30, completionTokens: 12), into: &$0)
        }
        let members =
            #""choices":[],"usage":{"prompt_tokens":30,"total_tokens":42,"#
            + #""completion_tokens":12}}"#
        #expect(usage == Self.chatHead + members + "\n\n")
    }

    @Test func aStreamEndsWithDoneAlsoAfterAnError() throws {
        let stream = written {
            StreamEncoder.writeError(.internalError("it broke\nhere"), into: &$0)
            StreamEncoder.writeDone(into: &$0)
        }
        let payloads = try events(stream)
        #expect(payloads.count == 2)
        #expect(payloads.last == "[DONE]")
        let error = try JSON(parsing: payloads[0])["error"]
        #expect(error?["message"] == .string("it broke\nhere"))
        #expect(error?["code"] == .int(500))
    }

    @Test func aPlainChunkAndADeltaAreTheSameBytes() {
        for encoder in [Self.chat, Self.text] {
            for text in ["", "a", "abcd", "abcdefg", "abcdefgh", "a\"bcdefghijk\\", "汉字😀\u{1F}"] {
                let delta = written {
                    encoder.writeDelta(choice: 1, text: bytes(text).span, into: &$0)
                }
                let chunk = written {
                    encoder.writeChunk(choice: 1, text: bytes(text).span, ChunkDetails(), into: &$0)
                }
                #expect(delta == chunk)
            }
        }
    }

    @Test func choicesBeyondTenAndLongPiecesStream() throws {
        let text = String(repeating: "\u{1}x", count: 5_000)
        for choice in [9, 10, 127] {
            let stream = written {
                Self.chat.writeDelta(choice: choice, text: bytes(text).span, into: &$0)
            }
            let chunk = try JSON(parsing: try events(stream)[0])
            #expect(chunk["choices"]?.array?[0]["index"] == .int(choice))
            #expect(chunk["choices"]?.array?[0]["delta"]?["content"] == .string(text))
        }
    }

    @Test func deltasAppendToWhatTheBufferHolds() throws {
        var buffer = ByteBuffer(string: "HEAD")
        buffer.moveReaderIndex(forwardBy: 4)
        var copies: [ByteBuffer] = []
        for piece in ["one", " two", " \"three\""] {
            Self.text.writeDelta(choice: 0, text: bytes(piece).span, into: &buffer)
            copies.append(buffer)
        }
        let payloads = try events(String(buffer: buffer))
        let texts = try payloads.map { try JSON(parsing: $0)["choices"]?.array?[0]["text"]?.string }
        #expect(texts == ["one", " two", " \"three\""])
        // A copy shares storage until one side writes; the earlier ones must not have changed.
        #expect(try events(String(buffer: copies[0])).count == 1)
    }

    @Test func anyCutOfATextStreamsBackToTheText() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            let text = randomText(using: &random)
            let utf8 = bytes(text)
            var buffer = ByteBuffer()
            var joined = ""
            var start = 0
            while start < utf8.count {
                var end = min(utf8.count, start + Int.random(in: 1...20, using: &random))
                while end < utf8.count, utf8[end] & 0xC0 == 0x80 { end += 1 }
                let piece = utf8.span.extracting(start..<end)
                Self.chat.writeDelta(choice: 0, text: piece, into: &buffer)
                start = end
            }
            for payload in try events(String(buffer: buffer)) {
                let choice = try JSON(parsing: payload)["choices"]?.array?[0]
                joined += try #require(choice?["delta"]?["content"]?.string)
            }
            #expect(joined.unicodeScalars.elementsEqual(text.unicodeScalars), "seed \(seed)")
        }
    }

    @Test func chatLogprobsFollowTheTokens() throws {
        var details = ChunkDetails()
        details.logprobs = [
            TokenLogprob(
                id: 5,
                text: bytes(" a"),
                logprob: -0.5,
                top: [TokenCandidate(id: 6, text: [0xE6], logprob: -.infinity)]
            )
        ]
        let stream = written {
            Self.chat.writeChunk(choice: 0, text: bytes("").span, details, into: &$0)
        }
        #expect(
            stream.contains(
                #""logprobs":{"content":[{"token":" a","logprob":-0.5,"bytes":[32,97],"#
                    + #""top_logprobs":[{"token":"\#u{FFFD}","logprob":-9999.0,"bytes":[230]}]}]},"#
            )
        )
        let byID = StreamEncoder(.chat, id: "i", created: 1, model: "m", tokensAsTokenIDs: true)
        let named = written { byID.writeChunk(choice: 0, text: bytes("").span, details, into: &$0) }
        #expect(named.contains(#""token":"token_id:5""#))
        #expect(named.contains(#""token":"token_id:6""#))
    }

    @Test func completionLogprobsCountOffsetsInScalars() {
        var details = ChunkDetails()
        details.textOffset = 10
        details.logprobs = [
            TokenLogprob(id: 1, text: bytes("😀é"), logprob: nil, top: nil),
            TokenLogprob(
                id: 2,
                text: bytes("b"),
                logprob: -0.25,
                top: [
                    TokenCandidate(id: 2, text: bytes("b"), logprob: -0.25),
                    TokenCandidate(id: 3, text: bytes("c"), logprob: -2),
                    TokenCandidate(id: 4, text: bytes("b"), logprob: -3),
                ]
            ),
        ]
        let stream = written {
            Self.text.writeChunk(choice: 0, text: bytes("").span, details, into: &$0)
        }
        #expect(
            stream.contains(
                #""logprobs":{"text_offset":[10,12],"token_logprobs":[null,-0.25],"#
                    + #""tokens":["😀é","b"],"top_logprobs":[null,{"b":-0.25,"c":-2.0}]},"#
            )
        )
    }
}
