/// A compiled regular expression that searches in time linear in the text.
///
/// It backtracks, as the engine that the patterns were written for does, so its choices are the
/// same. It remembers each (instruction, position) that failed and never tries it again: as there
/// are no captures and look-ahead is one character, that bounds the work of a whole search by
/// instructions × length, whatever the pattern and the text.
struct RegexProgram: Sendable {
    private enum Instruction: Sendable {
        case set(Int)
        /// Continue at `first`, and if that fails at `second`.
        case split(first: Int, second: Int, memo: Int)
        case jump(Int)
        /// Takes as many of a set as there are and never gives one back.
        case run(set: Int, memo: Int)
        case lookahead(set: Int, isNegative: Bool)
        case textStart, textEnd, lineStart, lineEnd
        case match
    }

    /// What a search over one text remembers; use one per text and keep it for its capacity.
    struct Search {
        fileprivate var failed: [UInt64] = []
        /// Per run instruction, the last stretch that it took, so that starting again within it costs
        /// one step.
        fileprivate var runs: [Range<Int>] = []
        fileprivate var stack: [(pc: Int32, position: Int, memo: Int32)] = []
        /// Instructions executed since it was made: the cost, which tests bound.
        private(set) var stepCount = 0

        init() {}

        /// Forgets the last text.
        fileprivate mutating func begin(bitCount: Int, runCount: Int) {
            runs.removeAll(keepingCapacity: true)
            runs.append(contentsOf: repeatElement(0..<0, count: runCount))
            failed.removeAll(keepingCapacity: true)
            failed.append(contentsOf: repeatElement(0, count: (bitCount + 63) / 64))
        }

        fileprivate mutating func countSteps(_ count: Int) { stepCount += count }
    }

    private var instructions: [Instruction] = []
    private var sets: [RegexSet] = []
    /// For each set, which ASCII characters it holds.
    private var asciiMembers: [InlineArray<2, UInt64>] = []
    private var splitCount = 0
    private var runCount = 0
    private static let instructionsMax = 20_000
    /// Nodes compiled so far, each as often as it is repeated: the cost of compiling, also of parts
    /// such as `()` that leave no instruction.
    private var compiledCount = 0
    private static let compiledCountMax = 100_000

    init(_ source: String, at path: String) throws(TokenizerError) {
        var parser = RegexParser(source, at: path)
        try compile(try parser.parse(), at: path)
        instructions.append(.match)
        for set in sets {
            var members: InlineArray<2, UInt64> = [0, 0]
            for value in 0..<128 where set.contains(UInt32(value)) {
                members[value >> 6] |= 1 << UInt64(value & 63)
            }
            asciiMembers.append(members)
        }
    }

    // MARK: Compiling

    private mutating func compile(_ node: RegexNode, at path: String) throws(TokenizerError) {
        compiledCount += 1
        guard instructions.count < Self.instructionsMax, compiledCount <= Self.compiledCountMax
        else {
            throw .unsupported(path: path, component: "a regular expression this large")
        }
        switch node {
        case .empty: break
        case .set(let set): instructions.append(.set(add(set)))
        case .sequence(let nodes):
            for node in nodes { try compile(node, at: path) }
        case .choice(let nodes): try compileChoice(nodes, at: path)
        case .repetition(let node, let min, let max, let preference):
            try compileRepetition(node, min: min, max: max, preference, at: path)
        case .lookahead(let set, let isNegative):
            instructions.append(.lookahead(set: add(set), isNegative: isNegative))
        case .textStart: instructions.append(.textStart)
        case .textEnd: instructions.append(.textEnd)
        case .lineStart: instructions.append(.lineStart)
        case .lineEnd: instructions.append(.lineEnd)
        }
    }

    private mutating func add(_ set: RegexSet) -> Int {
        sets.append(set)
        return sets.count - 1
    }

    /// Adds a split whose targets are set later, and returns its place.
    private mutating func addSplit() -> Int {
        instructions.append(.split(first: 0, second: 0, memo: splitCount))
        splitCount += 1
        return instructions.count - 1
    }

    private mutating func setSplit(_ place: Int, into: Int, past: Int, isLazy: Bool = false) {
        guard case .split(_, _, let memo) = instructions[place] else { return }
        instructions[place] =
            isLazy
            ? .split(first: past, second: into, memo: memo)
            : .split(first: into, second: past, memo: memo)
    }

    private mutating func compileChoice(
        _ nodes: [RegexNode],
        at path: String
    ) throws(TokenizerError) {
        var exits: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index < nodes.count - 1 else {
                try compile(node, at: path)
                break
            }
            let split = addSplit()
            try compile(node, at: path)
            exits.append(instructions.count)
            instructions.append(.jump(0))
            setSplit(split, into: split + 1, past: instructions.count)
        }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    private mutating func compileRepetition(
        _ node: RegexNode,
        min: Int,
        max: Int?,
        _ preference: RegexNode.Preference,
        at path: String
    ) throws(TokenizerError) {
        for _ in 0..<min { try compile(node, at: path) }
        let isLazy = preference == .lazy
        if preference == .possessive, case .set(let set) = node {
            if max == nil {
                instructions.append(.run(set: add(set), memo: runCount))
                runCount += 1
            } else {
                // `x?+`: take it if it is there, else see that it is not.
                let split = addSplit()
                try compile(node, at: path)
                let jump = instructions.count
                instructions.append(.jump(0))
                setSplit(split, into: split + 1, past: instructions.count)
                instructions.append(.lookahead(set: add(set), isNegative: true))
                instructions[jump] = .jump(instructions.count)
            }
            return
        }
        guard let max else {
            let split = addSplit()
            try compile(node, at: path)
            instructions.append(.jump(split))
            setSplit(split, into: split + 1, past: instructions.count, isLazy: isLazy)
            return
        }
        var splits: [Int] = []
        for _ in min..<Swift.max(min, max) {
            splits.append(addSplit())
            try compile(node, at: path)
        }
        for split in splits {
            setSplit(split, into: split + 1, past: instructions.count, isLazy: isLazy)
        }
    }

    // MARK: Searching

    /// The leftmost match at or after `index` that is not empty.
    ///
    /// A call with `index` 0 begins a new text; later calls must be about the same one.
    func nextMatch(
        in text: Span<UInt8>,
        from index: Int,
        search: inout Search
    ) -> Range<Int>? {
        if index == 0 {
            search.begin(bitCount: splitCount * (text.count + 1), runCount: runCount)
        }
        var start = index
        while start < text.count {
            if let end = matchEnd(in: text, at: start, search: &search), end > start {
                return start..<end
            }
            start = text.scalar(at: start).end
        }
        return nil
    }

    private func contains(_ set: Int, _ scalar: UInt32) -> Bool {
        guard scalar >= 128 else {
            return asciiMembers[set][Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 == 1
        }
        return sets[set].contains(scalar)
    }

    private func matchEnd(in text: Span<UInt8>, at start: Int, search: inout Search) -> Int? {
        search.stack.removeAll(keepingCapacity: true)
        var pc = 0
        var position = start
        var steps = 0
        defer { search.countSteps(steps) }
        while true {
            steps += 1
            var hasFailed = false
            switch instructions[pc] {
            case .set(let set):
                if position < text.count {
                    let scalar = text.scalar(at: position)
                    if contains(set, scalar.value) {
                        position = scalar.end
                        pc += 1
                    } else {
                        hasFailed = true
                    }
                } else {
                    hasFailed = true
                }
            case .split(let first, let second, let memo):
                let bit = memo * (text.count + 1) + position
                if search.failed[bit >> 6] >> UInt64(bit & 63) & 1 == 1 {
                    hasFailed = true
                } else {
                    // Marked on entry: if this choice is met again before the match is found, it
                    // was left by failure, or it is an empty loop, which must end as well.
                    search.failed[bit >> 6] |= 1 << UInt64(bit & 63)
                    search.stack.append((Int32(second), position, Int32(memo)))
                    pc = first
                }
            case .jump(let target): pc = target
            case .run(let set, let memo):
                if search.runs[memo].contains(position) {
                    position = search.runs[memo].upperBound
                } else {
                    let start = position
                    while position < text.count {
                        let scalar = text.scalar(at: position)
                        guard contains(set, scalar.value) else { break }
                        steps += 1
                        position = scalar.end
                    }
                    search.runs[memo] = start..<position
                }
                pc += 1
            case .lookahead(let set, let isNegative):
                let isThere =
                    position < text.count && contains(set, text.scalar(at: position).value)
                if isThere != isNegative { pc += 1 } else { hasFailed = true }
            case .textStart: if position == 0 { pc += 1 } else { hasFailed = true }
            case .textEnd: if position == text.count { pc += 1 } else { hasFailed = true }
            case .lineStart:
                if position == 0 || text[position - 1] == 0x0A {
                    pc += 1
                } else {
                    hasFailed = true
                }
            case .lineEnd:
                if position == text.count || text[position] == 0x0A {
                    pc += 1
                } else {
                    hasFailed = true
                }
            case .match:
                forgetPath(of: text, search: &search)
                return position
            }
            if hasFailed {
                guard let last = search.stack.popLast() else { return nil }
                pc = Int(last.pc)
                position = last.position
            }
        }
    }

    /// The choices still open on a match did not fail: they are unmarked.
    private func forgetPath(of text: Span<UInt8>, search: inout Search) {
        for entry in search.stack {
            let bit = Int(entry.memo) * (text.count + 1) + entry.position
            search.failed[bit >> 6] &= ~(1 << UInt64(bit & 63))
        }
    }
}
