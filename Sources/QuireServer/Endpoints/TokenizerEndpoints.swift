import NIOCore
import QuireHTTP
import QuireOpenAI
import QuireTokenizer

/// `POST /tokenize`: a prompt, or a conversation through the template, as token ids.
struct TokenizeEndpoint: Endpoint {
    let context: ServerContext

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        context.preprocessor.run(request.body, on: stream) {
            [preparer = context.preparer] body throws(OpenAIError) in
            let request = try TokenizeRequest(parsing: body, limits: preparer.limits)
            preparer.unknownFields.note(request.unknownFields)
            _ = try preparer.modelName(request.model)
            let text =
                switch request.input {
                case .prompt(let prompt): prompt
                case .chat(let chat): try preparer.render(chat)
                }
            let tokens = try preparer.encode(text, addSpecialTokens: request.addSpecialTokens)
            let tokenizer = preparer.model.tokenizer
            let response = TokenizeResponse(
                maxModelLength: preparer.model.maxContext,
                tokens: tokens,
                tokenStrings: request.returnTokenStrings
                    ? tokens.map { tokenizer?.tokenBytes($0) ?? [] } : nil
            )
            // Here and not on the loop: the answer may be larger than the request by far.
            var answer = ByteBuffer()
            response.write(into: &answer)
            return answer
        } finish: { answer, stream in
            stream.respondJSON(answer)
        }
    }
}

/// `POST /detokenize`: token ids as text.
struct DetokenizeEndpoint: Endpoint {
    let context: ServerContext

    func respond(to request: HTTPRequest, on stream: HTTPStream) {
        context.preprocessor.run(request.body, on: stream) {
            [preparer = context.preparer] body throws(OpenAIError) in
            let request = try DetokenizeRequest(parsing: body, limits: preparer.limits)
            preparer.unknownFields.note(request.unknownFields)
            _ = try preparer.modelName(request.model)
            guard let tokenizer = preparer.model.tokenizer else {
                throw .badRequest("This server has no tokenizer (--skip-tokenizer-init).")
            }
            let response = DetokenizeResponse(
                prompt: tokenizer.decode(request.tokens, skipSpecialTokens: false)
            )
            var answer = ByteBuffer()
            response.write(into: &answer)
            return answer
        } finish: { answer, stream in
            stream.respondJSON(answer)
        }
    }
}
