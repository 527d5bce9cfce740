/// Bounds on what one template may cost, so that a bad template or a hostile conversation ends in
/// an error and not in a stalled thread.
package struct TemplateLimits: Sendable, Hashable {
    /// Evaluation steps of one rendering.
    ///
    /// A step is an expression or a statement; work on texts and lists counts one step per 16 bytes
    /// or per element.
    package var stepCountMax: Int
    /// Bytes of the rendered text, and of any one text on the way to it.
    package var outputBytesMax: Int
    /// How deep calls and expressions may nest while rendering.
    ///
    /// A level takes up to about 1 KiB of the thread's stack.
    package var depthMax: Int
    /// How deep blocks and brackets may nest in the template's source.
    package var sourceDepthMax: Int
    /// How deep lists and objects may nest in values.
    package var valueDepthMax: Int
    /// Bytes of the template's source.
    package var sourceBytesMax: Int

    package init(
        stepCountMax: Int = 10_000_000,
        outputBytesMax: Int = 32 << 20,
        depthMax: Int = 600,
        sourceDepthMax: Int = 100,
        valueDepthMax: Int = 200,
        sourceBytesMax: Int = 4 << 20
    ) {
        self.stepCountMax = stepCountMax
        self.outputBytesMax = outputBytesMax
        self.depthMax = depthMax
        self.sourceDepthMax = sourceDepthMax
        self.valueDepthMax = valueDepthMax
        self.sourceBytesMax = sourceBytesMax
    }
}
