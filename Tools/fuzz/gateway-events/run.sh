#!/usr/bin/env bash
# Fuzzes framing, reading and rewriting of streamed answers: Tools/fuzz/gateway-events/run.sh [seconds]
# Every stream is read whole and in pieces, and as a continuation of itself.
# An input that fails is left beside the corpus in .build/fuzz/gateway-events.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}
target=gateway-events
source Tools/fuzz/gateway.sh

seed() { printf "$2" >"$out/corpus/$1"; }
seed chat 'data: {"id":"a","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":" \\n"}}]}\n\ndata: {"choices":[{"delta":{"content":"\\u0041"},"finish_reason":null}]}\n\n0'
seed usage 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\r\n\r\ndata: [DONE]\n\n1'
seed lines '\xEF\xBB\xBF: c\ndata: {"choices":[\ndata: {"text":"a"}]}\r\revent: e\ndata\n\n7'

"$out/fuzzer" -max_total_time="$seconds" -max_len=600 -timeout=5 -rss_limit_mb=2048 \
    -dict=Tools/fuzz/gateway-events/events.dict -artifact_prefix="$out/" -print_final_stats=1 \
    "$out/corpus"
