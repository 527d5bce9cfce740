/// What in a request or in its answer so far forbids to continue a cut stream elsewhere.
package struct ResumeObstacles: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    // In the request.

    /// `n` above 1: each choice is at another place.
    package static let severalChoices = Self(rawValue: 1 << 0)
    /// `best_of` above 1 or beam search.
    package static let severalCandidates = Self(rawValue: 1 << 1)
    /// Log probabilities or token ids of the text were asked for; a new tokenisation changes them.
    package static let tokenDetails = Self(rawValue: 1 << 2)
    /// Tools or functions: a call's text is not part of the content.
    package static let tools = Self(rawValue: 1 << 3)
    /// The prompt is part of the answer.
    package static let echo = Self(rawValue: 1 << 4)
    /// Several prompts.
    package static let promptList = Self(rawValue: 1 << 5)
    /// The prompt is token ids; text cannot be appended to it.
    package static let tokenPrompt = Self(rawValue: 1 << 6)
    /// A suffix: the text is inserted, not continued.
    package static let suffix = Self(rawValue: 1 << 7)
    /// A grammar or schema: it would begin anew.
    package static let structuredOutput = Self(rawValue: 1 << 8)
    /// The engine cuts the prompt to a length; a longer one would be cut elsewhere.
    package static let truncation = Self(rawValue: 1 << 9)
    /// Stop strings are part of the output, so one may lie across the seam.
    package static let stopInOutput = Self(rawValue: 1 << 10)
    /// The client itself continues a message, or leaves the generation prompt out.
    package static let ownContinuation = Self(rawValue: 1 << 11)
    /// No messages and no prompt that could be added to.
    package static let noPrompt = Self(rawValue: 1 << 12)
    /// The answer is not streamed.
    package static let notStreamed = Self(rawValue: 1 << 13)

    // In the answer.

    /// The answer holds tool calls, a refusal, audio or other content than text.
    package static let otherContent = Self(rawValue: 1 << 16)
    /// The answer holds reasoning, which a template may leave out of a message that it continues.
    package static let reasoning = Self(rawValue: 1 << 17)
    /// A choice has ended already.
    package static let finished = Self(rawValue: 1 << 18)
    /// The engine said that it failed; it was not cut.
    package static let errorEvent = Self(rawValue: 1 << 19)
    /// An event could not be read or was too long, so the text so far is not known.
    package static let unreadable = Self(rawValue: 1 << 20)
    /// More text than is kept, or none was kept.
    package static let textNotKept = Self(rawValue: 1 << 21)

    /// Adds the obstacles if the condition holds, else takes them away: the last of a repeated
    /// member counts.
    mutating func set(_ obstacles: Self, if condition: Bool) {
        if condition { formUnion(obstacles) } else { subtract(obstacles) }
    }
}
