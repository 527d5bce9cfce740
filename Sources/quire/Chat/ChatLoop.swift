import ArgumentParser
import Glibc
import NIOCore
import QuireClient
import QuireHTTP
import QuireJSON

/// The chat on a terminal, or one answer to what a pipe brings.
///
/// On the main thread; answers print themselves from an event loop while this waits.
struct ChatLoop {
    private var target: GenerationTarget
    private let connections: ServerConnections
    private var session: ChatSession

    init(_ target: GenerationTarget, on eventLoop: any EventLoop, session: ChatSession) {
        self.target = target
        self.session = session
        connections = ServerConnections(address: target.address, eventLoop: eventLoop)
    }

    /// Answers one question and prints nothing but the answer.
    mutating func answerOnce(_ question: String) throws {
        session.conversation.add(user: question)
        let printer = AnswerPrinter(showsReasoning: false)
        let call = begin(printer)
        defer { Interrupts.set(nil) }
        do {
            let summary = try call.result.wait()
            if !printer.finish().hasSuffix("\n") { Terminal.write("\n") }
            if session.isVerbose { Log.line(Self.rates(summary)) }
        } catch ClientError.cancelled {
            Terminal.write("\n")
            throw ExitCode(128 + SIGINT)
        }
    }

    /// Talks until the user leaves.
    mutating func talk() {
        let terminal = Terminal()
        Terminal.write("\(session.model) at \(session.place); /help lists commands, /bye leaves\n")
        while true {
            switch terminal.read(prompt: session.isInBlock ? "... " : ">>> ") {
            case .end: return
            case .interrupted:
                session.abandonBlock()
                Terminal.write("(Ctrl-D or /bye leaves)\n")
            case .line(let line):
                guard act(session.take(line)) else { return }
            }
        }
    }

    /// Whether the chat goes on.
    private mutating func act(_ action: ChatSession.Action) -> Bool {
        switch action {
        case .nothing: break
        case .say(let text): Terminal.write(text + "\n")
        case .ask: answer()
        case .leave: return false
        case .save(let path): save(path)
        case .load(let path): load(path)
        }
        return true
    }

    // MARK: - Answers

    private func begin(_ printer: AnswerPrinter) -> AnswerCall {
        var target = target
        target.model = session.model
        for member in session.conversation.parameters.members {
            target.extraBody[member.key] = member.value
        }
        var request = GenerationRequest(prompt: .messages(session.conversation.requestMessages))
        if !target.isChat {
            // Without a chat template the model continues the text; 16 tokens is the API's default.
            let text = session.conversation.messages.last?["content"]?.string ?? ""
            request = GenerationRequest(prompt: .text(text), maxTokens: 256)
        }
        let call = AnswerCall.begin(request, to: target, on: connections, onDelta: printer.print)
        Interrupts.set { call.stop() }
        return call
    }

    private mutating func answer() {
        let printer = AnswerPrinter(showsReasoning: true)
        let result = Result { try begin(printer).result.wait() }
        Interrupts.set(nil)
        let text = printer.finish()
        session.answered(text)
        if !text.isEmpty { Terminal.write("\n") }
        switch result {
        case .success(let summary):
            if summary.finishReason == "length" { Terminal.write("(cut at the token limit)\n") }
            if session.isVerbose { Terminal.write("\(Self.rates(summary))\n") }
        case .failure(ClientError.cancelled): Terminal.write("(stopped)\n")
        case .failure(ClientError.refused(let status, let message)):
            Terminal.write("\(ClientError.refused(status: status, message: message))\n")
            // As a rule the conversation has outgrown the context.
            if status == 400, session.conversation.messages.count > 1 {
                Terminal.write("(/clear forgets the conversation)\n")
            }
        case .failure(let error): Terminal.write("\(error)\n")
        }
        Terminal.write("\n")
    }

    /// Counts, time to the first token, and rates, on one line.
    private static func rates(_ summary: StreamedAnswer.Summary) -> String {
        let count = summary.outputTokenCount
        var parts = [
            "\(summary.promptTokenCount.map(String.init) ?? "?") tokens in, \(count) out",
            "first after \((summary.timeToFirstToken * 1000).decimal(0)) ms",
        ]
        let generating = summary.latency - summary.timeToFirstToken
        if count > 1, generating > 0 {
            parts.append("\((Double(count - 1) / generating).decimal(1)) tokens/s")
        }
        return parts.joined(separator: ", ") + ", \(summary.latency.decimal(2)) s"
    }

    // MARK: - Files

    private func save(_ path: String) {
        do {
            try OutputFile.write(session.conversation.json.text + "\n", to: path)
            Terminal.write("written to \(path)\n")
        } catch {
            Terminal.write("\(error)\n")
        }
    }

    private mutating func load(_ path: String) {
        do {
            guard let content = try ModelFolder.content(path: path) else {
                return Terminal.write("\(path): no such file\n")
            }
            guard let conversation = Conversation(try JSON(parsing: content)) else {
                return Terminal.write("\(path): this is no conversation\n")
            }
            session.conversation = conversation
            Terminal.write("\(conversation.messages.count) messages are read\n")
        } catch {
            Terminal.write("\(path): \(error)\n")
        }
    }
}
