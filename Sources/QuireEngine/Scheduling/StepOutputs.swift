/// A step's events, bucketed by lane; one object reused for all steps.
///
/// Engine thread.
struct StepOutputs {
    private var lanes: [[OutputEvent]] = []
    /// The lanes that have events, in order of their first one.
    private var touchedLanes: [Int] = []

    var isEmpty: Bool { touchedLanes.isEmpty }

    mutating func append(_ kind: OutputEvent.Kind, for address: OutputAddress) {
        precondition(address.lane >= 0, "a lane's index")
        while lanes.count <= address.lane { lanes.append([]) }
        if lanes[address.lane].isEmpty { touchedLanes.append(address.lane) }
        lanes[address.lane].append(OutputEvent(slot: address.slot, kind: kind))
    }

    /// Hands each lane its events, one call per lane, and empties itself.
    mutating func publish(to sink: some OutputSink) {
        for lane in touchedLanes {
            sink.deliver(lanes[lane], lane: lane)
            lanes[lane].removeAll(keepingCapacity: true)
        }
        touchedLanes.removeAll(keepingCapacity: true)
    }
}
