/// A table whose entries are named by serials that are never used twice: place in the low half,
/// generation of the place in the high half.
///
/// All operations are O(1) and, once it has grown to its largest, allocate nothing.
struct Slab<Element: Sendable>: Sendable {
    private var entries: [Entry] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    private struct Entry: Sendable {
        var generation: UInt32 = 1
        var element: Element?
    }

    /// The serial that the next `insert` will give.
    var nextSerial: UInt64 {
        guard let place = free.last else { return 1 << 32 | UInt64(entries.count) }
        return serial(of: place)
    }

    mutating func insert(_ element: Element) -> UInt64 {
        count += 1
        if let place = free.popLast() {
            entries[Int(place)].element = element
            return serial(of: place)
        }
        entries.append(Entry(element: element))
        return serial(of: UInt32(truncatingIfNeeded: entries.count - 1))
    }

    mutating func remove(_ serial: UInt64) -> Element? {
        guard let index = index(of: serial), let element = entries[index].element else {
            return nil
        }
        entries[index].element = nil
        entries[index].generation &+= 1
        free.append(UInt32(truncatingIfNeeded: index))
        count -= 1
        return element
    }

    subscript(serial: UInt64) -> Element? {
        get {
            guard let index = index(of: serial) else { return nil }
            return entries[index].element
        }
        set {
            guard let index = index(of: serial), let newValue else { return }
            entries[index].element = newValue
        }
    }

    /// Everything in it, in no order.
    ///
    /// O(n).
    var all: [Element] { entries.compactMap(\.element) }

    private func serial(of place: UInt32) -> UInt64 {
        UInt64(entries[Int(place)].generation) << 32 | UInt64(place)
    }

    private func index(of serial: UInt64) -> Int? {
        let index = Int(serial & 0xffff_ffff)
        guard index < entries.count,
            entries[index].generation == UInt32(truncatingIfNeeded: serial >> 32)
        else { return nil }
        return index
    }
}
