#!/usr/bin/env python3
"""Opens many streaming completions at once on a local server and checks every one of them.

Each stream's joined text and token count must be those of the whole answer to the same prompt and
seed, which is asked for first. Prints failures, percentiles of time to first token and of the time
between tokens, and the server's memory before, at its peak and after each round. Stops by itself.
Standard library only; the bytes are read from the sockets without an HTTP library.

Usage: stream_load.py BASE_URL [--clients 1000] [--tokens 64] [--rounds 2] [--pid PID] [--json]
BASE_URL: http://127.0.0.1:PORT/v1
"""

import argparse
import asyncio
import collections
import ipaddress
import json
import resource
import sys
import time
import urllib.parse
import urllib.request

PROMPTS = ["Once upon a time", "The little dog", "Lily and Tom went to", "It was a sunny day"]


class Stream(asyncio.Protocol):
    """One connection with one streamed completion.

    While it runs it only keeps what arrives and when, so that a thousand of them cost the machine
    little; `read` takes the answer apart afterwards.
    """

    def __init__(self, request, done):
        self.request = request
        self.done = done
        self.transport = None
        self.arrivals = []
        self.start = 0.0
        self.problem = None
        self.text = []
        self.times = []
        self.finish = None
        self.tokens = None

    def connection_made(self, transport):
        self.transport = transport
        self.start = time.monotonic()
        transport.write(self.request)

    def data_received(self, data):
        self.arrivals.append((time.monotonic(), data))
        if data.endswith(b"0\r\n\r\n"):
            self.end()

    def connection_lost(self, error):
        self.end()

    def end(self):
        if not self.done.done():
            self.done.set_result(None)
            self.transport.abort()

    def read(self):
        """Fills text, times of the pieces, finish and token count from what has arrived."""
        data = b"".join(piece for _, piece in self.arrivals)
        head, _, body = data.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1] if b" " in head else b"none"
        if status != b"200":
            raise ValueError(f"status {status.decode()}: {body[:120].decode(errors='replace')}")
        if b"transfer-encoding: chunked" not in head.lower():
            raise ValueError("the answer is not chunked")
        events, done, at = bytearray(), False, len(data) - len(body)
        times, received, known = iter(self.arrivals), 0, 0.0
        while True:
            line_end = data.find(b"\r\n", at)
            if line_end < 0:
                raise ValueError("connection closed before the end")
            size = int(data[at:line_end], 16)
            at = line_end + 2 + size + 2
            if at > len(data):
                raise ValueError("connection closed before the end")
            if size == 0:
                break
            while received < at:  # The chunk was there when its last byte was.
                known, piece = next(times)
                received += len(piece)
            events += data[line_end + 2 : at - 2]
            while (event_end := events.find(b"\n\n")) >= 0:
                done |= self.take(bytes(events[:event_end]), known)
                del events[: event_end + 2]
        if not done:
            raise ValueError("no [DONE]")

    def take(self, event, now):
        """Reads one event; whether it was the last."""
        if not event.startswith(b"data: "):
            raise ValueError(f"event {event[:60]!r}")
        if event == b"data: [DONE]":
            return True
        chunk = json.loads(event[6:])
        if "error" in chunk:
            raise ValueError(str(chunk["error"])[:200])
        if chunk.get("usage"):
            self.tokens = chunk["usage"]["completion_tokens"]
        for choice in chunk["choices"]:
            self.times.append(now)
            self.text.append(choice["text"])
            self.finish = choice["finish_reason"] or self.finish
        return False

    def verdict(self, expected):
        """What is wrong with the stream; None if nothing is."""
        if self.problem:
            return self.problem
        try:
            self.read()
        except (ValueError, KeyError, IndexError) as error:
            return str(error)
        if self.finish is None:
            return "no finish reason"
        if self.tokens != expected["tokens"]:
            return f"{self.tokens} tokens instead of {expected['tokens']}"
        if "".join(self.text) != expected["text"]:
            return "the joined pieces are not the whole answer"
        return None


def body_of(options, index, stream):
    body = dict(
        model=options.model, prompt=PROMPTS[index % len(PROMPTS)], max_tokens=options.tokens,
        temperature=options.temperature, seed=index, ignore_eos=True,
    )
    if stream:
        body.update(stream=True, stream_options={"include_usage": True})
    return json.dumps(body).encode()


def headers_of(options):
    headers = {"Content-Type": "application/json"}
    if options.api_key:
        headers["Authorization"] = f"Bearer {options.api_key}"
    return headers


def fetch(options, path, body=None):
    request = urllib.request.Request(options.base_url + path, body, headers_of(options))
    with urllib.request.urlopen(request, timeout=options.timeout) as answer:
        return json.load(answer)


def expectations(options):
    """The whole answers, one for each distinct request."""
    answers = []
    for index in range(options.distinct):
        answer = fetch(options, "/completions", body_of(options, index, stream=False))
        answers.append(
            dict(text=answer["choices"][0]["text"], tokens=answer["usage"]["completion_tokens"])
        )
    return answers


def memory(pid):
    """Resident and peak resident MiB of a process; None without one."""
    if pid is None:
        return None
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def percentiles(values):
    ordered = sorted(values)
    if not ordered:
        return {}
    points = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {
        name: round(ordered[min(int(part * len(ordered)), len(ordered) - 1)] * 1000, 2)
        for name, part in points.items()
    }


async def one_round(options):
    """All clients at once, bounded in time; returns the streams, and which request each had."""
    loop = asyncio.get_running_loop()
    address = urllib.parse.urlsplit(options.base_url)
    lines = [f"{name}: {value}" for name, value in headers_of(options).items()]

    async def client(index):
        body = body_of(options, index, stream=True)
        head = [
            f"POST {address.path}/completions HTTP/1.1", f"Host: {address.netloc}",
            f"Content-Length: {len(body)}", "Connection: close", *lines, "", "",
        ]
        stream = Stream("\r\n".join(head).encode() + body, loop.create_future())
        try:
            await loop.create_connection(lambda: stream, address.hostname, address.port)
            await stream.done
        except OSError as error:
            stream.problem = f"cannot connect: {error}"
        except asyncio.CancelledError:
            stream.problem = f"not finished after {options.timeout} s"
            if stream.transport:
                stream.transport.abort()
        return stream, index

    tasks = [
        asyncio.create_task(client(index % options.distinct)) for index in range(options.clients)
    ]
    _, unfinished = await asyncio.wait(tasks, timeout=options.timeout)
    for task in unfinished:
        task.cancel()
    return await asyncio.gather(*tasks)


def report(options, number, results, seconds, before):
    failures = collections.Counter(verdict for _, verdict in results if verdict)
    good = [stream for stream, verdict in results if not verdict]
    gaps = [b - a for stream in good for a, b in zip(stream.times, stream.times[1:])]
    tokens = sum(stream.tokens for stream in good)
    return dict(
        round=number, clients=len(results), complete=len(good), failures=dict(failures),
        tokens=tokens, chunks=sum(len(stream.times) for stream in good),
        seconds=round(seconds, 2), tokens_per_second=round(tokens / seconds, 1),
        ttft_ms=percentiles([stream.times[0] - stream.start for stream in good]),
        itl_ms=percentiles(gaps), memory_before=before, memory_after=memory(options.pid),
    )


def show(result):
    print(
        f"round {result['round']}: {result['complete']} of {result['clients']} streams complete "
        f"and equal to the whole answer; {result['tokens']} tokens in {result['chunks']} chunks, "
        f"{result['seconds']} s, {result['tokens_per_second']} tok/s"
    )
    for reason, count in result["failures"].items():
        print(f"  FAIL {count} x {reason}")
    for name, key in (("TTFT", "ttft_ms"), ("ITL ", "itl_ms")):
        points = ", ".join(f"{point} {value}" for point, value in result[key].items())
        print(f"  {name} ms: {points}")
    if result["memory_after"]:
        (before, _), (after, peak) = result["memory_before"], result["memory_after"]
        print(f"  server memory MiB: before {before:.1f}, after {after:.1f}, peak {peak:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--distinct", type=int, default=16, help="different prompts and seeds")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one round")
    parser.add_argument("--pid", type=int, help="the server's process, for its memory")
    parser.add_argument("--api-key")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    host = urllib.parse.urlsplit(options.base_url).hostname
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        parser.error("only a server on this machine may be loaded")
    if not (1 <= options.clients <= 20_000 and 1 <= options.rounds <= 100):
        parser.error("--clients 1...20000, --rounds 1...100")
    options.distinct = max(1, min(options.distinct, options.clients))
    needed = options.clients + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))

    options.model = fetch(options, "/models")["data"][0]["id"]
    expected = expectations(options)
    results = []
    for number in range(1, options.rounds + 1):
        before, start = memory(options.pid), time.monotonic()
        streams = asyncio.run(one_round(options))
        seconds = time.monotonic() - start
        judged = [(stream, stream.verdict(expected[index])) for stream, index in streams]
        results.append(report(options, number, judged, seconds, before))
        if not options.json:
            show(results[-1])
    if options.json:
        print(json.dumps(results))
    sys.exit(any(result["failures"] for result in results))


if __name__ == "__main__":
    main()
