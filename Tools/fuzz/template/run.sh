#!/bin/bash
# Fuzzes the template engine with libFuzzer. Usage: Tools/fuzz/template/run.sh [seconds] [corpus]
# Builds in .build/fuzz/template, apart from what the package builds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
seconds=${1:-180}
work=${FUZZ_WORK:-$root/.build/fuzz/template}
corpus=${2:-$work/corpus}
mkdir -p "$work" "$corpus"
cd "$work"
features=(-swift-version 6 -O -package-name quire -enable-experimental-feature Lifetimes
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility -sanitize=fuzzer,address -parse-as-library)
for module in QuireJSON QuireTemplate; do
  find "$root/Sources/$module" -name '*.swift' -print0 | xargs -0 swiftc "${features[@]}" -wmo \
    -I . -module-name "$module" -emit-module -emit-module-path "$module.swiftmodule" \
    -c -o "$module.o"
done
swiftc "${features[@]}" -I . "$root/Tools/fuzz/template/Fuzz.swift" QuireJSON.o QuireTemplate.o \
  -o fuzz_template
./fuzz_template -max_total_time="$seconds" -max_len=600 -timeout=10 -rss_limit_mb=3000 "$corpus"
