import ArgumentParser
import Glibc
import NIOCore
import NIOPosix
import QuireClient
import QuireHTTP
import QuireServer

/// `quire run`: a chat on the terminal, with a model folder or with a running server.
///
/// What a pipe brings is one question, and only its answer is printed.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Chats with a model on the terminal."
    )

    @Argument(help: "The model's folder, or with --url its name (default: the bundled model).")
    var model: String?

    @Argument(help: "A question, in quotes if no model comes first; without one the chat begins.")
    var prompt: [String] = []

    @Option(
        help: "A running server, as http://host:port, instead of a model folder.",
        transform: serverAddress
    )
    var url: ServerAddress?

    @Option(help: "Path of the server's endpoint (default: the chat endpoint).")
    var endpoint: String?

    @Option(help: "The key for --url (default: OPENAI_API_KEY, if it is set).")
    var apiKey: String?

    @Option(help: "What the model is told first.")
    var system: String?

    @Flag(help: "Show token counts and rates after each answer.")
    var verbose = false

    @Option(help: "Threads that compute (default: all cores).")
    var threads: Int?

    @Option(help: "Tokens of conversation and answer (default: the model's).")
    var maxModelLen: String?

    mutating func validate() throws {
        // `quire run "What is a block table?"`: what no folder is called, and few would be.
        guard url == nil, let first = model, unsafe access(first, F_OK) != 0,
            first.utf8.contains(where: { $0 == 0x20 || $0 >= 0x80 })
        else { return }
        model = nil
        prompt.insert(first, at: 0)
    }

    func run() throws {
        Interrupts.start()
        do {
            let question = try self.question()
            if let url { try chat(url, question) } else { try chatLocally(question) }
        } catch let error as ExitCode {
            throw error
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    /// Words of the command line, and what a pipe brings; nil on a terminal without words.
    private func question() throws -> String? {
        var parts = prompt.isEmpty ? [] : [prompt.joined(separator: " ")]
        let isPipe = isatty(STDIN_FILENO) == 0
        if isPipe {
            var piped = ""
            while let line = readLine(strippingNewline: false) { piped += line }
            while piped.last?.isNewline == true { piped.removeLast() }
            if !piped.isEmpty { parts.append(piped) }
        }
        if parts.isEmpty {
            if isPipe { throw StartError("standard input is empty: there is no question") }
            return nil
        }
        return parts.joined(separator: "\n\n")
    }

    // MARK: - Where

    private func chat(_ address: ServerAddress, _ question: String?) throws {
        let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        var key = apiKey
        if key == nil, let value = unsafe getenv("OPENAI_API_KEY") {
            key = unsafe String(cString: value)
        }
        let headers = key.map { [(name: "authorization", value: "Bearer \($0)")] } ?? []
        let connections = ServerConnections(address: address, eventLoop: eventLoop)
        let name =
            try model ?? WholeResponse.firstModel(headers: headers, on: connections).wait()
        let target = GenerationTarget(
            address: address,
            path: endpoint ?? "/v1/chat/completions",
            model: name,
            headers: headers
        )
        try converse(target, place: "\(address)", on: eventLoop, question)
    }

    /// Starts a server for this process alone, on a free port of the loopback, behind a key.
    private func chatLocally(_ question: String?) throws {
        let folder = try model ?? BundledModel.folder()
        var generator = SystemRandomNumberGenerator()
        let key = String(generator.next() as UInt64, radix: 36)
        // One conversation needs no cache for a crowd.
        var arguments = [folder, "--host", "127.0.0.1", "--port", "0", "--max-num-seqs", "2"]
        arguments += ["--api-key", key]
        if let threads { arguments += ["--threads", "\(threads)"] }
        if let maxModelLen { arguments += ["--max-model-len", maxModelLen] }
        let flags = try LocalServer.flags(arguments)
        let name = model == nil ? BundledModel.name : UpCommand.name(of: flags.model)
        if question == nil { Log.line("loading \(name)") }
        let server = try LocalServer(flags, names: [name])
        let hasTemplate = server.model.template != nil
        let target = GenerationTarget(
            address: ServerAddress(host: "127.0.0.1", port: server.port),
            path: hasTemplate ? "/v1/chat/completions" : "/v1/completions",
            model: server.model.names[0],
            headers: [(name: "authorization", value: "Bearer \(key)")]
        )
        let place = hasTemplate ? "this process" : "this process (no chat template: it continues)"
        // Also after a failure: the engine's threads must end before their memory goes.
        defer { server.shutDown(within: .zero) }
        try converse(
            target,
            place: place,
            on: MultiThreadedEventLoopGroup(numberOfThreads: 1).next(),
            question
        )
    }

    private func converse(
        _ target: GenerationTarget,
        place: String,
        on eventLoop: any EventLoop,
        _ question: String?
    ) throws {
        var session = ChatSession(model: target.model, place: place)
        session.isVerbose = verbose
        session.conversation.system = system
        var chat = ChatLoop(target, on: eventLoop, session: session)
        if let question { try chat.answerOnce(question) } else { chat.talk() }
    }
}
