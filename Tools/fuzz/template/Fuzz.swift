import QuireJSON
import QuireTemplate

/// Called by libFuzzer: the bytes are a template, rendered over a small conversation.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTemplate(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start else { return 0 }
    let source = unsafe String(
        decoding: UnsafeBufferPointer(start: start, count: count),
        as: UTF8.self
    )
    let message = JSON.object(["role": .string("user"), "content": .string("Grüße, \u{1F600}\n")])
    let input = ChatTemplateInput(messages: [message, message], tools: [message])
    let limits = TemplateLimits(stepCountMax: 20_000, outputBytesMax: 1 << 18)
    do throws(TemplateError) {
        _ = try ChatTemplate(source, limits: limits).render(input)
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}
