#!/usr/bin/env python3
"""Asks a gateway's routes the way Spring services, curl and the JDK's HttpClient do.

Starts an upstream mock and a gateway. Checks the plain /inference routes, base URLs with and without
/v1 and with a doubled one, what is handed on to the upstream (header fields, body) and what comes back, odd
but legal requests, clients that leave early, and (with a JDK) gateway_clients/JdkClient.java.
Exit status 1 on any miss. Standard library only; a C compiler for the mock.

Usage: gateway_routes.py GATEWAY [--only TEXT] [--no-java]
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import time

from gateway_parts import Gateway, Mock, ask, chat, mock_text, percentile, stopping

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, answer):
    if not condition:
        raise AssertionError(
            f"{answer.status} {answer.ended} {dict(answer.headers)} {answer.body[:300]!r}"
        )


@check
def base_urls(gateway, mock):
    """With /v1, without it and doubled, all reach the same routes."""
    tried = 0
    for prefix in ["/v1", "", "/v1/v1"]:
        for stream in [False, True]:
            answer = ask(gateway.port, chat("x", 3, stream), f"{prefix}/chat/completions")
            expect(answer.status == 200 and answer.text == mock_text(3), answer)
            answer = ask(
                gateway.port,
                {"model": "mock", "prompt": "x", "max_tokens": 3, "stream": stream},
                f"{prefix}/completions",
            )
            expect(answer.status == 200 and answer.text == mock_text(3), answer)
            tried += 2
        answer = ask(gateway.port, None, f"{prefix}/models", method="GET")
        expect(answer.status == 200 and json.loads(answer.body)["data"][0]["id"] == "mock", answer)
        tried += 1
    return f"{tried} requests"


@check
def health(gateway, mock):
    for path in ["/health"]:
        answer = ask(gateway.port, None, path, method="GET")
        expect(answer.status == 200, answer)
    answer = ask(gateway.port, None, "/metrics", method="GET")
    expect(answer.status == 200 and b"# TYPE" in answer.body, answer)
    return f"{answer.body.count(b'# TYPE')} families in /metrics"


@check
def inference(gateway, mock):
    """POST /inference {"message"} -> {"result"}."""
    answer = ask(gateway.port, {"message": "Say words"}, "/inference")
    expect(answer.status == 200, answer)
    result = json.loads(answer.body)["result"]
    expect(result.startswith("#000000 "), answer)
    for bad in [{}, {"message": 3}, {"message": None}, []]:
        answer = ask(gateway.port, bad, "/inference")
        expect(answer.status == 400, answer)
    return f"result of {len(result)} characters; four bad bodies 400"


@check
def inference_stream(gateway, mock):
    """POST /inference/stream: an event stream of text."""
    answer = ask(gateway.port, {"message": "Say words"}, "/inference/stream")
    expect(
        answer.status == 200
        and answer.headers.get("content-type", "").startswith("text/event-stream"),
        answer,
    )
    # As Spring's decoder reads it: one space after the colon is not of the text.
    data = [line[5:] for line in answer.body.decode().split("\n") if line.startswith("data:")]
    joined = "".join(data)
    expect("#000000" in joined and "choices" not in joined, answer)
    moments = [when for when, _ in answer.arrivals]
    return f"{len(data)} events over {moments[-1] - moments[0]:.2f} s; first {answer.body[:60]!r}"


@check
def inference_batch(gateway, mock):
    """POST /inference/batch {"messages"}: as many results, in order, at most eight at a time."""
    mock.call({"reset_counts": True})
    messages = [f"message {i}" for i in range(20)]
    answer = ask(gateway.port, {"messages": messages}, "/inference/batch", limit=60)
    expect(answer.status == 200, answer)
    most = mock.counts
    expect(most["requests"] == 20 and most["running_max"] <= 8, answer)
    document = answer.body.decode()
    empty = ask(gateway.port, {"messages": []}, "/inference/batch")
    expect(empty.status in (200, 400), empty)
    return f"at most {most['running_max']} at a time; {document[:150]!r}; empty: {empty.status} {empty.body[:60]!r}"


@check
def handed_on(gateway, mock):
    """End-to-end fields reach the upstream, hop-by-hop ones do not."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = [
        ("Authorization", "Bearer secret"),
        ("X-Request-Id", "abc-123"),
        ("traceparent", trace),
        ("X-Custom", "one"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "secret"),
        ("TE", "trailers"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authorization", "Basic x"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"),
        ("Accept-Encoding", "gzip"),
    ]
    answer = ask(gateway.port, chat("x", 1), headers=headers)
    expect(answer.status == 200, answer)
    line, fields = mock.last_head
    problems = []
    for name, value in [
        ("authorization", "Bearer secret"),
        ("x-request-id", "abc-123"),
        ("x-custom", "one"),
    ]:
        if fields.get(name) != [value]:
            problems.append(f"{name} is {fields.get(name)}")
    if trace.split("-")[1] not in fields.get("traceparent", [""])[0]:
        problems.append(f"traceparent is {fields.get('traceparent')}")
    for name in ["x-hop", "te", "keep-alive", "proxy-authorization", "upgrade", "http2-settings"]:
        if name in fields:
            problems.append(f"{name} was handed on")
    if answer.headers.get("x-request-id") != "abc-123":
        problems.append(f"x-request-id came back as {answer.headers.get('x-request-id')}")
    other = ask(gateway.port, chat("x", 1))
    if not other.headers.get("x-request-id"):
        problems.append("no x-request-id was made")
    if problems:
        raise AssertionError("; ".join(problems) + f"; upstream got {line} {fields}")
    return line


@check
def odd_requests(gateway, mock):
    """Legal, rare: chunked bodies, 100-continue, pipelining, HTTP/1.0, large and tiny pieces."""
    body = json.dumps(chat("x", 2)).encode()
    fixed = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

    def talk(*pieces, until, limit=10):
        connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=limit)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.005)
        data = b""
        with contextlib.suppress(TimeoutError):
            while not until(data):
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
        connection.close()
        return data

    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7)
    )
    text = mock_text(2).encode()
    cases = {
        "chunked": [fixed + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"],
        "chunked in small pieces": [
            fixed + b"Transfer-Encoding: chunked\r\n\r\n",
            *[chunks[i : i + 9] for i in range(0, len(chunks), 9)],
            b"0\r\n\r\n",
        ],
        "byte by byte head": [bytes([b]) for b in fixed[:60]]
        + [fixed[60:] + b"Content-Length: %d\r\n\r\n" % len(body) + body],
        "expect": [fixed + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body), body],
        "HTTP/1.0": [
            fixed.replace(b"HTTP/1.1", b"HTTP/1.0")
            + b"Content-Length: %d\r\n\r\n" % len(body)
            + body
        ],
    }
    for name, pieces in cases.items():
        data = talk(*pieces, until=lambda data: data.count(text))
        if text not in data:
            raise AssertionError(f"{name}: {data[:300]!r}")
    one = fixed + b"Content-Length: %d\r\n\r\n" % len(body) + body
    data = talk(one * 5, until=lambda data: data.count(text) == 5)
    if data.count(text) != 5 or data.count(b"HTTP/1.1 200") != 5:
        raise AssertionError(f"five pipelined: {data.count(text)} answered")
    large = ask(gateway.port, chat("x" * 8_000_000, 2), limit=30)
    expect(large.status == 200, large)
    over = ask(gateway.port, chat("x" * 33_600_000, 2), limit=30)
    if over.status not in (413, 400) and over.ended != "reset":
        raise AssertionError(f"33 MB: {over.status} {over.ended}")
    bad = ask(gateway.port, None, "/v1/chat/completions", method="GET")
    expect(bad.status in (404, 405), bad)
    bad = ask(gateway.port, chat("x", 1), "/nowhere")
    expect(bad.status == 404, bad)
    return f"{len(cases)} kinds, pipelining, 8 MB; 33 MB: {over.status}"


@check
def head_and_first_chunk(gateway, mock):
    """Time to the head and first event of a stream, p99 of 40; Nagle against delayed ACK would show as 40 ms."""
    times = []
    for _ in range(40):
        answer = ask(gateway.port, chat("x", 2, True))
        expect(answer.status == 200 and answer.done, answer)
        times.append(answer.first_seconds * 1000)
    if percentile(times, 0.9) > 20:
        raise AssertionError(
            f"p50 {percentile(times, 0.5):.1f} ms, p90 {percentile(times, 0.9):.1f} ms"
        )
    return f"p50 {percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms"


@check
def leaving_clients(gateway, mock):
    """A client that leaves closes its upstream request within 10 ms: streams, whole answers, before any byte."""
    told = []
    for name, fault, stream in [
        ("stream", "none", True),
        ("stream without a byte", "hang", True),
        ("whole", "hang", False),
    ]:
        mock.fault(fault)
        delays = []
        for _ in range(10):
            before = mock.counts
            data = json.dumps(chat("x", 2000, stream)).encode()
            connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=10)
            connection.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(data) + data
            )
            limit = time.monotonic() + 5
            while mock.counts["running"] == 0 and time.monotonic() < limit:
                time.sleep(0.002)
            if fault == "none":
                connection.recv(100)
            left = time.monotonic_ns()
            connection.close()
            limit = time.monotonic() + 3
            while (now := mock.counts)["aborted"] == before["aborted"]:
                if time.monotonic() > limit:
                    mock.fault("none")
                    raise AssertionError(
                        f"{name}: the upstream request still runs 3 s after its client left"
                    )
                time.sleep(0.002)
            delays.append((now["last_abort_ns"] - left) / 1e6)
        told.append(f"{name} p50 {percentile(delays, 0.5):.2f} max {max(delays):.2f} ms")
        if percentile(delays, 0.5) > 10:
            mock.fault("none")
            raise AssertionError(f"{name}: {told[-1]}")
    mock.fault("none")
    return "; ".join(told)


@check
def usage_is_asked_and_stripped(gateway, mock):
    """A client that did not ask for usage does not get it; one that did gets it once."""
    plain = ask(gateway.port, chat("x", 4, True))
    expect(plain.usage is None and b'"choices":[]' not in plain.body, plain)
    asked = ask(gateway.port, chat("x", 4, True, stream_options={"include_usage": True}))
    expect(
        asked.usage
        and asked.usage["completion_tokens"] == 4
        and asked.body.count(b'"completion_tokens"') == 1,
        asked,
    )
    return "as asked"


def java(gateway):
    program = shutil.which("java")
    if not program:
        return "skip", "no java"
    source = pathlib.Path(__file__).parent / "gateway_clients" / "JdkClient.java"
    done = subprocess.run(
        [program, str(source), str(gateway.port), "mock"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    text = done.stdout + done.stderr
    return ("ok" if done.returncode == 0 else "FAIL"), "\n" + "\n".join(
        "      " + line for line in text.splitlines()[-30:]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gateway")
    parser.add_argument("--only", default="")
    parser.add_argument("--no-java", action="store_true")
    options = parser.parse_args()
    mock, failed = Mock("--interval-us", "20000"), 0
    with stopping(mock):
        gateway = Gateway(options.gateway, [mock.url])
        with stopping(gateway):
            for function in CHECKS:
                if options.only not in function.__name__:
                    continue
                try:
                    print(f"ok    {function.__name__}: {function(gateway, mock)}", flush=True)
                except (
                    AssertionError,
                    OSError,
                    ValueError,
                    KeyError,
                    IndexError,
                    TypeError,
                ) as error:
                    failed += 1
                    print(f"FAIL  {function.__name__}: {error}", flush=True)
                if gateway.process.poll() is not None:
                    print(
                        f"FAIL  the gateway ended with {gateway.process.returncode}: {gateway.log[-400:]}"
                    )
                    sys.exit(1)
            if not options.no_java and options.only in "java":
                result, text = java(gateway)
                failed += result == "FAIL"
                print(f"{result:5} JDK HttpClient: {text}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
