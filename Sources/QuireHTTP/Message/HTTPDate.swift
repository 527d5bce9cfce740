import NIOCore

/// The `Date` field of responses and their `Server` field, rendered once a second per event loop.
package struct HTTPDate {
    private let serverName: String?
    private var second = Int.min
    private var lines: [UInt8] = []

    init(serverName: String?) { self.serverName = serverName }

    /// The whole field lines for that Unix time.
    mutating func lines(at unixTime: Int) -> [UInt8] {
        if unixTime != second {
            second = unixTime
            var text = ByteBuffer()
            if let serverName { text.writeField("server", serverName) }
            text.writeField("date", Self.render(unixTime))
            lines = Array(text.readableBytesView)
        }
        return lines
    }

    /// The IMF-fixdate of a Unix time, as RFC 9110 wants it.
    package static func render(_ unixTime: Int) -> String {
        let day = (unixTime - (unixTime % 86400 + 86400) % 86400) / 86400
        let inDay = unixTime - day * 86400
        let (year, month, dayOfMonth) = civil(day)
        let weekday = ((day % 7) + 7 + 4) % 7
        return
            "\(weekdays[weekday]), \(pad(dayOfMonth)) \(months[month - 1]) \(year) "
            + "\(pad(inDay / 3600)):\(pad(inDay / 60 % 60)):\(pad(inDay % 60)) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Year, month and day of a count of days since 1970, in the Gregorian calendar.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        var rest = day
        var year = 1970
        while true {
            let length = isLeap(year) ? 366 : 365
            if rest < 0 {
                year -= 1
                rest += isLeap(year) ? 366 : 365
            } else if rest >= length {
                rest -= length
                year += 1
            } else {
                break
            }
        }
        let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var month = 0
        while rest >= lengths[month] {
            rest -= lengths[month]
            month += 1
        }
        return (year, month + 1, rest + 1)
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }
}
