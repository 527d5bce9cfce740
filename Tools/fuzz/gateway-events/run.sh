#!/usr/bin/env bash
# Fuzzes framing, reading and rewriting of streamed answers: Tools/fuzz/gateway-events/run.sh [seconds]
# Every stream is read whole and in pieces, and as a continuation of itself.
# An input that fails is left beside the corpus in .build/fuzz/gateway-events.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}

# Gives the modules and objects of NIO, which all buffers come from.
swift build -c release --target QuireOpenAI
build=.build/release
out=.build/fuzz/gateway-events
mkdir -p "$out/corpus"

includes=()
for folder in .build/checkouts/*/Sources/*/include; do includes+=(-Xcc -I -Xcc "$folder"); done
for map in "$build"/*.build/module.modulemap; do includes+=(-Xcc "-fmodule-map-file=$map"); done
objects=()
for name in NIOCore CNIOLinux CNIODarwin CNIOWindows CNIOWASI CNIOOpenBSD CNIOFreeBSD CNIOAtomics \
    _NIOBase64 _NIODataStructures NIOConcurrencyHelpers DequeModule InternalCollectionsUtilities \
    ContainersPreview Atomics _AtomicsShims; do
    [ -d "$build/$name.build" ] || continue
    while IFS= read -r object; do objects+=("$object"); done < <(find "$build/$name.build" -name '*.o')
done

features=(-O -parse-as-library -package-name quire -swift-version 6
    -enable-experimental-feature Lifetimes -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature ExistentialAny -I "$out" -I "$build/Modules" "${includes[@]}")
for module in QuireJSON QuireOpenAI; do
    find "Sources/$module" -name '*.swift' -print0 | xargs -0 swiftc "${features[@]}" -wmo \
        -sanitize=fuzzer,address -module-name "$module" -emit-module \
        -emit-module-path "$out/$module.swiftmodule" -c -o "$out/$module.o"
    objects+=("$out/$module.o")
done
swiftc "${features[@]}" -sanitize=fuzzer,address -module-name GatewayFuzz \
    Sources/QuireGateway/Body/*.swift Sources/QuireGateway/Events/*.swift \
    Sources/QuireGateway/Answers/*.swift Tools/fuzz/gateway-events/*.swift "${objects[@]}" -o "$out/fuzzer"

seed() { printf "$2" >"$out/corpus/$1"; }
seed chat 'data: {"id":"a","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":" \\n"}}]}\n\ndata: {"choices":[{"delta":{"content":"\\u0041"},"finish_reason":null}]}\n\n0'
seed usage 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\r\n\r\ndata: [DONE]\n\n1'
seed lines '\xEF\xBB\xBF: c\ndata: {"choices":[\ndata: {"text":"a"}]}\r\revent: e\ndata\n\n7'

"$out/fuzzer" -max_total_time="$seconds" -max_len=600 -timeout=5 -rss_limit_mb=2048 \
    -dict=Tools/fuzz/gateway-events/events.dict -artifact_prefix="$out/" -print_final_stats=1 \
    "$out/corpus"
