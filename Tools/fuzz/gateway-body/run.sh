#!/usr/bin/env bash
# Fuzzes the scan and the edits of request bodies: Tools/fuzz/gateway-body/run.sh [seconds]
# Every body is compared with the tree that QuireJSON reads from it, before and after edits.
# An input that fails is left beside the corpus in .build/fuzz/gateway-body.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}

# Gives the modules and objects of NIO, which all buffers come from.
swift build -c release --target QuireOpenAI
build=.build/release
out=.build/fuzz/gateway-body
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
    Sources/QuireGateway/Answers/*.swift Tools/fuzz/gateway-body/*.swift "${objects[@]}" -o "$out/fuzzer"

seed() { printf '%s' "$2" >"$out/corpus/$1"; }
seed chat '{"model":"m","messages":[{"role":"user","content":"a\n\u00e9"}],"stream":true,"stream_options":{"include_usage":false},"max_tokens":5}'
seed prompt '{"prompt":"a","model":"m\"","stream":true,"stream_options":null,"min_tokens":1,"add_generation_prompt":true}'
seed lists '{"prompt":[1,"a",[2]],"n":2,"stream_options":{},"stream":true,"stream":false,"response_format":{"type":"text"}}'

"$out/fuzzer" -max_total_time="$seconds" -max_len=400 -timeout=5 -rss_limit_mb=2048 \
    -dict=Tools/fuzz/gateway-body/body.dict -artifact_prefix="$out/" -print_final_stats=1 \
    "$out/corpus"
