/// Everything that varies from one model step to the next: which tokens are computed, where their
/// keys and values go, and which cached tokens each of them may see.
///
/// Filled by the scheduler on the engine thread, read by a ``Backend``. It is one object made at
/// start whose arrays keep their capacity, so that a steady step allocates nothing. A *row* is one
/// token of one sequence; the rows of a sequence are adjacent and in order of position.
///
///     rows        0      1      2   |   3    |   4
///     sequence   [-------- A ------]  [- B -]  [- C -]      A prefills, B and C decode
///     position    5      6      7      91       12
package final class StepBatch {
    /// The rows of one sequence, and its cached context.
    package struct Sequence: Sendable, Hashable {
        /// Index of its first row in the step.
        package var firstRow: Int
        /// Tokens computed in this step.
        package var rowCount: Int
        /// Tokens in the cache once this step has run: earlier ones plus `rowCount`.
        package var contextCount: Int
        /// Where its block ids begin in `blockTables`; it has `ceil(contextCount / blockSize)`.
        package var blockTableStart: Int

        package init(firstRow: Int, rowCount: Int, contextCount: Int, blockTableStart: Int) {
            self.firstRow = firstRow
            self.rowCount = rowCount
            self.contextCount = contextCount
            self.blockTableStart = blockTableStart
        }
    }

    /// Token id of each row.
    package internal(set) var tokens: [Int32] = []
    /// Position of each row in its sequence, from 0.
    package internal(set) var positions: [Int32] = []
    /// Where each row's key and value go: `block × blockSize + offset`.
    package internal(set) var slots: [Int32] = []
    package internal(set) var sequences: [Sequence] = []
    /// The block ids of all sequences, one table after the other.
    package internal(set) var blockTables: [Int32] = []
    /// The rows whose logits are wanted, in ascending order.
    package internal(set) var logitsRows: [Int32] = []

    package let blockSize: Int

    package init(
        blockSize: Int,
        maxRows: Int,
        maxSequences: Int,
        maxBlocks: Int,
        maxLogitsRows: Int
    ) {
        precondition(blockSize > 0 && maxRows > 0 && maxSequences > 0, "step capacities")
        self.blockSize = blockSize
        tokens.reserveCapacity(maxRows)
        positions.reserveCapacity(maxRows)
        slots.reserveCapacity(maxRows)
        sequences.reserveCapacity(maxSequences)
        blockTables.reserveCapacity(maxBlocks)
        logitsRows.reserveCapacity(maxLogitsRows)
    }

    package var rowCount: Int { tokens.count }

    /// Empties the batch and keeps its memory.
    package func removeAll() {
        tokens.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        sequences.removeAll(keepingCapacity: true)
        blockTables.removeAll(keepingCapacity: true)
        logitsRows.removeAll(keepingCapacity: true)
    }

    /// Appends a sequence that computes `newTokens` at positions `computedCount...`; its block
    /// table must reach the last of them.
    ///
    /// Returns the index of its first row.
    ///
    /// Not generic: called from another target it would not be specialised, and allocate.
    @discardableResult
    package func append(
        tokens newTokens: ArraySlice<Int32>,
        computedCount: Int,
        blockTable: [Int32]
    ) -> Int {
        let firstRow = tokens.count
        let contextCount = computedCount + newTokens.count
        let neededBlocks = (contextCount + blockSize - 1) / blockSize
        precondition(
            !newTokens.isEmpty && blockTable.count >= neededBlocks,
            "block table too short"
        )
        let tableStart = blockTables.count
        blockTables.append(contentsOf: blockTable.prefix(neededBlocks))
        var position = computedCount
        for token in newTokens {
            tokens.append(token)
            positions.append(Int32(position))
            let block = Int(blockTables[tableStart + position / blockSize])
            slots.append(Int32(block * blockSize + position % blockSize))
            position += 1
        }
        sequences.append(
            Sequence(
                firstRow: firstRow,
                rowCount: newTokens.count,
                contextCount: contextCount,
                blockTableStart: tableStart
            )
        )
        return firstRow
    }

    /// Appends a whole array of tokens, as tests have them.
    @discardableResult
    package func append(tokens: [Int32], computedCount: Int, blockTable: [Int32]) -> Int {
        append(tokens: tokens[...], computedCount: computedCount, blockTable: blockTable)
    }

    /// Asks for the logits of `row`; rows are asked for in ascending order.
    ///
    /// Returns the index of
    /// its logits in the step's logits buffer.
    package func wantLogits(ofRow row: Int) -> Int {
        precondition(row < tokens.count && Int(logitsRows.last ?? -1) < row, "logits rows ascend")
        logitsRows.append(Int32(row))
        return logitsRows.count - 1
    }
}
