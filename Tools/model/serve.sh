# Sourced by score.sh and compare.sh: serves FOLDER on a free port until the script ends; sets URL.

serve() {
    local binary=${QUIRE:-.build/release/quire}
    [ -x "$binary" ] || ${SWIFT:-swift} build -c release --product quire
    log=$(mktemp)
    "$binary" serve "$1" --host 127.0.0.1 --port 0 ${2:+--dtype "$2"} >"$log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null; wait $server 2>/dev/null || true; rm -f "$log"' EXIT
    for _ in $(seq 100); do
        URL=$(sed -n 's|.*ready: \(http://[0-9.:]*\)/v1.*|\1|p' "$log")
        [ -z "$URL" ] || return 0
        kill -0 $server 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" >&2
    return 1
}
