import QuireJSON

/// The parts of a tokenizer.json, read in one pass; `truncation` and `padding` are left out, for
/// a server has limits of its own.
struct TokenizerFile {
    private(set) var addedTokens: [AddedToken] = []
    private(set) var normalizer = JSON.null
    private(set) var preTokenizer = JSON.null
    private(set) var postProcessor = JSON.null
    private(set) var decoder = JSON.null
    private(set) var model: ModelReader

    init(_ bytes: Span<UInt8>) throws(TokenizerError) {
        var reader = JSONReader(bytes)
        var added = JSON.null
        var model: ModelReader?
        var parts = JSONObject()
        do throws(JSONError) {
            try reader.beginObject()
        } catch {
            throw .malformed(error)
        }
        while let key = try Self.nextKey(&reader) {
            switch key {
            case "model": model = try ModelReader(&reader)
            case "added_tokens": added = try Self.readValue(&reader)
            case "normalizer", "pre_tokenizer", "post_processor", "decoder":
                parts[key] = try Self.readValue(&reader)
            default: try Self.skipValue(&reader)
            }
        }
        do throws(JSONError) {
            try reader.finish()
        } catch {
            throw .malformed(error)
        }
        guard let model else { throw .invalid(path: "model", reason: "is missing") }
        self.model = model
        normalizer = parts["normalizer"] ?? .null
        preTokenizer = parts["pre_tokenizer"] ?? .null
        postProcessor = parts["post_processor"] ?? .null
        decoder = parts["decoder"] ?? .null
        guard !added.isNull else { return }
        guard let entries = added.array else {
            throw .invalid(path: "added_tokens", reason: "must be an array, not \(added.typeName)")
        }
        for (index, entry) in entries.enumerated() {
            addedTokens.append(try AddedToken(entry, at: "added_tokens[\(index)]"))
        }
    }

    private static func nextKey(_ reader: inout JSONReader) throws(TokenizerError) -> String? {
        do throws(JSONError) { return try reader.nextKey() } catch { throw .malformed(error) }
    }

    private static func readValue(_ reader: inout JSONReader) throws(TokenizerError) -> JSON {
        do throws(JSONError) { return try reader.readValue() } catch { throw .malformed(error) }
    }

    private static func skipValue(_ reader: inout JSONReader) throws(TokenizerError) {
        do throws(JSONError) { try reader.skipValue() } catch { throw .malformed(error) }
    }
}
