import NIOCore
import QuireHTTP
import Testing

/// Passing the fields of a received message on.
@Suite struct FieldNamesTests {
    private func head(_ lines: String) throws -> HTTPFields {
        var parser = HTTPRequestParser()
        parser.append(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: h\r\n\(lines)\r\n"))
        guard case .head(let head) = try parser.next() else { throw HTTPParseError.truncated }
        return head.fields
    }

    /// What is passed on of the lines; Host, with which they begin, is always dropped.
    private func passed(_ lines: String, except names: [String]) throws -> String {
        var output = ByteBuffer()
        output.writeFields(try head(lines), except: HTTPFieldNames(names + ["host"]))
        return String(buffer: output)
    }

    @Test func aNameIsDroppedWhateverItsCaseAndOnlyWhole() throws {
        let names = ["Te", "x-a", "x-b", "longer-name", ""]
        for name in ["te", "TE", "X-A", "x-B", "LONGER-name"] {
            #expect(try passed("\(name): 1\r\n", except: names) == "")
        }
        for name in ["t", "tee", "x-c", "x-", "longer-nam", "longer-names", "xx-a"] {
            #expect(try passed("\(name): 1\r\n", except: names) == "\(name): 1\r\n")
        }
    }

    @Test func whatBelongsToTheConnectionIsDropped() throws {
        for name in HTTPFieldNames.hopByHop where name != "transfer-encoding" {
            let value = name == "content-length" ? "0" : "a"
            for spelling in [name, name.uppercased()] {
                let lines = "X-1: one\r\n\(spelling): \(value)\r\nX-2: two\r\n"
                #expect(
                    try passed(lines, except: HTTPFieldNames.hopByHop)
                        == "X-1: one\r\nX-2: two\r\n",
                    "\(spelling)"
                )
            }
        }
        let chunked = "Transfer-Encoding: chunked\r\nX-1: one\r\n"
        #expect(try passed(chunked, except: HTTPFieldNames.hopByHop) == "X-1: one\r\n")
    }

    @Test func whatStaysIsTheSameBytesInTheSameOrder() throws {
        let lines =
            "x-b: 1\r\nX-A:2\r\nx-B:   3 \t\r\nX-Empty:\r\nX-Long: \(String(repeating: "v", count: 9000))\r\n"
            + "X-Text: caf\u{e9} \u{1F600}\r\nx-b: 1\r\n"
        #expect(try passed(lines, except: HTTPFieldNames.hopByHop) == lines)
        #expect(try passed("", except: []) == "")
        #expect(try passed(lines, except: ["x-a", "x-b", "x-empty", "x-long", "x-text"]) == "")
    }

    @Test(arguments: [
        ("Connection: X-Secret", "x-secret"),
        ("Connection: close, X-SECRET", "x-secret"),
        ("Connection: keep-alive\r\nConnection: x-secret", "x-secret"),
        ("Connection: close\r\nX-Other: 1\r\nConnection: ,upgrade,, x-secret ,", "x-secret"),
    ])
    func fieldsThatConnectionNamesAreDropped(_ connection: String, _ name: String) throws {
        let lines = "X-Secret: 1\r\n\(connection)\r\nx-secret-2: 2\r\nX-SECRET: 3\r\nX: 4\r\n"
        let other = connection.contains("X-Other") ? "X-Other: 1\r\n" : ""
        #expect(
            try passed(lines, except: HTTPFieldNames.hopByHop)
                == "\(other)x-secret-2: 2\r\nX: 4\r\n"
        )
    }

    @Test func fieldsThatConnectionDoesNotNameStay() throws {
        for connection in ["close", "keep-alive", "Upgrade, HTTP2-Settings", "Keep-Alive, TE", ""] {
            let lines = "Connection: \(connection)\r\nX-Secret: 1\r\nclose: 2\r\n"
            let kept = try passed(lines, except: HTTPFieldNames.hopByHop)
            #expect(kept == "X-Secret: 1\r\nclose: 2\r\n", "\(connection)")
        }
    }

    @Test func whatIsPassedOnReadsAsTheSameFields() throws {
        var random = SplitMix(seed: 17)
        let dropped = ["x-0", "x-3", "te"]
        for _ in 0..<200 {
            var lines = ""
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                let name = ["X-", "x-", "Te", "Y-"].randomElement(using: &random) ?? ""
                let number = Int.random(in: 0..<5, using: &random)
                let blanks = String(repeating: " ", count: Int.random(in: 0..<3, using: &random))
                lines +=
                    "\(name)\(name == "Te" ? "" : "\(number)"):\(blanks)v\(number)\(blanks)\r\n"
            }
            let before = try head(lines)
            let after = try head(try passed(lines, except: dropped))
            let kept = (0..<before.count).map { (before.name(at: $0), before.value(at: $0)) }
                .filter { $0.0 == "Host" || !dropped.contains($0.0.lowercased()) }
            let found = (0..<after.count).map { (after.name(at: $0), after.value(at: $0)) }
            #expect(kept.elementsEqual(found, by: ==), "seed 17: \(lines)")
        }
    }

    @Test func aResponseIsPassedOnTheSameWay() throws {
        var parser = HTTPResponseParser()
        parser.append(
            ByteBuffer(
                string: "HTTP/1.1 200 OK\r\ndate: x\r\nContent-Type: a/b\r\ncontent-length: 0\r\n"
                    + "X-Id: 7\r\n\r\n"
            )
        )
        guard case .head(let head) = try parser.next() else { throw HTTPParseError.truncated }
        var output = ByteBuffer(string: "before|")
        output.writeFields(
            head.fields,
            except: HTTPFieldNames(HTTPFieldNames.hopByHop + ["date"])
        )
        #expect(String(buffer: output) == "before|Content-Type: a/b\r\nX-Id: 7\r\n")
    }

    /// Values are looked at eight bytes at a time, which must find what a look at each finds.
    @Test func everyByteThatNoValueMayHaveIsFoundAtEveryPlace() {
        let start = Array("GET / HTTP/1.1\r\nHost: h\r\nX: ".utf8)
        for count in [7, 8, 19] {
            for filler in [UInt8(ascii: "a"), 0x80] {
                for byte in UInt8.min ... .max {
                    for place in 0..<count {
                        var value = [UInt8](repeating: filler, count: count)
                        value[place] = byte
                        let isFine = byte >= 0x20 && byte != 0x7f || byte == 0x09
                        let lines = parseRequests(start + value + [13, 10, 13, 10], .none)
                        #expect((lines.last == "end") == isFine, "\(byte) at \(place) of \(count)")
                    }
                }
            }
        }
    }

    /// So are names, letters and dashes of them.
    @Test func everyByteThatNoNameMayHaveIsFoundAtEveryPlace() {
        let start = Array("GET / HTTP/1.1\r\nHost: h\r\n".utf8)
        let tokens = Set("!#$%&'*+-.^_`|~0123456789".utf8)
        for count in [7, 8, 19] {
            for filler in [UInt8(ascii: "Z"), UInt8(ascii: "-")] {
                for byte in UInt8.min ... .max {
                    // A colon is where the name ends.
                    guard byte != UInt8(ascii: ":") else { continue }
                    let letter = byte | 0x20
                    let isFine = tokens.contains(byte) || letter >= 0x61 && letter <= 0x7a
                    for place in 0..<count {
                        var name = [UInt8](repeating: filler, count: count)
                        name[place] = byte
                        let lines = parseRequests(start + name + Array(":v\r\n\r\n".utf8), .none)
                        #expect((lines.last == "end") == isFine, "\(byte) at \(place) of \(count)")
                    }
                }
            }
        }
    }
}
