/// Where a request body's members lie that the gateway may have to change, as offsets in bytes.
///
/// A member that is written twice is where it stands last, because that one counts for engines.
package struct BodyLayout: Sendable, Hashable {
    /// What `stream_options` is.
    package enum StreamOptions: Sendable, Hashable {
        case absent
        /// `null`, or an `include_usage` other than true: the value to replace by an object.
        case null(Range<Int>)
        /// An object: the offset behind its brace, whether it has members, and the place of
        /// `include_usage`'s value.
        case object(interior: Int, isEmpty: Bool, includeUsage: Range<Int>?)
        /// Neither: for the engine to refuse.
        case unusable
    }

    /// A number's place and value.
    package struct Number: Sendable, Hashable {
        package var range: Range<Int>
        package var value: Int
    }

    /// The offset behind the body's opening brace.
    package internal(set) var interior = 0
    /// The model's value, quotes included.
    package internal(set) var model: Range<Int>?
    package internal(set) var streamOptions = StreamOptions.absent
    /// The offset of the bracket that ends a list of messages which is not empty.
    package internal(set) var messagesEnd: Int?
    /// The offset of the quote that ends a prompt which is one string.
    package internal(set) var promptEnd: Int?
    package internal(set) var maxTokens: Number?
    package internal(set) var maxCompletionTokens: Number?
    package internal(set) var minTokens: Number?
    /// The value of `add_generation_prompt`.
    package internal(set) var addGenerationPrompt: Range<Int>?
    /// The value of `continue_final_message`.
    package internal(set) var continueFinalMessage: Range<Int>?

    package init() {}
}
