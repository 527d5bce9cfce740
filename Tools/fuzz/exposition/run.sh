#!/bin/bash
# Fuzzes the reader of scrapes and the aggregate with libFuzzer.
# Usage: Tools/fuzz/exposition/run.sh [seconds] [corpus]
# Builds in .build/fuzz/exposition, apart from what the package builds.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
seconds=${1:-30}
work=${FUZZ_WORK:-$root/.build/fuzz/exposition}
corpus=${2:-$work/corpus}
mkdir -p "$work" "$corpus"
cd "$work"
features=(-swift-version 6 -O -package-name quire -enable-experimental-feature Lifetimes
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
  -enable-upcoming-feature MemberImportVisibility -sanitize=fuzzer,address -parse-as-library)
find "$root/Sources/QuireTelemetry" -name '*.swift' -print0 | xargs -0 swiftc "${features[@]}" \
  -wmo -module-name QuireTelemetry -emit-module -emit-module-path QuireTelemetry.swiftmodule \
  -c -o QuireTelemetry.o
swiftc "${features[@]}" -I . "$root/Tools/fuzz/exposition/Fuzz.swift" QuireTelemetry.o \
  -o fuzz_exposition
# Seeds: a line of each kind; the fuzzer finds the rest.
printf '# HELP h x\n# TYPE h histogram\nh_bucket{m="a",le="1"} 1\nh_bucket{m="a",le="+Inf"} 2 1\nh_sum 3e1\nh_count 2\n# TYPE c counter\nc_total{instance="\\""} NaN # {a="b"} 1\n# EOF\n' >"$corpus/seed1"
printf '# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name="m"} 3\n\xffsglang:token_usage{tp_rank="0"} 0.5\nsglang:num_running_reqs 1\nprocess_start_time_seconds 5\n\xffvllm:prompt_tokens_total 2\n\xfftgi_request_input_length_sum 1\n' >"$corpus/seed2"
cat >tokens.dict <<'DICT'
"# TYPE "
"# HELP "
" histogram\x0a"
" counter\x0a"
" summary\x0a"
"_bucket{le=\""
"_sum "
"_count "
"_total "
"_created "
"vllm:time_to_first_token_seconds"
"sglang:time_to_first_token_seconds"
"sglang:num_running_reqs"
"instance=\""
"exported_instance=\""
"+Inf"
"\xff"
DICT
./fuzz_exposition -max_total_time="$seconds" -max_len=800 -timeout=10 -rss_limit_mb=3000 \
  -dict=tokens.dict "$corpus"
