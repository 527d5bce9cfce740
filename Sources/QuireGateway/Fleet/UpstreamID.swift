/// Names an upstream for as long as it is known: its place in the fleet's table, and which tenant
/// of that place it is.
///
/// It stays valid over reloads that keep the upstream. After the upstream is gone its place may be
/// used again under another generation, so an old identifier names nothing and is ignored.
package struct UpstreamID: Hashable, Sendable {
    package var index: Int
    package var generation: Int

    package init(index: Int, generation: Int) {
        self.index = index
        self.generation = generation
    }
}
