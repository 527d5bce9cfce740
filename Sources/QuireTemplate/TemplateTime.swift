/// A civil date and time, for templates that print the date.
///
/// It comes in as a parameter, so that the same request renders the same text in a test.
package struct TemplateTime: Sendable, Hashable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    package var hour: Int
    package var minute: Int
    package var second: Int

    package init(
        year: Int = 1970,
        month: Int = 1,
        day: Int = 1,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0
    ) {
        self.year = min(max(year, 1), 9999)
        self.month = min(max(month, 1), 12)
        self.day = min(max(day, 1), 31)
        self.hour = min(max(hour, 0), 23)
        self.minute = min(max(minute, 0), 59)
        self.second = min(max(second, 0), 60)
    }

    /// The time in UTC `seconds` after 1970; `offsetSeconds` east of it.
    package init(secondsSince1970 seconds: Int, offsetSeconds: Int = 0) {
        // 0001-01-01 and 9999-12-31: what the years above can say.
        let local = min(max(seconds, -62_135_596_800), 253_402_300_799) + offsetSeconds
        let days = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        let rest = local - days * 86_400
        // Days are counted from 0000-03-01, so that a leap day ends its year.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        self.init(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60
        )
    }

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let dayNames = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// `strftime` in the C locale, `%-d` and the like included; an unknown directive stays as it is.
    package func formatted(_ format: String) -> String {
        var result = ""
        var rest = Substring(format).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "%", let directive = rest.first else {
                result.unicodeScalars.append(scalar)
                continue
            }
            rest.removeFirst()
            if directive == "-", let next = rest.first {
                rest.removeFirst()
                let padded = field(next) ?? "%-\(next)"
                let trimmed = padded.drop { $0 == "0" || $0 == " " }
                result += trimmed.isEmpty ? "0" : trimmed
            } else {
                result += field(directive) ?? "%\(directive)"
            }
        }
        return result
    }

    private func field(_ directive: Unicode.Scalar) -> String? {
        switch directive {
        case "Y": Self.padded(year, 4)
        case "C": Self.padded(year / 100, 2)
        case "y": Self.padded(year % 100, 2)
        case "m": Self.padded(month, 2)
        case "d": Self.padded(day, 2)
        case "e": Self.padded(day, 2, " ")
        case "H": Self.padded(hour, 2)
        case "I": Self.padded((hour + 11) % 12 + 1, 2)
        case "M": Self.padded(minute, 2)
        case "S": Self.padded(second, 2)
        case "f": "000000"
        case "p": hour < 12 ? "AM" : "PM"
        case "B": Self.monthNames[month - 1]
        case "b", "h": String(Self.monthNames[month - 1].prefix(3))
        case "A": Self.dayNames[weekday]
        case "a": String(Self.dayNames[weekday].prefix(3))
        case "w": String(weekday)
        case "u": String(weekday == 0 ? 7 : weekday)
        case "j": Self.padded(dayOfYear, 3)
        case "U": Self.padded((dayOfYear + 6 - weekday) / 7, 2)
        case "W": Self.padded((dayOfYear + 6 - (weekday + 6) % 7) / 7, 2)
        case "F": formatted("%Y-%m-%d")
        case "T", "X": formatted("%H:%M:%S")
        case "R": formatted("%H:%M")
        case "r": formatted("%I:%M:%S %p")
        case "D", "x": formatted("%m/%d/%y")
        case "c": formatted("%a %b %e %H:%M:%S %Y")
        case "n": "\n"
        case "t": "\t"
        case "z", "Z": ""
        case "%": "%"
        default: nil
        }
    }

    private static func padded(_ value: Int, _ width: Int, _ fill: Character = "0") -> String {
        let digits = String(value)
        return String(repeating: fill, count: max(width - digits.count, 0)) + digits
    }

    private var dayOfYear: Int {
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return before + day + (isLeap && month > 2 ? 1 : 0)
    }

    /// 0 is Sunday.
    private var weekday: Int {
        let past = year - 1
        return (past * 365 + past / 4 - past / 100 + past / 400 + dayOfYear) % 7
    }
}
