#!/usr/bin/env bash
# Fuzzes the scan and the edits of request bodies: Tools/fuzz/gateway-body/run.sh [seconds]
# Every body is compared with the tree that QuireJSON reads from it, before and after edits.
# An input that fails is left beside the corpus in .build/fuzz/gateway-body.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}
target=gateway-body
source Tools/fuzz/gateway.sh

seed() { printf '%s' "$2" >"$out/corpus/$1"; }
seed chat '{"model":"m","messages":[{"role":"user","content":"a\n\u00e9"}],"stream":true,"stream_options":{"include_usage":false},"max_tokens":5}'
seed prompt '{"prompt":"a","model":"m\"","stream":true,"stream_options":null,"min_tokens":1,"add_generation_prompt":true}'
seed lists '{"prompt":[1,"a",[2]],"n":2,"stream_options":{},"stream":true,"stream":false,"response_format":{"type":"text"}}'

"$out/fuzzer" -max_total_time="$seconds" -max_len=400 -timeout=5 -rss_limit_mb=2048 \
    -dict=Tools/fuzz/gateway-body/body.dict -artifact_prefix="$out/" -print_final_stats=1 \
    "$out/corpus"
