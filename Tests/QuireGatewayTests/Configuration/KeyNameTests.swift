import QuireGateway
import Testing

@Suite struct KeyNameTests {
    private let known = ["maxConcurrentCalls", "maxWaitDuration", "path", "port", "host"]

    @Test(arguments: [
        ("maxConcurentCalls", "maxConcurrentCalls"), ("max_wait_durations", "maxWaitDuration"),
        ("pth", "path"), ("prot", "port"), ("hots", "host"), ("Port", "port"),
    ])
    func aSlipFindsTheNameThatWasMeant(slip: String, meant: String) {
        #expect(KeyName.nearest(to: slip, among: known) == meant)
    }

    @Test(arguments: ["", "somethingElseEntirely", "x", "日本語", String(repeating: "a", count: 9999)])
    func whatIsFarFromAllFindsNone(name: String) {
        // One or two letters are near anything short.
        if name.utf8.count > 2 || name.isEmpty {
            #expect(name.isEmpty || KeyName.nearest(to: name, among: known) == nil)
        }
        #expect(KeyName.nearest(to: name, among: []) == nil)
    }
}
