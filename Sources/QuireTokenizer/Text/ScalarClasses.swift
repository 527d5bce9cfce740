/// The Unicode classes of every scalar, as bit masks in a two-level table.
///
/// The standard library's property look-ups take about 100 ns for what the split patterns ask per
/// character; here it is two array reads. The table is built on the first use of a non-ASCII
/// scalar (a few milliseconds, once per process), so that a start does not pay for it.
struct ScalarClasses: Sendable {
    /// A set of general categories and two derived classes, one bit each.
    typealias Mask = UInt32

    static let uppercase: Mask = 1 << 0
    static let lowercase: Mask = 1 << 1
    static let titlecase: Mask = 1 << 2
    static let modifierLetter: Mask = 1 << 3
    static let otherLetter: Mask = 1 << 4
    static let decimalNumber: Mask = 1 << 8
    static let letterNumber: Mask = 1 << 9
    static let otherNumber: Mask = 1 << 10
    static let letters: Mask = 0x1F
    static let marks: Mask = 0x7 << 5
    static let numbers: Mask = 0x7 << 8
    static let punctuation: Mask = 0x7F << 11
    static let symbols: Mask = 0xF << 18
    static let separators: Mask = 0x7 << 22
    static let others: Mask = 0x1F << 25
    /// The property White_Space, which is `\s`.
    static let whitespace: Mask = 1 << 30
    /// Alphabetic, marks, decimal numbers and connectors: `\w` but for a few characters on which
    /// engines differ.
    static let word: Mask = 1 << 31

    /// The table for the whole process.
    static let shared = ScalarClasses()

    /// The masks of ASCII, which most look-ups end at.
    static let ascii: InlineArray<128, Mask> = InlineArray { value in
        mask(of: Unicode.Scalar(UInt8(value)))
    }

    private var blockOfPage: [UInt16] = []
    private var blocks: [Mask] = []

    private init() {
        let pageCount = 0x110000 >> 8
        blockOfPage.reserveCapacity(pageCount)
        var uniform: [Mask: UInt16] = [:]
        for page in 0..<UInt32(pageCount) {
            let first = page << 8
            if Self.isUniform(page: page) {
                let mask = Unicode.Scalar(first + 1).map(Self.mask(of:)) ?? 0
                if let known = uniform[mask] {
                    blockOfPage.append(known)
                    continue
                }
                uniform[mask] = UInt16(blocks.count >> 8)
                blockOfPage.append(UInt16(blocks.count >> 8))
                blocks.append(contentsOf: repeatElement(mask, count: 256))
                continue
            }
            blockOfPage.append(UInt16(blocks.count >> 8))
            for value in first..<first + 256 {
                blocks.append(Unicode.Scalar(value).map(Self.mask(of:)) ?? 0)
            }
        }
    }

    /// The classes of one scalar value; values outside Unicode have none.
    @inline(__always)
    subscript(_ scalar: UInt32) -> Mask {
        let page = Int(scalar >> 8)
        guard page < blockOfPage.count else { return 0 }
        return blocks[Int(blockOfPage[page]) << 8 | Int(scalar & 0xFF)]
    }

    /// Whether all 256 scalars of a page are surely of one class: large ideograph ranges,
    /// surrogates, private use, and planes without characters.
    private static func isUniform(page: UInt32) -> Bool {
        switch page {
        case 0x34...0x4C, 0x4E...0x9F, 0xAC...0xD6, 0xD8...0xF8: true
        case 0x1_70...0x1_86, 0x2_00...0x2_A5, 0x3_00...0x3_12: true
        case 0x3_30..<0xE_00, 0xE_02..<0xF_00, 0xF_00...0xF_FE, 0x10_00...0x10_FE: true
        default: false
        }
    }

    private static func mask(of scalar: Unicode.Scalar) -> Mask {
        let properties = scalar.properties
        // The engine that defines what patterns match knows Unicode 16.
        if let age = properties.age, age.major > 16 { return 1 << bit(of: .unassigned) }
        let category = properties.generalCategory
        var mask: Mask = 1 << bit(of: category)
        if properties.isWhitespace { mask |= whitespace }
        let isWordCategory =
            mask & (marks | decimalNumber) != 0 || category == .connectorPunctuation
        if isWordCategory || properties.isAlphabetic { mask |= word }
        return mask
    }

    private static func bit(of category: Unicode.GeneralCategory) -> Mask {
        switch category {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .surrogate: 27
        case .privateUse: 28
        case .unassigned: 29
        @unknown default: 29
        }
    }

    /// The mask of a `\p{…}` name, or `nil` if the name is neither a general category
    /// nor `Word`.
    static func mask(named name: String) -> Mask? {
        switch name {
        case "L", "Letter": letters
        case "Lu", "Uppercase_Letter": uppercase
        case "Ll", "Lowercase_Letter": lowercase
        case "Lt", "Titlecase_Letter": titlecase
        case "Lm", "Modifier_Letter": modifierLetter
        case "Lo", "Other_Letter": otherLetter
        case "M", "Mark": marks
        case "Mn": 1 << 5
        case "Mc": 1 << 6
        case "Me": 1 << 7
        case "N", "Number": numbers
        case "Nd": decimalNumber
        case "Nl": letterNumber
        case "No": otherNumber
        case "P", "Punctuation": punctuation
        case "Pc": 1 << 11
        case "Pd": 1 << 12
        case "Ps": 1 << 13
        case "Pe": 1 << 14
        case "Pi": 1 << 15
        case "Pf": 1 << 16
        case "Po": 1 << 17
        case "S", "Symbol": symbols
        case "Sm": 1 << 18
        case "Sc": 1 << 19
        case "Sk": 1 << 20
        case "So": 1 << 21
        case "Z", "Separator": separators
        case "Zs": 1 << 22
        case "Zl": 1 << 23
        case "Zp": 1 << 24
        case "C", "Other": others
        case "Cc": 1 << 25
        case "Cf": 1 << 26
        case "Cs": 1 << 27
        case "Co": 1 << 28
        case "Cn": 1 << 29
        case "Word": word
        default: nil
        }
    }
}
