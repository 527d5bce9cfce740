import QuireHTTP
import Testing

@Suite struct ServerAddressTests {
    @Test func everyWayToWriteABaseURLIsTheSame() throws {
        let expected = ServerAddress(host: "127.0.0.1", port: 8000)
        for url in [
            "http://127.0.0.1:8000", "http://127.0.0.1:8000/", "127.0.0.1:8000",
            "http://127.0.0.1:8000/v1", "HTTP://127.0.0.1:8000/v1/",
        ] {
            #expect(try ServerAddress(parsing: url) == expected, "\(url)")
        }
    }

    @Test func partsAreKept() throws {
        let address = try ServerAddress(parsing: "http://[::1]:9/proxy/v1")
        #expect(address.host == "::1" && address.port == 9 && address.prefix == "/proxy")
        #expect(address.description == "http://[::1]:9/proxy")
        #expect(try ServerAddress(parsing: "http://example").port == 80)
    }

    @Test(arguments: [
        "https://host", "http://", "http://host:0", "http://host:99999", "http://host:x",
        "http://[::1", "http://[::1]9", "http://user@host", "http://host/a b", "http://host/?q",
        "http://ho\nst",
    ])
    func badAddressesAreRefused(_ url: String) {
        #expect(throws: ClientError.self) { try ServerAddress(parsing: url) }
    }
}
