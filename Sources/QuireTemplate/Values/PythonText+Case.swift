/// Upper and lower case, and the `str.is...` questions, by Unicode's properties.
extension String {
    /// The text after one of the methods that change case.
    func changingCase(_ method: StringMethod) -> String {
        switch method {
        case .upper: pythonUppercased
        case .lower: pythonLowercased
        case .casefold: casefolded
        case .capitalize: capitalizedFirst
        case .title: titlecased
        default: swappedCase
        }
    }

    var pythonUppercased: String { mappingScalars { $0.properties.uppercaseMapping } }

    var pythonLowercased: String {
        let scalars = Array(unicodeScalars)
        guard !utf8.allSatisfy({ $0 < 0x80 }) else {
            return mappingScalars { $0.properties.lowercaseMapping }
        }
        var result = ""
        for index in scalars.indices { result += Self.lowercase(scalars, at: index) }
        return result
    }

    private func mappingScalars(_ map: (Unicode.Scalar) -> String) -> String {
        var result = ""
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars { result += map(scalar) }
        return result
    }

    /// A capital sigma at the end of a word becomes a final sigma.
    private static func lowercase(_ scalars: [Unicode.Scalar], at index: Int) -> String {
        guard scalars[index] == "\u{3A3}" else { return scalars[index].properties.lowercaseMapping }
        var before = index - 1
        while before >= 0, scalars[before].properties.isCaseIgnorable { before -= 1 }
        var after = index + 1
        while after < scalars.count, scalars[after].properties.isCaseIgnorable { after += 1 }
        let isFinal =
            before >= 0 && scalars[before].properties.isCased
            && !(after < scalars.count && scalars[after].properties.isCased)
        return isFinal ? "\u{3C2}" : "\u{3C3}"
    }

    /// Close to full case folding: the lower case of the upper case, and sharp s as `ss`.
    private var casefolded: String {
        mappingScalars { scalar in
            if scalar == "\u{DF}" || scalar == "\u{1E9E}" { return "ss" }
            if scalar == "\u{3C2}" { return "\u{3C3}" }
            return scalar.properties.lowercaseMapping
        }
    }

    /// `str.capitalize`: the first character in title case, the rest in lower case.
    var capitalizedFirst: String {
        guard let first = unicodeScalars.first else { return "" }
        let rest = String(Substring(unicodeScalars.dropFirst()))
        return first.properties.titlecaseMapping + rest.pythonLowercased
    }

    /// `str.title`: a word begins after anything that has no case.
    var titlecased: String {
        let scalars = Array(unicodeScalars)
        var result = ""
        var isInWord = false
        for (index, scalar) in scalars.enumerated() {
            result +=
                isInWord ? Self.lowercase(scalars, at: index) : scalar.properties.titlecaseMapping
            isInWord = scalar.properties.isCased
        }
        return result
    }

    private var swappedCase: String {
        let scalars = Array(unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            if scalar.properties.isUppercase {
                result += Self.lowercase(scalars, at: index)
            } else if scalar.properties.isLowercase {
                result += scalar.properties.uppercaseMapping
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The answer of one of the methods that ask about all characters.
    func isAll(_ method: StringMethod) -> Bool {
        let scalars = unicodeScalars
        switch method {
        case .isascii: return utf8.allSatisfy { $0 < 0x80 }
        case .isprintable: return scalars.allSatisfy { $0.isPythonPrintable }
        case .islower: return isCased { $0.isUppercase || $0.generalCategory == .titlecaseLetter }
        case .isupper: return isCased { $0.isLowercase || $0.generalCategory == .titlecaseLetter }
        case .istitle: return isTitle
        default: break
        }
        guard !isEmpty else { return false }
        return scalars.allSatisfy { scalar in
            switch method {
            case .isspace: PythonText.isWhitespace(scalar)
            case .isalpha: scalar.isPythonAlpha
            case .isdecimal: scalar.properties.numericType == .decimal
            case .isdigit:
                scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
            case .isnumeric: scalar.properties.numericType != nil
            default: scalar.isPythonAlpha || scalar.properties.numericType != nil
            }
        }
    }

    /// Whether a cased character occurs and none that `isWrong`.
    private func isCased(_ isWrong: (Unicode.Scalar.Properties) -> Bool) -> Bool {
        var hasCase = false
        for scalar in unicodeScalars {
            if isWrong(scalar.properties) { return false }
            hasCase = hasCase || scalar.properties.isLowercase || scalar.properties.isUppercase
        }
        return hasCase
    }

    private var isTitle: Bool {
        var wasCased = false
        var hasCase = false
        for scalar in unicodeScalars {
            let properties = scalar.properties
            if properties.isUppercase || properties.generalCategory == .titlecaseLetter {
                if wasCased { return false }
                wasCased = true
                hasCase = true
            } else if properties.isLowercase {
                if !wasCased { return false }
                hasCase = true
            } else {
                wasCased = false
            }
        }
        return hasCase
    }
}

extension Unicode.Scalar {
    /// `str.isalpha` of one code point.
    var isPythonAlpha: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            true
        default: false
        }
    }
}
