import NIOCore
import NIOPosix
import QuireHTTP
import QuireTestSupport
import Synchronization
import Testing

/// One process takes a port over from another, here as two servers.
@Suite struct PortSharingTests {
    private func server(
        port: Int,
        name: String,
        count: @escaping @Sendable () -> Void = {}
    ) throws -> HTTPServer {
        var configuration = HTTPServerConfiguration()
        configuration.reusesPort = true
        configuration.tick = .milliseconds(5)
        return try HTTPServer.start(
            on: .host("127.0.0.1", port: port),
            group: MultiThreadedEventLoopGroup.singleton,
            configuration: configuration,
            responder: ClosureResponder { request, stream in
                count()
                stream.respond(
                    status: stream.isDraining && request.head.path == "/health" ? 503 : 200,
                    body: ByteBuffer(string: name)
                )
            }
        ).wait()
    }

    /// Asks on a connection of its own; what the server calls itself.
    private func ask(_ port: Int) throws -> String {
        let client = try HTTPTestClient(port: port)
        return try client.request("GET", "/").text
    }

    @Test func aPortIsSharedOnlyIfBothSaySo() throws {
        try withServer(answer: { $1.respond(status: 200) }) { _, port in
            #expect(throws: (any Error).self) { try server(port: port, name: "second") }
        }
    }

    @Test func aServerThatBeginsToDrainStillAcceptsAndSaysSo() throws {
        let old = try server(port: 0, name: "old")
        let port = try #require(old.port)
        let kept = try HTTPTestClient(port: port)
        #expect(try kept.request("GET", "/health").status == 200)
        try old.beginDrain().wait()
        try old.beginDrain().wait()
        let last = try kept.request("GET", "/health")
        #expect(last.status == 503 && last["connection"] == "close")
        let rest = try kept.readToEnd()
        #expect(rest.isEmpty)
        for _ in 0..<20 { #expect(try ask(port) == "old") }
        try old.shutdown(within: .seconds(10)).wait()
        #expect(throws: HTTPTestClient.Failure.self) { try ask(port) }
    }

    @Test func noConnectionIsRefusedWhileOneServerFollowsTheOther() throws {
        let old = try server(port: 0, name: "old")
        let port = try #require(old.port)
        let isOver = Atomic(false)
        let answers = Mutex<[String: Int]>([:])
        let failures = Mutex<[String]>([])
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let asking = (0..<4).map { _ in
            threads.runIfActive(eventLoop: MultiThreadedEventLoopGroup.singleton.next()) {
                repeat {
                    do {
                        let name = try ask(port)
                        answers.withLock { $0[name, default: 0] += 1 }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                } while !isOver.load(ordering: .relaxed)
            }
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        try poll(loop) { answers.withLock { $0["old", default: 0] } >= 100 }
        let new = try server(port: port, name: "new")
        try old.beginDrain().wait()
        // The kernel hands over at once; a hundred answers later nobody is in the old queue.
        try poll(loop) { answers.withLock { $0["new", default: 0] } >= 100 }
        try old.shutdown(within: .seconds(10)).wait()
        let before = answers.withLock { $0["new", default: 0] }
        try poll(loop) { answers.withLock { $0["new", default: 0] } >= before + 100 }
        isOver.store(true, ordering: .relaxed)
        for future in asking { try future.wait() }
        try threads.syncShutdownGracefully()
        #expect(failures.withLock(\.self) == [])
        // The newcomer can be followed in its turn.
        let third = try server(port: port, name: "third")
        try new.beginDrain().wait()
        for _ in 0..<50 { #expect(try ask(port) == "third") }
        try new.shutdown(within: .seconds(10)).wait()
        for _ in 0..<50 { #expect(try ask(port) == "third") }
        try third.shutdown(within: .zero).wait()
    }
}
