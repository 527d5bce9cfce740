extension Character {
    /// The columns that a terminal gives it: 2 for East Asian wide characters and emoji, 0 for
    /// what only marks the one before, 1 otherwise.
    ///
    /// From the Unicode ranges of East Asian Width W and F; close enough to move a cursor.
    package var columnCount: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        // A variation selector asks for the emoji form, which is wide.
        if unicodeScalars.contains("\u{FE0F}") { return 2 }
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x0300...0x036F: return 0
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
            0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F1E6...0x1F1FF, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
