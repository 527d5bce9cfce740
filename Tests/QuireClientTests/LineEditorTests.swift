import QuireClient
import Testing

@Suite struct LineEditorTests {
    /// Types the text and says what the last byte did.
    @discardableResult
    private static func type(_ text: String, _ editor: inout LineEditor) -> LineEditor.Outcome {
        var outcome = LineEditor.Outcome.editing
        for byte in text.utf8 { outcome = editor.take(byte) }
        return outcome
    }

    @Test func keysEditTheLine() {
        for (keys, expected) in [
            ("abc", "abc"),
            ("abc\u{1B}[D\u{1B}[DX", "aXbc"),
            ("abc\u{1}X\u{5}Y", "XabcY"),
            ("abc\u{7F}\u{8}", "a"),
            ("abc\u{1B}[H\u{1B}[3~", "bc"),
            ("abc\u{1B}[1~\u{4}\u{1B}[4~d", "bcd"),
            ("abc\u{2}\u{B}", "ab"),
            ("one two  \u{17}", "one "),
            ("abc\u{2}\u{15}", "c"),
            ("a\tb", "a b"),
            ("abc\u{1B}OH\u{1B}OCX", "aXbc"),
            ("a\u{1B}[1;5Cb\u{1B}[299~c\u{1B}xd", "abcd"),
            ("\u{7F}\u{1B}[D\u{1B}[C\u{4}", ""),
        ] {
            var editor = LineEditor()
            editor.begin()
            Self.type(keys, &editor)
            #expect(editor.text == expected, "\(keys.debugDescription)")
        }
    }

    @Test func aKeystrokeIsACharacterOfAnyScript() {
        var editor = LineEditor()
        editor.begin()
        Self.type("你好e\u{301}👍🏽", &editor)
        #expect(editor.characters.count == 4)
        Self.type("\u{7F}\u{7F}", &editor)
        #expect(editor.text == "你好")
        Self.type("\u{1B}[D、", &editor)
        #expect(editor.text == "你、好")
    }

    @Test func wrongBytesAreReplaced() {
        var editor = LineEditor()
        editor.begin()
        for byte: UInt8 in [0x80, 0xE4, 0x41, 0xFF, 0x42, 0xF0, 0x9F] { _ = editor.take(byte) }
        #expect(Self.type("\r", &editor) == .line("\u{FFFD}\u{FFFD}A\u{FFFD}B\u{FFFD}"))
    }

    @Test func whatIsPastedIsOneText() {
        for lineEnd in ["\r", "\n", "\r\n"] {
            var editor = LineEditor()
            editor.begin()
            Self.type("x\u{1B}[200~one\(lineEnd)/bye\(lineEnd)二\u{3}\u{1B}[201~", &editor)
            #expect(
                Self.type("\r", &editor) == .line("xone\n/bye\n二"),
                "\(lineEnd.debugDescription)"
            )
            var rows = 0
            let drawn = editor.drawing(prompt: "> ", columns: 80, rowsAbove: &rows)
            #expect(drawn.contains("one↵/bye↵二"))
        }
    }

    @Test func endsAreTold() {
        var editor = LineEditor()
        editor.begin()
        #expect(Self.type("hi\r", &editor) == .line("hi"))
        editor.begin()
        #expect(Self.type("hi\u{3}", &editor) == .interrupted)
        editor.begin()
        #expect(Self.type("\u{4}", &editor) == .end)
        #expect(Self.type("\u{C}", &editor) == .clearScreen)
    }

    @Test func theHistoryKeepsTheLineBeingWritten() {
        var editor = LineEditor()
        for line in ["one", "two", "two", ""] { editor.remember(line) }
        editor.begin()
        Self.type("new\u{1B}[A", &editor)
        #expect(editor.text == "two")
        Self.type("\u{1B}[A\u{1B}[A", &editor)
        #expect(editor.text == "one")
        Self.type("\u{1B}[B\u{1B}[B", &editor)
        #expect(editor.text == "new")
        Self.type("\u{10}\u{10}!\r", &editor)
        #expect(editor.text == "one!")
    }

    @Test func anyBytesLeaveTheEditorSound() {
        var generator = SeededGenerator(seed: 5)
        var editor = LineEditor()
        editor.begin()
        var rows = 0
        for _ in 0..<20_000 {
            let outcome = editor.take(UInt8.random(in: 0...255, using: &generator))
            #expect((0...editor.characters.count).contains(editor.cursor))
            if outcome != .editing { editor.begin() }
            _ = editor.drawing(prompt: ">>> ", columns: 20, rowsAbove: &rows)
        }
    }

    @Test func theCursorIsPutWhereItBelongs() {
        var editor = LineEditor()
        editor.begin()
        Self.type("你好\u{1B}[D", &editor)
        var rows = 0
        let drawn = editor.drawing(prompt: "> ", columns: 80, rowsAbove: &rows)
        #expect(drawn == "\r\u{1B}[J> 你好\r\u{1B}[4C" && rows == 0)
        // Four columns wide: the prompt and a wide character fill a row.
        let wrapped = editor.drawing(prompt: "> ", columns: 4, rowsAbove: &rows)
        #expect(wrapped == "\r\u{1B}[J> 你好\r" && rows == 1)
        let again = editor.drawing(prompt: "> ", columns: 4, rowsAbove: &rows)
        #expect(again.hasPrefix("\u{1B}[1A\r"))
    }

    @Test func widthsAreAsTerminalsDraw() {
        #expect("a".first?.columnCount == 1 && "你".first?.columnCount == 2)
        #expect("👍".first?.columnCount == 2 && "é".first?.columnCount == 1)
    }
}
