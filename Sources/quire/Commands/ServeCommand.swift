import ArgumentParser

/// `quire serve MODEL`: one model behind the OpenAI API.
///
/// Flags, defaults and spellings are vLLM's where vLLM has them.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serves a model over the OpenAI API."
    )

    @Argument(help: "Path of the model folder (config.json, *.safetensors, tokenizer.json).")
    var modelPath: String?

    @Option(name: .customLong("model"), help: "The same as the positional argument.")
    var modelOption: String?

    @Option(help: "Address to listen on.")
    var host = "0.0.0.0"

    @Option(help: "Port to listen on; 0 takes a free one.")
    var port = 8000

    @Option(
        parsing: .upToNextOption,
        help: "Names that requests may use; the first is shown (default: the folder's name)."
    )
    var servedModelName: [String] = []

    @Option(help: "Folder of another tokenizer.")
    var tokenizer: String?

    @Option(help: "How weights are kept: auto, float32, bfloat16; float16 is widened to float32.")
    var dtype = WeightType.auto

    @Option(
        parsing: .unconditional,
        help: "Tokens of prompt and answer: 4096, 1k, 25.6k, 1K, auto (default: the model's)."
    )
    var maxModelLen: ContextLength?

    @Option(help: "Share of the memory that may be used.")
    var gpuMemoryUtilization = 0.9

    @Option(help: "Bytes of the key-value cache: 4G, 500m (default: what is left, at most 4G).")
    var kvCacheMemoryBytes: HumanNumber?

    @Option(help: "Sequences that are computed at the same time.")
    var maxNumSeqs = 128

    @Option(help: "Tokens of one step.")
    var maxNumBatchedTokens = HumanNumber(2048)

    @Option(help: "Tokens of a block of the key-value cache, a multiple of 8.")
    var blockSize = 16

    @Flag(inversion: .prefixedNo, help: "Reuse the cache of equal prompt beginnings.")
    var enablePrefixCaching = true

    @Option(parsing: .unconditional, help: "The seed of requests without one.")
    var seed: UInt64 = 0

    @Option(
        parsing: .upToNextOption,
        help: "Keys that requests must bring (default: VLLM_API_KEY, if it is set)."
    )
    var apiKey: [String] = []

    @Flag(help: "Serve token ids only; no tokenizer is read.")
    var skipTokenizerInit = false

    @Option(help: "A chat template: a file, or the template itself.")
    var chatTemplate: String?

    @Flag(help: "Let requests bring a chat template of their own.")
    var trustRequestChatTemplate = false

    @Option(help: "The most logprobs per token that a request may ask for.")
    var maxLogprobs = 20

    @Option(help: "Threads that compute (default: all cores).")
    var threads: Int?

    @Option(help: "Seconds that running requests get after SIGTERM.")
    var shutdownTimeout = 30

    func validate() throws {
        if modelPath == nil, modelOption == nil {
            throw ValidationError("give a model: quire serve PATH")
        }
        if let modelPath, let modelOption, modelPath != modelOption {
            throw ValidationError("two models are given: \(modelPath) and --model \(modelOption)")
        }
        try require(port, "--port", in: 0...65535)
        try require(maxNumSeqs, "--max-num-seqs", in: 1...65536)
        try require(maxNumBatchedTokens.value, "--max-num-batched-tokens", in: 1...(1 << 22))
        try require(blockSize, "--block-size", in: 8...4096)
        // The kernels read keys in tiles of 8; other sizes would waste what the plan does not count.
        guard blockSize % 8 == 0 else {
            let next = (blockSize + 7) / 8 * 8
            throw ValidationError(
                "--block-size must be a multiple of 8, got \(blockSize); use \(next)"
            )
        }
        try require(maxLogprobs, "--max-logprobs", in: 0...(1 << 20))
        try require(shutdownTimeout, "--shutdown-timeout", in: 0...86400)
        guard !apiKey.contains("") else {
            throw ValidationError(
                "--api-key is empty (an unset variable?); leave it out to serve without a key"
            )
        }
        if let threads { try require(threads, "--threads", in: 1...1024) }
        if let bytes = kvCacheMemoryBytes?.value {
            try require(bytes, "--kv-cache-memory-bytes", in: 1...Int.max)
        }
        guard gpuMemoryUtilization > 0, gpuMemoryUtilization <= 1 else {
            throw ValidationError(
                "--gpu-memory-utilization must be above 0 and at most 1, got "
                    + "\(gpuMemoryUtilization)"
            )
        }
    }

    private func require(_ value: Int, _ flag: String, in range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                range.upperBound == Int.max
                    ? "\(flag) must be at least \(range.lowerBound), got \(value)"
                    : "\(flag) must be in \(range.lowerBound)...\(range.upperBound), got \(value)"
            )
        }
    }

    func run() throws {
        SignalWatcher.block()
        do {
            try ServerProcess(self).run()
        } catch {
            Log.line("\(error)")
            throw ExitCode.failure
        }
    }

    /// The model folder, without the slashes at its end.
    var model: String {
        let path = modelPath ?? modelOption ?? ""
        let trimmed = path.utf8.reversed().drop { $0 == 0x2F }.reversed()
        return trimmed.isEmpty ? path : String(decoding: Array(trimmed), as: UTF8.self)
    }
}
