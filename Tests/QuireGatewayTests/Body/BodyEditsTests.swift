import NIOCore
import QuireGateway
import QuireJSON
import Testing

@Suite struct BodyEditsTests {
    private func edited(_ body: String, model: String? = nil) throws -> String {
        let found = try scan(body)
        var edits = BodyEdits()
        edits.includeUsage(found)
        if let model { edits.setModel(model, found.layout) }
        let joined = edits.slices(of: buffer(body)).reduce(into: ByteBuffer()) {
            $0.writeImmutableBuffer($1)
        }
        let applied = edits.applied(to: buffer(body))
        #expect(joined == applied)
        return String(buffer: applied)
    }

    @Test(arguments: [
        // Absent, null, an object without it, empty, off, odd.
        (#"{"stream":true}"#, #"{"stream_options":{"include_usage":true},"stream":true}"#),
        (
            #" {"stream": true, "stream_options": null }"#,
            #" {"stream": true, "stream_options": {"include_usage":true} }"#
        ),
        (
            #"{"stream_options":{ "a":1},"stream":true}"#,
            #"{"stream_options":{"include_usage":true, "a":1},"stream":true}"#
        ),
        (
            #"{"stream_options":{ },"stream":true}"#,
            #"{"stream_options":{"include_usage":true },"stream":true}"#
        ),
        (
            #"{"stream_options":{"include_usage": false },"stream":true}"#,
            #"{"stream_options":{"include_usage": true },"stream":true}"#
        ),
        (
            #"{"stream_options":{"include_usage":null},"stream":true}"#,
            #"{"stream_options":{"include_usage":true},"stream":true}"#
        ),
        // Nothing to do.
        (
            #"{"stream_options":{"include_usage":true},"stream":true}"#,
            #"{"stream_options":{"include_usage":true},"stream":true}"#
        ),
        (#"{"stream":false}"#, #"{"stream":false}"#), ("{}", "{}"),
        (#"{"stream":true,"stream_options":5}"#, #"{"stream":true,"stream_options":5}"#),
    ])
    func asksForUsageAndChangesNothingElse(_ body: String, _ expected: String) throws {
        #expect(try edited(body) == expected)
    }

    @Test func givesTheModelItsOtherName() throws {
        #expect(
            try edited("{ \"model\" :\t\"a\\u0062\" , \"x\":1e5}", model: #"q"é"#)
                == "{ \"model\" :\t\"q\\\"é\" , \"x\":1e5}"
        )
        #expect(try edited(#"{"x":1}"#, model: "b") == #"{"x":1}"#)
        #expect(
            try edited(#"{"model":"a","stream":true}"#, model: "b")
                == #"{"stream_options":{"include_usage":true},"model":"b","stream":true}"#
        )
    }

    @Test func anUneditedBodyIsTheSameBuffer() throws {
        #expect(BodyEdits().slices(of: buffer("{}")) == [buffer("{}")])
    }

    @Test func editsHoldForABufferThatWasReadFrom() throws {
        var body = buffer(#"POST{"model":"a"}"#)
        body.moveReaderIndex(forwardBy: 4)
        let found = try RoutingScan(body)
        var edits = BodyEdits()
        edits.setModel("long", found.layout)
        #expect(String(buffer: edits.applied(to: body)) == #"{"model":"long"}"#)
    }

    /// Against the tree: edits of random bodies change what they name and nothing else.
    @Test func agreesWithATreeOnRandomBodies() throws {
        for seed in 0..<400 as Range<UInt64> {
            var random = ByteGenerator(seed: seed)
            let body = Self.randomBody(&random)
            let result = try JSON(parsing: try edited(body, model: "other"))
            guard case .object(var expected) = try JSON(parsing: body) else { continue }
            if expected["model"] != nil { expected["model"] = .string("other") }
            if expected["stream"] == .bool(true) {
                var options = expected["stream_options"]?.object ?? JSONObject()
                options["include_usage"] = .bool(true)
                expected["stream_options"] = .object(options)
            }
            let found = result.object ?? JSONObject()
            for member in expected.members {
                let isEqual = Self.sameMembers(found[member.key], member.value)
                #expect(isEqual, "seed \(seed): \(body)")
            }
            #expect(found.members.count == expected.members.count, "seed \(seed): \(body)")
        }
    }

    /// The same but for the order of an object's members.
    private static func sameMembers(_ first: JSON?, _ second: JSON) -> Bool {
        guard case .object(let first)? = first, case .object(let second) = second else {
            return first == second
        }
        return first.members.count == second.members.count
            && second.members.allSatisfy { first[$0.key] == $0.value }
    }

    private static func randomBody(_ random: inout ByteGenerator) -> String {
        let blanks = ["", " ", "\n", "\t "]
        var members = [
            #""model":"m\"\\é""#, #""stream":true"#, #""n" : 1"#,
            #""x":{"model":"no","stream":[]}"#,
            #""prompt":"a\\\"b""#, #""temperature":-0.5E-2"#, #""stop":["}","]","\u007d"]"#,
        ].shuffled(using: &random)
        members.removeLast(Int.random(in: 0...3, using: &random))
        let options = [
            #""stream_options":{"include_usage":false,"b":[{}]}"#, #""stream_options":null"#,
            #""stream_options":{}"#, #""stream_options":{"z":"}"}"#,
        ]
        if Bool.random(using: &random) {
            members.insert(
                options.randomElement(using: &random) ?? "",
                at: Int.random(in: 0...members.count, using: &random)
            )
        }
        var body = "{"
        for (index, member) in members.enumerated() {
            if index > 0 { body += "," }
            body += blanks.randomElement(using: &random) ?? ""
            body += member
            body += blanks.randomElement(using: &random) ?? ""
        }
        return body + "}"
    }
}
