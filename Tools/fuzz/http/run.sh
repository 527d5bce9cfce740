#!/usr/bin/env bash
# Fuzzes the HTTP parsers: Tools/fuzz/http/run.sh [seconds]
# Every input is parsed whole and in pieces; a trap, a difference or a broken bound ends the run and
# leaves the input beside the corpus in .build/fuzz/http.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}

# Gives the modules and objects of NIO, which the parser's buffers come from.
swift build -c release --target QuireHTTP
build=.build/release
out=.build/fuzz/http
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

swiftc -O -parse-as-library -sanitize=fuzzer,address -module-name QuireHTTPFuzz -package-name quire \
    -swift-version 6 -enable-experimental-feature Lifetimes \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny \
    -I "$build/Modules" "${includes[@]}" \
    Sources/QuireHTTP/Message/*.swift Sources/QuireHTTP/Parsing/*.swift \
    Tools/fuzz/http/ParserFuzzer.swift "${objects[@]}" -o "$out/fuzzer"

# The first inputs: a request and a response of each framing, for each parser.
tail='\x00\x01'
seed() { printf "$2$tail" >"$out/corpus/$1"; }
seed get 'GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n'
seed length 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc'
seed chunks 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nT: u\r\n\r\n'
seed absolute 'GET http://h:80?q HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n'
tail='\x12\x01'
seed answer 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
seed answer-chunks 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
seed answer-close 'HTTP/1.0 200 OK\r\n\r\nabc'

"$out/fuzzer" -max_total_time="$seconds" -max_len=600 -timeout=5 -rss_limit_mb=2048 \
    -dict=Tools/fuzz/http/http.dict -artifact_prefix="$out/" -print_final_stats=1 "$out/corpus"
