import ArgumentParser
import NIOCore
import QuireClient
import QuireJSON

/// What requests a load test sends; spelled as `vllm bench serve` spells it.
struct LoadFlags: ParsableArguments {
    enum Dataset: String, ExpressibleByArgument, CaseIterable {
        case random
        case prefixRepetition = "prefix_repetition"
        case custom
        case sharegpt
    }

    @Option(help: "random, prefix_repetition (shared beginnings), custom or sharegpt (a file).")
    var datasetName = Dataset.random

    @Option(help: "File of JSON lines: {\"prompt\": …} or {\"messages\": […]} each.")
    var datasetPath: String?

    @Option(help: "Tokens of each prompt, for every dataset but files.")
    var inputLen: Int?

    @Option(help: "Tokens of each answer, for every dataset.")
    var outputLen: Int?

    @Option(help: "Tokens of a random prompt.")
    var randomInputLen = 1024

    @Option(help: "Tokens of an answer to a random prompt.")
    var randomOutputLen = 128

    @Option(help: "Tokens that all random prompts begin with.")
    var randomPrefixLen = 0

    @Option(help: "Random lengths vary by this part, 0 to below 1.")
    var randomRangeRatio = 0.0

    @Option(help: "Tokens of a shared beginning.")
    var prefixRepetitionPrefixLen = 256

    @Option(help: "Tokens of each prompt after the shared beginning.")
    var prefixRepetitionSuffixLen = 256

    @Option(help: "How many beginnings there are.")
    var prefixRepetitionNumPrefixes = 10

    @Option(help: "Tokens of an answer to a prompt with a shared beginning.")
    var prefixRepetitionOutputLen = 128

    @Option(help: "Tokens of an answer to a file's prompt; -1 leaves it to the server.")
    var customOutputLen = 256

    @Flag(help: "Answers go on to their full length (always, for made-up prompts).")
    var ignoreEos = false

    @Option(help: "Seed of prompts and arrival times.")
    var seed: UInt64 = 0

    @Option(help: "Sampling temperature (default: the server's).")
    var temperature: Double?

    @Option(help: "Nucleus sampling (default: the server's).")
    var topP: Double?

    @Option(help: "Sampling among the likeliest (default: the server's).")
    var topK: Int?

    @Option(help: "Further members of each request's body, as a JSON object.")
    var extraBody: String?

    func validate() throws {
        let lengths = [
            inputLen, outputLen, randomInputLen, randomOutputLen, randomPrefixLen,
            prefixRepetitionPrefixLen, prefixRepetitionSuffixLen, prefixRepetitionOutputLen,
        ]
        for length in lengths where !(0...(1 << 22)).contains(length ?? 0) {
            throw ValidationError("a length must be in 0...\(1 << 22), got \(length ?? 0)")
        }
        guard (0..<1).contains(randomRangeRatio) else {
            throw ValidationError("--random-range-ratio must be in 0..<1, got \(randomRangeRatio)")
        }
        guard (1...(1 << 20)).contains(prefixRepetitionNumPrefixes) else {
            throw ValidationError("--prefix-repetition-num-prefixes must be at least 1")
        }
        if readsFile, datasetPath == nil {
            throw ValidationError("--dataset-name \(datasetName.rawValue) needs --dataset-path")
        }
        _ = try bodyMembers()
    }

    private var readsFile: Bool { datasetName == .custom || datasetName == .sharegpt }

    /// Members of every body.
    func bodyMembers() throws -> JSONObject {
        var members = JSONObject()
        members["temperature"] = temperature.map { .double($0) }
        members["top_p"] = topP.map { .double($0) }
        members["top_k"] = topK.map { .int($0) }
        guard let extraBody else { return members }
        guard let extra = try? JSON(parsing: extraBody), case .object(let object) = extra else {
            throw ValidationError("--extra-body is no JSON object: \(extraBody)")
        }
        for member in object.members { members[member.key] = member.value }
        return members
    }

    /// The requests; for a chat endpoint, made-up prompts are words.
    func requests(count: Int, isChat: Bool, seed: UInt64) throws -> [GenerationRequest] {
        var prompts = SyntheticPrompts(seed: seed)
        prompts.usesWords = isChat
        switch datasetName {
        case .random:
            return prompts.random(
                count: count,
                inputLength: inputLen ?? randomInputLen,
                outputLength: outputLen ?? randomOutputLen,
                prefixLength: randomPrefixLen,
                rangeRatio: randomRangeRatio
            )
        case .prefixRepetition:
            return prompts.sharedPrefix(
                count: count,
                prefixCount: prefixRepetitionNumPrefixes,
                prefixLength: prefixRepetitionPrefixLen,
                suffixLength: inputLen ?? prefixRepetitionSuffixLen,
                outputLength: outputLen ?? prefixRepetitionOutputLen
            )
        case .custom, .sharegpt:
            return try fileRequests(count: count, isChat: isChat)
        }
    }

    private func fileRequests(count: Int, isChat: Bool) throws -> [GenerationRequest] {
        let path = datasetPath ?? ""
        guard let content = try ModelFolder.content(path: path) else {
            throw StartError("--dataset-path \(path): no such file")
        }
        let length = outputLen ?? customOutputLen
        let requests: [GenerationRequest]
        do throws(ConversationFile.Fault) {
            requests = try ConversationFile.requests(
                content,
                count: count,
                outputLength: length > 0 ? length : nil,
                ignoresEnd: ignoreEos
            )
        } catch {
            throw StartError("\(path): \(error)")
        }
        let hasMessages = requests.contains {
            if case .messages = $0.prompt { true } else { false }
        }
        if hasMessages, !isChat {
            throw StartError("\(path): conversations need --endpoint /v1/chat/completions")
        }
        return requests
    }
}
