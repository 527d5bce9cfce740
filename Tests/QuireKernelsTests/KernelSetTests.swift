import QuireKernels
import Testing

@Suite struct KernelSetTests {
    @Test func theReferenceIsAlwaysThere() {
        #expect(KernelSet.available.last == .reference)
        #expect(KernelSet.available.contains(KernelSet.best))
    }
}
