import CQuireKernels

/// The calls of a step.
extension CPUBackend {
    package func begin(_ batch: StepBatch) {
        self.batch = batch
        // Once per step, not per layer; a negative number is far beyond any cache as UInt32.
        slotBound = Self.bound(batch.slots)
        blockBound = Self.bound(batch.blockTables)
    }

    /// One more than the greatest of `numbers`.
    private static func bound(_ numbers: [Int32]) -> Int {
        var greatest: UInt32 = 0
        for number in numbers { greatest = max(greatest, UInt32(bitPattern: number)) }
        return numbers.isEmpty ? 0 : Int(greatest) + 1
    }

    package func embed(_ table: CPUEmbedding, into x: CPUBuffer) {
        let rows = batch.rowCount
        precondition(rows <= x.rows && x.columns == table.source.columns, "embed shapes")
        unsafe batch.tokens.withUnsafeBufferPointer { tokens in
            let rowsPerItem = rowsPerItem(rows)
            var arguments = unsafe quire_embed(
                table: table.source.bytes.baseAddress,
                type: table.source.type.kernelType,
                vocabulary: Int64(table.source.rows),
                columns: Int64(table.source.columns),
                tokens: tokens.baseAddress,
                x: x.floats,
                rows: Int64(rows),
                rows_per_item: Int64(rowsPerItem)
            )
            unsafe run(
                kernels.pointee.embed,
                &arguments,
                itemCount: (rows + rowsPerItem - 1) / rowsPerItem
            )
        }
    }

    package func rotaryAngles(
        _ inverseFrequencies: CPUBuffer,
        scale: Float,
        into angles: CPUBuffer
    ) {
        let rows = batch.rowCount
        let half = inverseFrequencies.columns
        precondition(rows <= angles.rows && angles.columns == 2 * half, "angles shape")
        unsafe batch.positions.withUnsafeBufferPointer { positions in
            let rowsPerItem = rowsPerItem(rows)
            var arguments = unsafe quire_angles(
                positions: positions.baseAddress,
                inverse_frequencies: inverseFrequencies.floats,
                half: Int64(half),
                scale: scale,
                angles: angles.floats,
                rows: Int64(rows),
                rows_per_item: Int64(rowsPerItem)
            )
            unsafe run(
                kernels.pointee.angles,
                &arguments,
                itemCount: (rows + rowsPerItem - 1) / rowsPerItem
            )
        }
    }

    package func norm(_ x: CPUBuffer, weight: CPUBuffer, epsilon: Float, into y: CPUBuffer) {
        unsafe norm(x, adding: nil, weight: weight, epsilon: epsilon, into: y)
    }

    package func addNorm(
        residual: CPUBuffer,
        adding delta: CPUBuffer,
        weight: CPUBuffer,
        epsilon: Float,
        into y: CPUBuffer
    ) {
        precondition(delta.columns == residual.columns && delta.rows >= batch.rowCount, "delta")
        unsafe norm(residual, adding: delta.floats, weight: weight, epsilon: epsilon, into: y)
    }

    private func norm(
        _ residual: CPUBuffer,
        adding delta: UnsafeMutablePointer<Float>?,
        weight: CPUBuffer,
        epsilon: Float,
        into y: CPUBuffer
    ) {
        let rows = batch.rowCount
        let columns = residual.columns
        precondition(
            rows <= residual.rows && rows <= y.rows && y.columns == columns
                && weight.rows * weight.columns == columns,
            "norm shapes"
        )
        let rowsPerItem = rowsPerItem(rows)
        var arguments = unsafe quire_norm(
            residual: residual.floats,
            delta: delta,
            weight: weight.floats,
            epsilon: epsilon,
            columns: Int64(columns),
            y: y.floats,
            rows: Int64(rows),
            rows_per_item: Int64(rowsPerItem)
        )
        unsafe run(
            kernels.pointee.norm,
            &arguments,
            itemCount: (rows + rowsPerItem - 1) / rowsPerItem
        )
    }

    package func linear(_ x: CPUBuffer, _ weight: CPUWeight, into y: CPUBuffer) {
        unsafe multiply(x, weight, into: y, kernels.pointee.linear, rows: batch.rowCount)
    }

    package func gateUp(_ x: CPUBuffer, _ weight: CPUWeight, into y: CPUBuffer) {
        unsafe multiply(
            x,
            weight,
            into: y,
            kernels.pointee.gate_up,
            rows: batch.rowCount,
            panelsPerOutputPanel: 2
        )
    }

    package func logits(_ x: CPUBuffer, _ weight: CPUWeight, into y: CPUBuffer) {
        unsafe batch.logitsRows.withUnsafeBufferPointer { rows in
            unsafe multiply(
                x,
                weight,
                into: y,
                kernels.pointee.linear,
                rows: rows.count,
                from: rows.baseAddress
            )
        }
    }

    /// `y[r] = x[r] · Wᵀ`; `chosen`, if given, names the rows of `x`, which lie in the batch.
    private func multiply(
        _ x: CPUBuffer,
        _ weight: CPUWeight,
        into y: CPUBuffer,
        _ kernel: WorkerPool.Task?,
        rows: Int,
        from chosen: UnsafePointer<Int32>? = nil,
        panelsPerOutputPanel: Int = 1
    ) {
        precondition(
            x.columns == weight.columns && y.columns == weight.outputs && rows <= y.rows
                && batch.rowCount <= x.rows,
            "matrix shapes"
        )
        guard rows > 0 else { return }
        let outputPanels = weight.panelCount / panelsPerOutputPanel
        let panelsPerItem = outputPanelsPerItem(
            weight,
            count: outputPanels,
            each: panelsPerOutputPanel
        )
        var arguments = unsafe quire_matmul(
            x: x.floats,
            x_stride: Int64(x.columns),
            x_rows: chosen,
            rows: Int64(rows),
            columns: Int64(weight.columns),
            panels: weight.memory.start,
            type: weight.type.kernelType,
            outputs: Int64(weight.outputs),
            bias: weight.bias?.floats,
            y: y.floats,
            y_stride: Int64(y.columns),
            panels_per_item: Int64(panelsPerItem)
        )
        unsafe run(
            kernel,
            &arguments,
            itemCount: (outputPanels + panelsPerItem - 1) / panelsPerItem
        )
    }

    /// Output panels of one item: about 512 KiB of weights, since each item starts with memory that
    /// nobody fetched ahead, and at least four items per thread where the matrix has them, so that
    /// threads end together.
    private func outputPanelsPerItem(_ weight: CPUWeight, count: Int, each panels: Int) -> Int {
        let bySize = (512 << 10) / (weight.panelBytes * panels)
        let byBalance = count / (4 * threadCount)
        return min(max(min(bySize, byBalance), 1), QUIRE_ITEM_PANELS / panels)
    }

    package func qkvWrite(
        _ qkv: CPUBuffer,
        shape: AttentionShape,
        queryNorm: CPUBuffer?,
        keyNorm: CPUBuffer?,
        epsilon: Float,
        angles: CPUBuffer,
        cache: CPUCache,
        layer: Int
    ) {
        let rows = batch.rowCount
        check(qkv, shape, cache, layer)
        precondition(
            angles.columns == shape.headDimension && rows <= angles.rows
                && (queryNorm?.columns ?? shape.headDimension) == shape.headDimension
                && (keyNorm?.columns ?? shape.headDimension) == shape.headDimension,
            "head shapes"
        )
        precondition(slotBound <= cache.blockCount * cache.blockSize, "a slot outside the cache")
        unsafe batch.slots.withUnsafeBufferPointer { slots in
            let rowsPerItem = rowsPerItem(rows)
            var arguments = unsafe quire_qkv_write(
                qkv: qkv.floats,
                query_heads: Int64(shape.queryHeads),
                query_norm: queryNorm?.floats,
                key_norm: keyNorm?.floats,
                epsilon: epsilon,
                angles: angles.floats,
                slots: slots.baseAddress,
                cache: cache.arguments(layer: layer),
                rows: Int64(rows),
                rows_per_item: Int64(rowsPerItem)
            )
            unsafe run(
                kernels.pointee.qkv_write,
                &arguments,
                itemCount: (rows + rowsPerItem - 1) / rowsPerItem
            )
        }
    }

    package func attention(
        _ qkv: CPUBuffer,
        shape: AttentionShape,
        cache: CPUCache,
        layer: Int,
        into y: CPUBuffer
    ) {
        check(qkv, shape, cache, layer)
        precondition(
            y.columns == shape.queryColumns && batch.rowCount <= y.rows,
            "attention output"
        )
        precondition(blockBound <= cache.blockCount, "a block outside the cache")
        let sharing = shape.queryHeads / shape.keyValueHeads
        let rowsPerGroup = max(QUIRE_QUERIES / sharing, 1)
        gather(rowsPerGroup: rowsPerGroup)
        pool.reserveScratch(
            rowsPerGroup * sharing
                * (QUIRE_CHUNK + shape.headDimension + 32) * MemoryLayout<Float>.size
        )
        unsafe batch.blockTables.withUnsafeBufferPointer { tables in
            unsafe groups.withUnsafeBufferPointer { groups in
                var arguments = unsafe quire_attention(
                    qkv: qkv.floats,
                    qkv_stride: Int64(qkv.columns),
                    query_heads: Int64(shape.queryHeads),
                    scale: shape.scale,
                    window: Int64(shape.slidingWindow ?? Int.max),
                    cache: cache.arguments(layer: layer),
                    groups: groups.baseAddress,
                    block_tables: tables.baseAddress,
                    y: y.floats,
                    y_stride: Int64(y.columns)
                )
                unsafe run(
                    kernels.pointee.attention,
                    &arguments,
                    itemCount: groups.count * shape.keyValueHeads
                )
            }
        }
    }

    /// Cuts the sequences' rows into groups of at most `rowsPerGroup`, the last rows first: they
    /// see the most tokens, and the threads end together if the long items come early.
    private func gather(rowsPerGroup: Int) {
        groups.removeAll(keepingCapacity: true)
        for sequence in batch.sequences {
            let firstPosition = sequence.contextCount - sequence.rowCount
            var end = sequence.rowCount
            while end > 0 {
                let start = max(end - rowsPerGroup, 0)
                groups.append(
                    quire_query_rows(
                        first_row: Int32(sequence.firstRow + start),
                        row_count: Int32(end - start),
                        first_position: Int32(firstPosition + start),
                        block_table_start: Int32(sequence.blockTableStart)
                    )
                )
                end = start
            }
        }
    }

    private func check(_ qkv: CPUBuffer, _ shape: AttentionShape, _ cache: CPUCache, _ layer: Int) {
        precondition(
            qkv.columns == shape.qkvColumns && batch.rowCount <= qkv.rows,
            "queries, keys and values"
        )
        precondition(
            layer >= 0 && layer < cache.layerCount && cache.blockSize == batch.blockSize
                && cache.keyValueHeads == shape.keyValueHeads
                && cache.headDimension == shape.headDimension,
            "the cache is of another shape"
        )
    }

    /// Rows of one item of a row-wise kernel: few rows stay on this thread, where they take less
    /// time than handing them over.
    private func rowsPerItem(_ rows: Int) -> Int {
        max(8, rows / (4 * threadCount))
    }
}

extension CPUCache {
    func arguments(layer: Int) -> quire_cache {
        unsafe quire_cache(
            keys: keys.floats + layer * blockElements,
            values: values.floats + layer * blockElements,
            block_stride: Int64(layerCount * blockElements),
            block_size: Int64(blockSize),
            padded_block: Int64(paddedBlock),
            kv_heads: Int64(keyValueHeads),
            head_dimension: Int64(headDimension)
        )
    }
}
