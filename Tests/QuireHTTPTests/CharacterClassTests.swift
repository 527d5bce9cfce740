import QuireHTTP
import Testing

/// The grammar's character classes, byte by byte, against their definitions in RFC 9110 and 3986.
@Suite struct CharacterClassTests {
    private static let alphanumeric = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8
    )
    private static let token = alphanumeric.union("!#$%&'*+-.^_`|~".utf8)

    private func isAccepted(_ before: String, _ byte: UInt8, _ after: String) -> Bool {
        let bytes = Array(before.utf8) + [byte] + Array(after.utf8)
        return parseRequests(bytes, .none).last == "end"
    }

    @Test func methodsAreTokens() {
        for byte in UInt8.min...UInt8.max {
            let isAccepted = isAccepted("GE", byte, "T / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(isAccepted == Self.token.contains(byte), "byte \(byte)")
        }
    }

    @Test func fieldNamesAreTokens() {
        for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: ":") {
            let isAccepted = isAccepted("GET / HTTP/1.1\r\nHost: h\r\nX", byte, "Y: z\r\n\r\n")
            #expect(isAccepted == Self.token.contains(byte), "byte \(byte)")
        }
    }

    @Test func fieldValuesHaveNoControlCharactersButTab() {
        for byte in UInt8.min...UInt8.max {
            let isAccepted = isAccepted("GET / HTTP/1.1\r\nHost: h\r\nX: a", byte, "b\r\n\r\n")
            let isValue = byte == 9 || (byte >= 32 && byte != 127)
            #expect(isAccepted == isValue, "byte \(byte)")
        }
    }

    @Test func targetsAreVisibleASCIIWithoutNumberSign() {
        for byte in UInt8.min...UInt8.max {
            let isAccepted = isAccepted("GET /a", byte, "b HTTP/1.1\r\nHost: h\r\n\r\n")
            let isTarget = byte > 32 && byte < 127 && byte != UInt8(ascii: "#")
            #expect(isAccepted == isTarget, "byte \(byte)")
        }
    }

    @Test func hostsAreRegisteredNames() {
        // unreserved, sub-delims and percent; a colon would begin a port.
        let host = Self.alphanumeric.union("-._~!$&'()*+,;=%".utf8)
        for byte in UInt8.min...UInt8.max {
            let isAccepted = isAccepted("GET / HTTP/1.1\r\nHost: a", byte, "b\r\n\r\n")
            #expect(isAccepted == host.contains(byte), "byte \(byte)")
        }
    }

    @Test func chunkSizesAreHexadecimal() {
        let digits = "0123456789abcdefABCDEF"
        for byte in UInt8.min...UInt8.max {
            let bytes =
                Array("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".utf8) + [
                    byte
                ]
                + Array("\r\n".utf8)
            let isRefused = parseRequests(bytes, .none).last == "error invalidChunkSize"
            #expect(isRefused != digits.utf8.contains(byte), "byte \(byte)")
        }
    }
}
