/// Edits one line at a time from the bytes that a terminal in raw mode sends.
///
/// A state machine: bytes in, an outcome and what to draw out. It knows arrows, Home, End,
/// Backspace, Delete, the usual control keys (A E B F U K W D C L), the history of lines, and pasted
/// texts of several lines, whose line ends are drawn as a mark.
/// Characters are whole grapheme clusters, so one keystroke removes what looks like one character.
package struct LineEditor: Sendable {
    package enum Outcome: Sendable, Hashable {
        /// The line goes on; draw it.
        case editing
        /// Enter: the line is complete.
        case line(String)
        /// Ctrl-C: the line was thrown away.
        case interrupted
        /// Ctrl-D in an empty line.
        case end
        /// Ctrl-L: draw on a clean screen.
        case clearScreen
    }

    package private(set) var characters: [Character] = []
    package private(set) var cursor = 0
    private var history: [String] = []
    /// The place in the history that is shown; its end is the line being written.
    private var historyIndex = 0
    private var draft: [Character] = []
    /// Between the marks that a terminal puts around what is pasted: lines do not end there.
    private var isPasting = false
    /// Bytes of a character or an escape sequence that is not complete.
    private var pending: [UInt8] = []

    private static let historyMax = 1000

    package init() {}

    package var text: String { String(characters) }

    /// Begins a new line.
    package mutating func begin() {
        characters = []
        cursor = 0
        draft = []
        pending = []
        isPasting = false
        historyIndex = history.count
    }

    /// Adds a line to the history, unless it is empty or the last one again.
    package mutating func remember(_ line: String) {
        guard !line.isEmpty, !line.contains("\n"), history.last != line else { return }
        history.append(line)
        if history.count > Self.historyMax { history.removeFirst() }
    }

    /// Takes one byte.
    package mutating func take(_ byte: UInt8) -> Outcome {
        if let first = pending.first, first >= 0x80, byte & 0xC0 != 0x80 {
            // A character that breaks off: what begins now must not be swallowed by it.
            insert("\u{FFFD}")
            pending = []
        }
        pending.append(byte)
        if pending[0] == 0x1B { return takeEscape() }
        if pending[0] >= 0x80 { return takeMultibyte() }
        pending = []
        return isPasting ? takePasted(byte) : takeControl(byte)
    }

    private mutating func takeControl(_ byte: UInt8) -> Outcome {
        switch byte {
        case 0x0D, 0x0A: return .line(text)
        case 0x03: return .interrupted
        case 0x04:
            if characters.isEmpty { return .end }
            delete()
        case 0x0C: return .clearScreen
        case 0x7F, 0x08: if move(-1) { delete() }
        case 0x01: cursor = 0
        case 0x05: cursor = characters.count
        case 0x02: _ = move(-1)
        case 0x06: _ = move(1)
        case 0x10: showHistory(historyIndex - 1)
        case 0x0E: showHistory(historyIndex + 1)
        case 0x0B: characters.removeSubrange(cursor...)
        case 0x15:
            characters.removeSubrange(..<cursor)
            cursor = 0
        case 0x17: deleteWord()
        case 0x09: insert(" ")
        case 0x20..<0x7F: insert(Character(UnicodeScalar(byte)))
        default: break
        }
        return .editing
    }

    /// Text is taken as it is; keys mean nothing here.
    private mutating func takePasted(_ byte: UInt8) -> Outcome {
        switch byte {
        case 0x0D: insert("\n")
        // Of CR LF the CR came before.
        case 0x0A: if cursor == 0 || characters[cursor - 1] != "\n" { insert("\n") }
        case 0x09: insert(" ")
        case 0x20..<0x7F: insert(Character(UnicodeScalar(byte)))
        default: break
        }
        return .editing
    }

    /// Collects the bytes of one UTF-8 scalar; wrong ones become U+FFFD.
    private mutating func takeMultibyte() -> Outcome {
        let first = pending[0]
        let length =
            switch first {
            case 0xC2...0xDF: 2
            case 0xE0...0xEF: 3
            case 0xF0...0xF4: 4
            default: 1
            }
        guard pending.count >= length else { return .editing }
        let text = String(decoding: pending, as: UTF8.self)
        pending = []
        for scalar in text.unicodeScalars { insert(Character(scalar)) }
        return .editing
    }

    /// Collects `ESC [ … letter`, `ESC [ digits ~` and `ESC O letter`; the unknown do nothing.
    private mutating func takeEscape() -> Outcome {
        guard pending.count > 1 else { return .editing }
        guard pending[1] == UInt8(ascii: "[") || pending[1] == UInt8(ascii: "O") else {
            pending = []
            return .editing
        }
        guard pending.count > 2, let last = pending.last, (0x40...0x7E).contains(last) else {
            // No sequence is this long: it is rubbish.
            if pending.count > 16 { pending = [] }
            return .editing
        }
        let digits = Array(pending[2...].prefix { (0x30...0x39).contains($0) })
        pending = []
        if last == UInt8(ascii: "~"), digits.count == 3 {
            if digits.elementsEqual("200".utf8) { isPasting = true }
            if digits.elementsEqual("201".utf8) { isPasting = false }
            return .editing
        }
        switch (last, digits.first) {
        case (UInt8(ascii: "A"), _): showHistory(historyIndex - 1)
        case (UInt8(ascii: "B"), _): showHistory(historyIndex + 1)
        case (UInt8(ascii: "C"), _): _ = move(1)
        case (UInt8(ascii: "D"), _): _ = move(-1)
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), UInt8(ascii: "1")),
            (UInt8(ascii: "~"), UInt8(ascii: "7")):
            cursor = 0
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), UInt8(ascii: "4")),
            (UInt8(ascii: "~"), UInt8(ascii: "8")):
            cursor = characters.count
        case (UInt8(ascii: "~"), UInt8(ascii: "3")): delete()
        default: break
        }
        return .editing
    }

    // MARK: - Editing

    private mutating func insert(_ character: Character) {
        if cursor > 0 {
            // A combining mark joins what stands before it.
            let joined = String(characters[cursor - 1]) + String(character)
            if joined.count == 1, let whole = joined.first {
                characters[cursor - 1] = whole
                return
            }
        }
        characters.insert(character, at: cursor)
        cursor += 1
    }

    private mutating func move(_ step: Int) -> Bool {
        guard (0...characters.count).contains(cursor + step) else { return false }
        cursor += step
        return true
    }

    private mutating func delete() {
        if cursor < characters.count { characters.remove(at: cursor) }
    }

    private mutating func deleteWord() {
        let end = cursor
        while cursor > 0, characters[cursor - 1].isWhitespace { cursor -= 1 }
        while cursor > 0, !characters[cursor - 1].isWhitespace { cursor -= 1 }
        characters.removeSubrange(cursor..<end)
    }

    private mutating func showHistory(_ index: Int) {
        guard (0...history.count).contains(index), index != historyIndex else { return }
        if historyIndex == history.count { draft = characters }
        historyIndex = index
        characters = index == history.count ? draft : Array(history[index])
        cursor = characters.count
    }

    // MARK: - Drawing

    /// What draws prompt and line over what was drawn before, for a terminal so many columns wide.
    ///
    /// The line may be longer than a row. `rowsAbove` is where the cursor was left: so many rows
    /// below the prompt's; it is updated.
    package func drawing(prompt: String, columns: Int, rowsAbove: inout Int) -> String {
        let width = max(2, columns)
        var output = rowsAbove > 0 ? "\u{1B}[\(rowsAbove)A" : ""
        output += "\r\u{1B}[J" + prompt
        var place = Place(width: width)
        for character in prompt { place.advance(by: character.columnCount) }
        var target = place
        for (index, character) in characters.enumerated() {
            if index == cursor { target = place }
            let shown: Character = character == "\n" ? "↵" : character
            output.append(shown)
            place.advance(by: shown.columnCount)
        }
        if cursor >= characters.count { target = place }
        // A terminal waits at the last column; this makes it go on to the next row.
        if place.column == 0, place.row > 0 { output += " \r" }
        if place.row > target.row { output += "\u{1B}[\(place.row - target.row)A" }
        output += "\r"
        if target.column > 0 { output += "\u{1B}[\(target.column)C" }
        rowsAbove = target.row
        return output
    }

    /// A place on the screen, counted from the prompt's row.
    private struct Place {
        let width: Int
        var row = 0
        var column = 0

        init(width: Int) { self.width = width }

        mutating func advance(by columns: Int) {
            // A wide character does not fit into a row's last column.
            if column + columns > width {
                row += 1
                column = 0
            }
            column += columns
            if column >= width {
                row += 1
                column = 0
            }
        }
    }
}
