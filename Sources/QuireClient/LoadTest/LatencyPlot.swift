/// A drawing, as SVG, of latency against throughput: one point per concurrency.
package struct LatencyPlot: Sendable {
    package struct Point: Sendable {
        package var concurrency: Int?
        /// Output tokens per second.
        package var throughput: Double
        /// Milliseconds.
        package var median: Double
        package var p99: Double

        package init(concurrency: Int?, throughput: Double, median: Double, p99: Double) {
            self.concurrency = concurrency
            self.throughput = throughput
            self.median = median
            self.p99 = p99
        }
    }

    private let title: String
    private let latencyName: String
    private let points: [Point]
    private let horizontal: Axis
    private let vertical: Axis

    private static let width = 720.0
    private static let height = 440.0
    private static let left = 76.0
    private static let right = 690.0
    private static let top = 48.0
    private static let bottom = 384.0

    /// A drawing of the points; `latencyName` is what the vertical axis shows.
    package init(title: String, latencyName: String, points: [Point]) {
        self.title = title
        self.latencyName = latencyName
        self.points = points.filter { $0.throughput.isFinite && $0.p99.isFinite }
        horizontal = Axis(upTo: self.points.map(\.throughput).max() ?? 0)
        vertical = Axis(upTo: self.points.map { max($0.p99, $0.median) }.max() ?? 0)
    }

    /// The whole document.
    package var svg: String {
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 440" width="720" height="440" \
            font-family="sans-serif" font-size="13">
            <rect width="720" height="440" fill="#ffffff"/>
            <text x="76" y="28" font-size="16" fill="#111111">\(Self.escaped(title))</text>
            """
        ]
        parts += grid
        parts.append(series(\.p99, "#c2410c", labels: false))
        parts.append(series(\.median, "#1d4ed8", labels: true))
        parts += legend
        parts.append("</svg>\n")
        return parts.joined(separator: "\n")
    }

    private var grid: [String] {
        var parts: [String] = []
        for tick in vertical.ticks {
            let y = y(tick).decimal(1)
            parts.append(line(x1: "76", y1: y, x2: "690", y2: y))
            parts.append(text(vertical.label(tick), x: "68", y: y, anchor: "end", shift: "0.35em"))
        }
        for tick in horizontal.ticks {
            let x = x(tick).decimal(1)
            parts.append(line(x1: x, y1: "48", x2: x, y2: "384"))
            parts.append(text(horizontal.label(tick), x: x, y: "402", anchor: "middle"))
        }
        parts.append(text("output tokens per second", x: "383", y: "428", anchor: "middle"))
        parts.append(
            """
            <text transform="translate(20 216) rotate(-90)" text-anchor="middle" \
            fill="#333333">\(Self.escaped(latencyName)) (ms)</text>
            """
        )
        return parts
    }

    private var legend: [String] {
        [
            "<circle cx=\"560\" cy=\"24\" r=\"4\" fill=\"#1d4ed8\"/>",
            text("median", x: "570", y: "28", anchor: "start"),
            "<circle cx=\"636\" cy=\"24\" r=\"4\" fill=\"#c2410c\"/>",
            text("P99", x: "646", y: "28", anchor: "start"),
        ]
    }

    private func series(_ value: KeyPath<Point, Double>, _ color: String, labels: Bool) -> String {
        let places = points.map { point in
            (x: x(point.throughput).decimal(1), y: y(point[keyPath: value]).decimal(1))
        }
        let path = places.map { "\($0.x),\($0.y)" }.joined(separator: " ")
        var parts = [
            "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"/>"
        ]
        for (point, place) in zip(points, places) {
            parts.append("<circle cx=\"\(place.x)\" cy=\"\(place.y)\" r=\"4\" fill=\"\(color)\"/>")
            guard labels, let count = point.concurrency else { continue }
            parts.append(label(count == 1 ? "1 client" : "\(count) clients", of: point))
        }
        return parts.joined(separator: "\n")
    }

    /// Beside the median, to the left where there is room, so that the axis stays legible.
    private func label(_ name: String, of point: Point) -> String {
        let x = x(point.throughput)
        let isLeft = x > Self.left + 80
        return """
            <text x="\((isLeft ? x - 9 : x + 9).decimal(1))" y="\(y(point.median).decimal(1))" \
            dy="0.35em" text-anchor="\(isLeft ? "end" : "start")" fill="#333333">\(name)</text>
            """
    }

    private func x(_ value: Double) -> Double {
        Self.left + (Self.right - Self.left) * value / horizontal.limit
    }

    private func y(_ value: Double) -> Double {
        Self.bottom - (Self.bottom - Self.top) * value / vertical.limit
    }

    private func line(x1: String, y1: String, x2: String, y2: String) -> String {
        "<line x1=\"\(x1)\" y1=\"\(y1)\" x2=\"\(x2)\" y2=\"\(y2)\" stroke=\"#dddddd\"/>"
    }

    private func text(
        _ text: String,
        x: String,
        y: String,
        anchor: String,
        shift: String = "0"
    ) -> String {
        """
        <text x="\(x)" y="\(y)" dy="\(shift)" text-anchor="\(anchor)" \
        fill="#333333">\(Self.escaped(text))</text>
        """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// An axis from 0 to a round number, with four to ten ticks at round numbers.
private struct Axis: Sendable {
    let limit: Double
    let step: Double

    init(upTo value: Double) {
        let target = max(value, 1e-3) * 1.05
        var power = 1e-6
        while power * 10 < target { power *= 10 }
        let multiples = [0.2, 0.25, 0.5, 1.0, 2.0]
        let step = multiples.map { $0 * power }.first { target / $0 <= 8 } ?? 2 * power
        self.step = step
        limit = (target / step).rounded(.up) * step
    }

    var ticks: [Double] { (0...Int((limit / step).rounded())).map { Double($0) * step } }

    func label(_ tick: Double) -> String {
        step >= 1 ? tick.decimal(0) : step >= 0.1 ? tick.decimal(2) : tick.decimal(4)
    }
}
