import QuireJSON

/// Reads the `model` of a tokenizer.json: options, vocabulary and merges of a BPE model.
///
/// Vocabularies have 150,000 entries and more, so they go from the JSON text into their tables
/// without a tree in between.
struct ModelReader {
    private(set) var options = BytePairModel.Options()
    private(set) var vocabulary = Vocabulary()
    private(set) var merges = MergeTable(capacity: 1 << 17)
    private var type: String?
    private var hasVocabulary = false
    private var hasMerges = false
    /// The first thing that is valid JSON but cannot be right.
    private var failure: TokenizerError?

    /// Reads the object that is next.
    init(_ reader: inout JSONReader) throws(TokenizerError) {
        do throws(JSONError) {
            try readMembers(&reader)
        } catch {
            throw .malformed(error)
        }
        if let failure { throw failure }
        guard type == "BPE" || type == nil && hasMerges else {
            throw .unsupported(path: "model", component: "model \(type ?? "without a type")")
        }
        guard hasVocabulary else { throw .invalid(path: "model", reason: "vocab is missing") }
        guard hasMerges else { throw .invalid(path: "model", reason: "merges is missing") }
    }

    private mutating func readMembers(_ reader: inout JSONReader) throws(JSONError) {
        // Merges name pieces, so they wait where they come before the vocabulary.
        var waiting: JSONReader?
        try reader.beginObject()
        while failure == nil, let key = try reader.nextKey() {
            switch key {
            case "vocab" where try reader.peekKind() == .object:
                try readVocabulary(&reader)
            case "merges":
                hasMerges = true
                if hasVocabulary {
                    try readMerges(&reader)
                } else {
                    waiting = reader
                    try reader.skipValue()
                }
            case "vocab": try reader.skipValue()
            default:
                let value = try reader.readValue()
                do throws(TokenizerError) {
                    try readOption(key, value)
                } catch {
                    failure = error
                }
            }
        }
        if failure == nil, hasVocabulary, var merges = waiting { try readMerges(&merges) }
    }

    private mutating func readOption(_ key: String, _ value: JSON) throws(TokenizerError) {
        let object = JSON.object(JSONObject(uniqueMembers: [.init(key: key, value: value)]))
        switch key {
        case "type": type = try object.optionalString(key, at: "model")
        case "unk_token": options.unknownToken = try object.optionalString(key, at: "model")
        case "continuing_subword_prefix":
            options.continuingSubwordPrefix = Array(
                (try object.optionalString(key, at: "model") ?? "").utf8
            )
        case "end_of_word_suffix":
            options.endOfWordSuffix = Array(
                (try object.optionalString(key, at: "model") ?? "").utf8
            )
        case "fuse_unk": options.fusesUnknown = try object.flag(key, default: false, at: "model")
        case "byte_fallback":
            options.hasByteFallback = try object.flag(key, default: false, at: "model")
        case "ignore_merges":
            options.ignoresMerges = try object.flag(key, default: false, at: "model")
        case "dropout":
            guard value.isNull || value.double == 0 else {
                throw .unsupported(path: "model.dropout", component: "dropout")
            }
        default: break
        }
    }

    // MARK: Vocabulary

    private mutating func readVocabulary(_ reader: inout JSONReader) throws(JSONError) {
        hasVocabulary = true
        try reader.beginObject()
        while let piece = try reader.nextKey() {
            let id = try reader.readInt()
            do throws(Vocabulary.Refusal) {
                try vocabulary.add(piece.utf8Span.span, id: id)
            } catch {
                let reason =
                    switch error {
                    case .idOutOfRange: "must be in 0..<\(Vocabulary.idLimit)"
                    case .idTaken: "is given twice"
                    }
                failure = .invalid(path: "model.vocab", reason: "id \(id) of \(piece) \(reason)")
                return
            }
        }
    }

    // MARK: Merges

    private mutating func readMerges(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginArray()
        var joined: [UInt8] = []
        while failure == nil, try reader.nextElement() {
            if try reader.peekKind() == .array {
                try reader.beginArray()
                var parts: [String] = []
                while parts.count < 3, try reader.nextElement() {
                    parts.append(try reader.readString())
                }
                guard parts.count == 2 else {
                    refuseMerge("must be of two pieces")
                    return
                }
                addMerge(parts[0].utf8Span.span, parts[1].utf8Span.span, &joined)
            } else {
                let text = try reader.readString()
                let bytes = text.utf8Span.span
                var space = 0
                while space < bytes.count, bytes[space] != 0x20 { space += 1 }
                guard space < bytes.count else {
                    refuseMerge("must be of two pieces")
                    return
                }
                addMerge(
                    bytes.extracting(0..<space),
                    bytes.extracting(space + 1..<bytes.count),
                    &joined
                )
            }
        }
    }

    private mutating func addMerge(
        _ left: Span<UInt8>,
        _ right: Span<UInt8>,
        _ joined: inout [UInt8]
    ) {
        // The prefix of continuing pieces is written once in what they become.
        let skipped = options.continuingSubwordPrefix.count
        guard right.count >= skipped else {
            refuseMerge("lacks continuing_subword_prefix")
            return
        }
        joined.removeAll(keepingCapacity: true)
        joined.append(left, from: 0, to: left.count)
        joined.append(right, from: skipped, to: right.count)
        guard let leftID = vocabulary.id(of: left), let rightID = vocabulary.id(of: right),
            let result = vocabulary.id(of: joined.span)
        else {
            refuseMerge("names a piece that is not in the vocabulary")
            return
        }
        if !merges.append(left: leftID, right: rightID, result: result) {
            refuseMerge("is one too many")
        }
    }

    private mutating func refuseMerge(_ reason: String) {
        failure = .invalid(path: "model.merges[\(merges.results.count)]", reason: reason)
    }
}
