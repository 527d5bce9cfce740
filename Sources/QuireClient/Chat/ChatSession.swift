import QuireJSON

/// The chat as a state machine: lines in, what to do out; no terminal, no files, no network.
///
/// A line that begins with `/` is a command; `"""` opens a text of several lines, and closes it.
package struct ChatSession: Sendable {
    /// What the driver does next.
    package enum Action: Sendable, Hashable {
        case nothing
        case say(String)
        /// Ask the server; the question is already in the conversation.
        case ask
        case save(path: String)
        case load(path: String)
        case leave
    }

    package var conversation = Conversation()
    package var model: String
    /// Rates after each answer.
    package var isVerbose = false
    /// Whether earlier turns are sent along.
    package var keepsHistory = true
    /// Where the server is, for `/show`.
    package var place: String
    private var block: Block?

    /// A text of several lines that is being given.
    private struct Block: Sendable {
        var lines: [String]
        var purpose: Purpose
    }

    private enum Purpose: Sendable {
        case question, system
    }

    private static let mark = "\"\"\""

    package init(model: String, place: String) {
        self.model = model
        self.place = place
    }

    /// Whether the next line continues a text.
    package var isInBlock: Bool { block != nil }

    /// Gives up the text of several lines, if there is one.
    package mutating func abandonBlock() { block = nil }

    /// Takes a line as it was given.
    package mutating func take(_ line: String) -> Action {
        if block != nil { return takeInBlock(line) }
        let text = line.trimmed
        if text.hasPrefix(Self.mark) { return open(String(text.dropFirst(3)), .question) }
        if text.hasPrefix("/") { return takeCommand(text) }
        if text.isEmpty { return .nothing }
        return ask(line)
    }

    /// The server's answer, whole or as far as it came.
    package mutating func answered(_ text: String) {
        if text.isEmpty { conversation.removeLast() } else { conversation.add(assistant: text) }
        if !keepsHistory { conversation.removeMessages() }
    }

    private mutating func ask(_ text: String) -> Action {
        conversation.add(user: text)
        return .ask
    }

    // MARK: - Texts of several lines

    private mutating func open(_ first: String, _ purpose: Purpose) -> Action {
        block = Block(lines: [], purpose: purpose)
        // What stands after the mark is the first line, unless nothing does.
        return first.isEmpty ? .nothing : takeInBlock(first)
    }

    private mutating func takeInBlock(_ line: String) -> Action {
        guard var open = block else { return .nothing }
        guard line.trimmedEnd.hasSuffix(Self.mark) else {
            open.lines.append(line)
            block = open
            return .nothing
        }
        let last = String(line.trimmedEnd.dropLast(3))
        if !last.isEmpty { open.lines.append(last) }
        block = nil
        let text = open.lines.joined(separator: "\n")
        switch open.purpose {
        case .system:
            conversation.system = text.isEmpty ? nil : text
            return .say("the system message is set")
        case .question: return text.trimmed.isEmpty ? .nothing : ask(text)
        }
    }

    // MARK: - Commands

    private mutating func takeCommand(_ text: String) -> Action {
        let (name, rest) = text.splitFirstWord
        switch name {
        case "/help", "/?": return .say(Self.help)
        case "/bye", "/exit", "/quit": return .leave
        case "/clear":
            conversation.removeMessages()
            return .say("the conversation is empty again")
        case "/set": return set(rest)
        case "/show": return show(rest)
        case "/save": return rest.isEmpty ? .say("/save needs a file's name") : .save(path: rest)
        case "/load": return rest.isEmpty ? .say("/load needs a file's name") : .load(path: rest)
        default: return .say("there is no command \(name); /help lists them")
        }
    }

    private mutating func set(_ text: String) -> Action {
        let (name, value) = text.splitFirstWord
        switch name {
        case "": return .say(Self.setHelp)
        case "system":
            if value.hasPrefix(Self.mark) { return open(String(value.dropFirst(3)), .system) }
            conversation.system = value.isEmpty ? nil : value.unquoted
            return .say("the system message is \(value.isEmpty ? "removed" : "set")")
        case "verbose", "quiet":
            isVerbose = name == "verbose"
            return .say(isVerbose ? "rates are shown" : "rates are not shown")
        case "history", "nohistory":
            keepsHistory = name == "history"
            return .say(keepsHistory ? "turns are sent along" : "each question stands alone")
        case "model":
            guard !value.isEmpty else { return .say("/set model needs a name") }
            model = value
            return .say("answers come from \(value)")
        case "parameter": return setParameter(value)
        default: return setParameter(text)
        }
    }

    private mutating func setParameter(_ text: String) -> Action {
        let (name, value) = text.splitFirstWord
        let isName = name.utf8.allSatisfy { $0 == 0x5F || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) }
        guard isName, !name.isEmpty else { return .say(Self.setHelp) }
        guard !["messages", "prompt", "model", "stream", "stream_options"].contains(name) else {
            return .say("\(name) is no parameter")
        }
        if value.isEmpty {
            conversation.parameters[name] = nil
            return .say("\(name) is left to the server")
        }
        // JSON where it is JSON (0.7, true, ["a"]), text otherwise.
        conversation.parameters[name] = (try? JSON(parsing: value)) ?? .string(value)
        return .say("\(name) is \(value)")
    }

    private func show(_ text: String) -> Action {
        switch text {
        case "system": return .say(conversation.system ?? "there is no system message")
        case "history":
            let turns = conversation.messages.map { message in
                "\(message["role"]?.string ?? ""): \(message["content"]?.string ?? "")"
            }
            return .say(turns.isEmpty ? "nothing was said yet" : turns.joined(separator: "\n"))
        case "parameters": return .say(parameterText)
        case "", "info", "model":
            return .say(
                """
                model       \(model)
                server      \(place)
                system      \(conversation.system ?? "–")
                parameters  \(parameterText)
                messages    \(conversation.messages.count)
                """
            )
        default: return .say("/show takes info, system, parameters or history")
        }
    }

    private var parameterText: String {
        let members = conversation.parameters.members
        if members.isEmpty { return "the server's" }
        return members.map { "\($0.key) \($0.value.text)" }.joined(separator: ", ")
    }

    package static let help = """
        /set system TEXT      what the model is told first; \"\"\" for several lines
        /set NAME VALUE       a parameter: temperature, top_p, top_k, seed, max_tokens, stop, …
        /set NAME             leaves it to the server again
        /set verbose | quiet  rates after each answer
        /set history | nohistory   whether earlier turns are sent along
        /set model NAME       another model of the same server
        /show                 model, server, parameters; also /show system, parameters, history
        /save FILE            writes the conversation
        /load FILE            reads one
        /clear                forgets the conversation
        /bye                  leaves, as does Ctrl-D
        \"\"\"                   begins and ends a text of several lines
        Ctrl-C                stops the answer
        """

    private static let setHelp =
        "/set NAME VALUE, /set system TEXT, /set verbose, /set quiet, /set history, /set nohistory"
}

extension String {
    /// Without blanks, tabs and line ends at both ends.
    var trimmed: String {
        String(trimmedEnd.drop { $0.isWhitespace })
    }

    /// Without blanks, tabs and line ends at the end.
    var trimmedEnd: Substring {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return text
    }

    /// The first word, and what follows the blanks after it.
    var splitFirstWord: (first: String, rest: String) {
        let text = trimmed
        let first = text.prefix { !$0.isWhitespace }
        return (String(first), String(text[first.endIndex...].drop { $0.isWhitespace }))
    }

    /// Without a pair of quotes around it.
    var unquoted: String {
        count >= 2 && first == "\"" && last == "\"" ? String(dropFirst().dropLast()) : self
    }
}
