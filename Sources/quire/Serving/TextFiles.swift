import QuireCheckpoint
import QuireJSON
import QuireTemplate
import QuireTokenizer

/// What a model folder says about text: tokenizer, chat template, special tokens.
///
/// Read while the weights are packed on another thread; a large vocabulary takes as long.
struct TextFiles: Sendable {
    var tokenizer: Tokenizer?
    var template: ChatTemplate?
    var specialTokens = JSONObject()
    /// The tokenizer's own end-of-sequence token.
    var endToken: Int32?

    /// - Parameters:
    ///   - folder: The folder that holds tokenizer.json.
    ///   - skipsTokenizer: Nothing is read.
    ///   - chatTemplate: `--chat-template`: a file, or the template itself.
    /// - Throws: One line that names the file at fault.
    init(folder: String, skipsTokenizer: Bool, chatTemplate: String?) throws {
        if skipsTokenizer { return }
        guard
            let tokenizerJSON = try ModelFolder.content(
                folder,
                "tokenizer.json",
                atMost: 1 << 30
            )
        else {
            throw StartError(
                "\(folder): tokenizer.json is missing; give --tokenizer FOLDER, or "
                    + "--skip-tokenizer-init to serve token ids only"
            )
        }
        let configuration = try ModelFolder.json(folder, "tokenizer_config.json")
        let tokenizer: Tokenizer
        do throws(TokenizerError) {
            tokenizer = try Tokenizer(tokenizerJSON: tokenizerJSON, configuration: configuration)
        } catch {
            throw StartError("\(folder)/tokenizer.json: \(error)")
        }
        self.tokenizer = tokenizer
        specialTokens = Self.specialTokens(
            configuration,
            map: try ModelFolder.json(folder, "special_tokens_map.json")
        )
        endToken = specialTokens["eos_token"]?.string.flatMap { tokenizer.id(of: $0) }
        let source = try Self.templateSource(chatTemplate, folder, configuration)
        guard let source else { return }
        do throws(TemplateError) {
            template = try ChatTemplate(source.text)
        } catch {
            throw StartError("\(source.origin): \(error)")
        }
    }

    /// The tokens that templates name, each as its text: `"<s>"` or `{"content": "<s>", …}`.
    private static func specialTokens(_ configuration: JSON?, map: JSON?) -> JSONObject {
        var tokens = JSONObject()
        for source in [map, configuration] {
            for member in source?.object?.members ?? [] where member.key.hasSuffix("_token") {
                guard !member.key.hasPrefix("add_") else { continue }
                if let text = member.value.string ?? member.value["content"]?.string {
                    tokens[member.key] = .string(text)
                }
            }
        }
        return tokens
    }

    /// The flag goes before chat_template.jinja, and that before the member of
    /// tokenizer_config.json, which may be a list of named templates.
    private static func templateSource(
        _ flag: String?,
        _ folder: String,
        _ configuration: JSON?
    ) throws -> (text: String, origin: String)? {
        if let flag {
            if let content = try ModelFolder.content(path: flag) {
                return (String(decoding: content, as: UTF8.self), flag)
            }
            guard flag.utf8.contains(where: { $0 == 0x7B || $0 == 0x0A }) else {
                throw StartError("--chat-template \(flag): no such file, and not a template itself")
            }
            return (flag, "--chat-template")
        }
        if let content = try ModelFolder.content(folder, "chat_template.jinja") {
            return (String(decoding: content, as: UTF8.self), "\(folder)/chat_template.jinja")
        }
        let origin = "\(folder)/tokenizer_config.json: chat_template"
        switch configuration?["chat_template"] {
        case .string(let text): return (text, origin)
        case .array(let named):
            let chosen = named.first { $0["name"]?.string == "default" } ?? named.first
            return chosen?["template"]?.string.map { ($0, origin) }
        default: return nil
        }
    }
}
