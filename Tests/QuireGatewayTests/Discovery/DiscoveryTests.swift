import NIOCore
import NIOPosix
import QuireGateway
import QuireJSON
import Synchronization
import Testing

@Suite struct DiscoveredModelTests {
    private func read(_ text: String, countMax: Int = 10) -> [DiscoveredModel]? {
        DiscoveredModel.readList(Array(text.utf8), countMax: countMax)
    }

    @Test func cardsOfAllEnginesAreRead() {
        let vLLM = #"""
            {"object":"list","data":[{"id":"Qwen/Q","object":"model","created":17,"owned_by":"vllm",
            "root":"Qwen/Q","parent":null,"max_model_len":4096,"permission":[{"id":"x"}]}]}
            """#
        let expected = DiscoveredModel(
            id: "Qwen/Q",
            maxModelLength: 4096,
            created: 17,
            ownedBy: "vllm"
        )
        #expect(read(vLLM) == [expected])
        let llama =
            #"{"models":[{"name":"x"}],"object":"list","data":[{"id":"g","meta":{"n":[1]}}]}"#
        #expect(read(llama) == [DiscoveredModel(id: "g")])
    }

    @Test func cardsThatCannotBeUsedAreLeftOut() {
        let long = String(repeating: "x", count: 1025)
        let text =
            #"{"data":[1,null,{},{"id":""},{"id":5},{"id":"a"},{"id":"a"},{"id":"\#(long)"},"#
            + #"{"id":"b","max_model_len":-1,"created":"x","owned_by":7},{"id":"c"}]}"#
        #expect(read(text)?.map(\.id) == ["a", "b", "c"])
        #expect(read(text)?.map(\.maxModelLength) == [nil, nil, nil])
        #expect(read(text, countMax: 2)?.map(\.id) == ["a", "b"])
    }

    @Test func everyPrefixOfAListIsNone() {
        let text = Array(#"{"data":[{"id":"a","max_model_len":3}]}"#.utf8)
        for count in 0..<text.count {
            #expect(DiscoveredModel.readList(Array(text[..<count]), countMax: 9) == nil)
        }
    }

    @Test func anythingElseIsNone() {
        for text in ["", "[]", "3", "{}", #"{"data":{}}"#, #"{"data":null}"#, "{\"data\":[]}x"] {
            #expect(read(text) == nil, "\(text)")
        }
        #expect(read(#"{"data":[]}"#) == [])
    }
}

@Suite struct ModelListTests {
    private func upstream(_ name: String) -> UpstreamConfiguration {
        UpstreamConfiguration(name: name, endpoint: UpstreamEndpoint(host: name, port: 80))
    }

    private func json(_ list: ModelList) throws -> JSON {
        var buffer = ByteBuffer()
        list.write(into: &buffer)
        return try JSON(parsing: buffer.readableBytesUInt8Span)
    }

    @Test func theUnionIsListedWithTheShortestContext() {
        let list = ModelList(
            FleetConfiguration(upstreams: [upstream("u"), upstream("v")]),
            discovered: [
                "u": [DiscoveredModel(id: "a", maxModelLength: 100), DiscoveredModel(id: "b")],
                "v": [
                    DiscoveredModel(id: "c", created: 5, ownedBy: "vllm"),
                    DiscoveredModel(id: "a", maxModelLength: 80),
                ],
                "gone": [DiscoveredModel(id: "x")],
            ],
            created: 7
        )
        #expect(list.entries.map(\.id) == ["a", "b", "c"])
        #expect(list.entries.map(\.maxModelLength) == [80, nil, nil])
        #expect(list.entries.map(\.created) == [7, 7, 5])
        #expect(list.entries.map(\.ownedBy) == ["quire", "quire", "vllm"])
    }

    @Test func namesAreTheFleetsAndAliasesStandForThem() {
        var one = upstream("u")
        one.modelNames = ["chat": "Qwen/Q"]
        var two = upstream("v")
        two.models = ["chat", "small"]
        var fleet = FleetConfiguration(upstreams: [one, two])
        var group = ModelGroupConfiguration(model: "chat")
        group.aliases = ["gpt-4o", "small"]
        var unserved = ModelGroupConfiguration(model: "none")
        unserved.aliases = ["nobody"]
        var named = ModelGroupConfiguration(model: "named")
        named.aliases = ["called"]
        named.upstreams = ["u"]
        fleet.groups = [group, unserved, named]
        let list = ModelList(
            fleet,
            discovered: [
                "u": [DiscoveredModel(id: "Qwen/Q", maxModelLength: 9)],
                "v": [DiscoveredModel(id: "other")],
            ],
            created: 1
        )
        #expect(list.entries.map(\.id) == ["chat", "small", "gpt-4o", "named", "called"])
        #expect(list.entries.map(\.root) == ["chat", "small", "chat", "named", "named"])
        #expect(list.entries[2].maxModelLength == 9)
    }

    @Test func theBodyHasVLLMsFields() throws {
        let list = ModelList(
            FleetConfiguration(upstreams: [upstream("u")]),
            discovered: ["u": [DiscoveredModel(id: "a\"b"), DiscoveredModel(id: "c")]],
            created: 3
        )
        let tree = try json(list)
        #expect(tree["object"]?.string == "list")
        let card = try #require(tree["data"]?.array?.first)
        #expect(card["id"]?.string == "a\"b")
        #expect(card["object"]?.string == "model")
        #expect(card["created"]?.int == 3)
        #expect(card["root"]?.string == "a\"b")
        #expect(card["parent"]?.isNull == true)
        #expect(card["max_model_len"]?.isNull == true)
        #expect(card["permission"]?.array?.count == 1)
        var buffer = ByteBuffer()
        #expect(list.writeCard(of: "c", into: &buffer) == true)
        #expect(try JSON(parsing: buffer.readableBytesUInt8Span)["id"]?.string == "c")
        #expect(list.writeCard(of: "d", into: &buffer) == false)
    }

    @Test func aFleetThatKnowsNothingListsNothing() throws {
        let list = ModelList(FleetConfiguration(), discovered: [:], created: 0)
        #expect(try json(list)["data"]?.array?.isEmpty == true)
    }
}

@Suite struct NameTableTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func namesAreLookedUpAgainAndOrderIsNoChange() {
        var table = NameTable()
        table.watch(["a", "b"], now: 0)
        #expect(table.takeDue(now: 0) == ["a", "b"])
        #expect(table.nextDue == .max)
        #expect(table.finish("a", ["2", "1", "2"], now: 0) == true)
        #expect(table.addresses == ["a": ["1", "2"]])
        #expect(table.takeDue(now: 29 * Self.second) == [])
        #expect(table.takeDue(now: 30 * Self.second) == ["a"])
        #expect(table.finish("a", ["1", "2"], now: 30 * Self.second) == false)
        #expect(table.takeDue(now: 60 * Self.second) == ["a"])
        #expect(table.finish("a", ["1"], now: 60 * Self.second) == true)
    }

    @Test func aFailedLookUpKeepsTheLastAnswerAndIsRepeatedSoon() {
        var table = NameTable()
        table.watch(["a"], now: 0)
        _ = table.takeDue(now: 0)
        #expect(table.finish("a", ["1"], now: 0) == true)
        for answer in [nil, []] as [[String]?] {
            let now = table.nextDue
            #expect(table.takeDue(now: now) == ["a"])
            #expect(table.finish("a", answer, now: now) == false)
            #expect(table.nextDue == now + 5 * Self.second)
            #expect(table.addresses == ["a": ["1"]])
        }
    }

    @Test func namesThatAreNoLongerWatchedAreForgotten() {
        var table = NameTable()
        table.watch(["a", "b"], now: 0)
        _ = table.takeDue(now: 0)
        _ = table.finish("b", ["1"], now: 0)
        table.watch(["b"], now: 1)
        #expect(table.finish("a", ["2"], now: 1) == false)
        #expect(table.addresses == ["b": ["1"]])
        #expect(table.takeDue(now: 1) == [])
    }

    @Test func addressesOfANameAreBounded() {
        var table = NameTable()
        table.watch(["a"], now: 0)
        _ = table.takeDue(now: 0)
        _ = table.finish("a", (0..<1000).map { "\($0)" }, now: 0)
        #expect(table.addresses["a"]?.count == NameTable.addressCountMax)
    }

    @Test func eachAddressIsAnEndpointOfItsOwn() {
        var many = UpstreamConfiguration(
            name: "m",
            endpoint: UpstreamEndpoint(host: "engines", port: 8000, prefix: "/p")
        )
        many.weight = 3
        let one = UpstreamConfiguration(
            name: "o",
            endpoint: UpstreamEndpoint(host: "one", port: 80, hostHeader: "own")
        )
        let unknown = UpstreamConfiguration(
            name: "x",
            endpoint: UpstreamEndpoint(host: "nobody", port: 1)
        )
        let expanded = NameTable.expand(
            [many, one, unknown],
            ["engines": ["10.0.0.1", "10.0.0.2"], "one": ["10.0.0.3"]]
        )
        #expect(expanded.map(\.name) == ["m/10.0.0.1", "m/10.0.0.2", "o", "x"])
        #expect(expanded.map(\.endpoint.host) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "nobody"])
        #expect(
            expanded.map(\.endpoint.hostHeader) == ["engines:8000", "engines:8000", "own", nil]
        )
        #expect(expanded.map(\.weight) == [3, 3, 1, 1])
        #expect(expanded.allSatisfy { $0.endpoint.prefix == ($0.name.hasPrefix("m") ? "/p" : "") })
    }
}

@Suite struct NameResolutionTests {
    @Test func theSystemKnowsItselfAndOnlyByOneKindOfAddress() {
        #expect(SystemResolver.addresses(of: "localhost") == ["127.0.0.1"])
        #expect(SystemResolver.addresses(of: "no.such.name.invalid") == nil)
        #expect(SystemResolver.addresses(of: "") == nil)
    }

    @Test func addressesAreNoNames() {
        for host in ["127.0.0.1", "::1", "10.1.2.3"] { #expect(SystemResolver.isAddress(host)) }
        for host in ["localhost", "a.b", "", "127.0.0.1.example"] {
            #expect(!SystemResolver.isAddress(host))
        }
    }

    @Test func answersComeFromOffTheLoopAndOnlyForNames() throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: [String: [String]].self)
        let timeLimit = loop.scheduleTask(in: .seconds(10)) {
            promise.fail(ChannelError.connectTimeout(.seconds(10)))
        }
        let asked = Mutex<[String]>([])
        let resolution = NameResolution(
            eventLoop: loop,
            lookUp: { name in
                #expect(!loop.inEventLoop)
                asked.withLock { $0.append(name) }
                return name == "good" ? ["10.0.0.2", "10.0.0.1"] : nil
            },
            changed: { addresses in
                #expect(loop.inEventLoop)
                promise.succeed(addresses)
            }
        )
        resolution.watch(["good", "bad", "10.0.0.9", "::1", "good"])
        let addresses = try promise.futureResult.wait()
        timeLimit.cancel()
        try resolution.stop().wait()
        #expect(addresses == ["good": ["10.0.0.1", "10.0.0.2"]])
        #expect(Set(asked.withLock { $0 }).isSubset(of: ["good", "bad"]))
        // Nothing happens after the end.
        resolution.watch(["good"])
        try loop.submit {}.wait()
    }
}
