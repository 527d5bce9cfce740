#!/usr/bin/env python3
"""Starts a quire binary on a model and follows its life: start, clients that leave, SIGTERM.

Prints the time from process start to the first token of a first request; that a client which leaves
in the middle of a stream frees its blocks (as /metrics tells it) and that nothing more is computed
for it; and that SIGTERM under running streams lets all of them finish with exit status 0. Exit
status 1 on any miss. Standard library only.

Usage: lifecycle.py QUIRE MODEL [--streams 50] [--first-token-ms N]      N: the most that is allowed
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import threading
import time

from bad_inputs import free_port

PROMPT = "Once upon a time"


def request(port, body):
    text = json.dumps(body).encode()
    head = (
        f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n"
        "Connection: close\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    connection.sendall(head.encode() + text)
    return connection


def read_until(connection, mark):
    data = b""
    while mark not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def metrics(port):
    """The value of each series, summed over its labels; and aborted requests under "aborted"."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    text = read_until(connection, b"\0").decode()
    values = {}
    for name, labels, value in re.findall(r"^(vllm:\w+)\{([^}]*)\} (\S+)$", text, re.MULTILINE):
        values[name] = values.get(name, 0) + float(value)
        if 'finished_reason="abort"' in labels:
            values["aborted"] = float(value)
    return values


def check_start(options, port, start):
    """Milliseconds from the process's start to its first token."""
    while True:
        try:
            connection = request(port, dict(prompt=PROMPT, max_tokens=4, stream=True))
            break
        except ConnectionRefusedError:
            if time.monotonic() - start > 120:
                raise
            time.sleep(0.002)
    data = read_until(connection, b"data: ")
    milliseconds = (time.monotonic() - start) * 1000
    read_until(connection, b"[DONE]")
    connection.close()
    if b" 200 " not in data:
        raise AssertionError(f"the first request was answered {data[:80]!r}")
    if options.first_token_ms and milliseconds > options.first_token_ms:
        raise AssertionError(f"{milliseconds:.0f} ms, more than {options.first_token_ms}")
    return f"{milliseconds:.0f} ms after the process's start"


def check_leaver(options, port):
    """A client with many choices leaves after the first bytes."""
    choices, tokens = 64, 400
    before = metrics(port)
    body = dict(
        prompt=PROMPT, n=choices, max_tokens=tokens, temperature=1, ignore_eos=True, stream=True
    )
    connection = request(port, body)
    read_until(connection, b"data: ")
    connection.close()
    left = time.monotonic()
    while True:
        now = metrics(port)
        active = now["vllm:num_requests_running"] + now["vllm:num_requests_waiting"]
        aborted = now["aborted"] - before["aborted"]
        # The series are of the last step that ended, so the aborts must show as well.
        if aborted >= choices and active == 0 and now["vllm:kv_cache_usage_perc"] == 0:
            break
        if time.monotonic() - left > 60:
            raise AssertionError(f"after a minute {active:.0f} are active, {aborted:.0f} aborted")
        time.sleep(0.002)
    milliseconds = (time.monotonic() - left) * 1000
    computed = now["vllm:generation_tokens_total"] - before["vllm:generation_tokens_total"]
    if aborted != choices or computed >= choices * tokens:
        raise AssertionError(f"{aborted:.0f} aborted, {computed:.0f} tokens computed")
    return (
        f"{choices} sequences aborted, no block in use {milliseconds:.0f} ms after it left; "
        f"{computed:.0f} of {choices * tokens} tokens were computed"
    )


def check_drain(options, port, process):
    """SIGTERM while streams run: each must reach its end."""
    ends, begun = [], threading.Semaphore(0)

    def reader(seed):
        body = dict(
            prompt=PROMPT, max_tokens=options.tokens, temperature=1, seed=seed, ignore_eos=True,
            stream=True,
        )
        connection = request(port, body)
        data = read_until(connection, b"data: ")
        begun.release()
        data += read_until(connection, b"\0")
        ends.append(b'"finish_reason":"length"' in data and b"data: [DONE]" in data)

    threads = [threading.Thread(target=reader, args=(seed,)) for seed in range(options.streams)]
    for thread in threads:
        thread.start()
    for _ in threads:
        begun.acquire(timeout=120)
    running = metrics(port)["vllm:num_requests_running"]
    process.terminate()
    for thread in threads:
        thread.join(120)
    status = process.wait(60)
    if not all(ends) or len(ends) != options.streams or status != 0:
        raise AssertionError(f"{sum(ends)} of {options.streams} finished, exit status {status}")
    return f"{len(ends)} streams finished ({running:.0f} ran at the signal), exit status 0"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quire")
    parser.add_argument("model")
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=400, help="tokens of each draining stream")
    parser.add_argument("--first-token-ms", type=float)
    options = parser.parse_args()

    port, failed = free_port(), 0
    start = time.monotonic()
    process = subprocess.Popen(
        [options.quire, "serve", options.model, "--host", "127.0.0.1", "--port", str(port)],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    checks = [
        ("first token", lambda: check_start(options, port, start)),
        ("a client that leaves", lambda: check_leaver(options, port)),
        ("SIGTERM under streams", lambda: check_drain(options, port, process)),
    ]
    try:
        for name, check in checks:
            try:
                print(f"ok    {name}: {check()}", flush=True)
            except (AssertionError, OSError, KeyError, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"FAIL  {name}: {error!r}", flush=True)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
