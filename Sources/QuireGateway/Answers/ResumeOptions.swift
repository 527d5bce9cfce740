/// What the gateway knows of the upstreams that may continue a stream.
package struct ResumeOptions: Sendable, Hashable {
    /// Whether the model's chat template trims messages, as Llama's and Gemma's do.
    ///
    /// Then white space at the end of the text so far is lost on the way and written once more; it
    /// is taken off the continuation. Where the template does not trim, this must stay off: a
    /// continuation may begin with the same white space by right.
    package var templateTrims = false
    /// The `max_tokens` that the engine takes for a completion without one (16 in vLLM); `nil`
    /// where it fills the context.
    package var completionTokensDefault: Int?

    /// Whether the last word is asked for again where the answer is repeatable; see ``ResumePlan``.
    package var repeatsLastWord = true

    package init() {}
}
