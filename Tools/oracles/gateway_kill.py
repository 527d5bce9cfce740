#!/usr/bin/env python3
"""Kills one of two engines behind a gateway under load, and starts it again.

Streams and whole requests run all the time. At four seconds one engine is killed (SIGKILL), later it
is started again. Every answer at temperature 0 must be the text that an engine gives when asked
directly. Prints what became of the streams that were open at the kill, of all others, of the whole requests,
and the share of requests per second that went to the killed engine after it came back.

Exit status 1 on: a whole request that failed, a stream that ended without [DONE] or an error event, a
text that is not the direct one (or, before an error event, its beginning), no traffic after the return.
Standard library only.

Usage: gateway_kill.py QUIRE MODEL [--streams 50] [--rate 200] [--settings JSON]
MODEL: a folder, or "mock" for two upstream mocks instead of engines.
"""

import argparse
import collections
import json
import sys
import threading
import time

from gateway_parts import Engine, Gateway, SteadyLoad, ask, ask_kept, mock_text, stopping

PROMPTS = [
    "Once upon a time",
    "The little dog",
    "Lily and Tom went to",
    "It was a sunny day",
    "One day",
    "There was a big tree",
    "Mom said",
    "The cat sat on",
]


class Asker:
    def __init__(self, options):
        self.options = options
        self.path = "/v1/chat/completions" if options.endpoint == "chat" else "/v1/completions"

    def body(self, prompt, tokens, stream):
        body = {"max_tokens": tokens, "temperature": 0, "ignore_eos": True, "stream": stream}
        if self.options.endpoint == "chat":
            body["messages"] = [{"role": "user", "content": prompt}]
        else:
            body["prompt"] = prompt
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body


class Streams:
    """A number of clients that each read one stream after another."""

    def __init__(self, asker, port, expected):
        self.asker, self.port, self.expected = asker, port, expected
        self.records, self._stop = [], False  # (begin, end, verdict, detail)
        self._threads = [
            threading.Thread(target=self._client, args=(index,))
            for index in range(asker.options.streams)
        ]
        for thread in self._threads:
            thread.start()

    def _client(self, index):
        while not self._stop:
            prompt = PROMPTS[index % len(PROMPTS)]
            tokens = self.asker.options.tokens
            begin = time.monotonic()
            answer = ask(
                self.port, self.asker.body(prompt, tokens, True), self.asker.path, limit=90
            )
            self.records.append(
                (begin, time.monotonic(), *self.judge(answer, self.expected[prompt], tokens))
            )
            if answer.ended == "refused":
                time.sleep(0.05)

    def judge(self, answer, expected, tokens):
        text = answer.text or ""
        if answer.status != 200:
            return f"status {answer.status}" if answer.status else answer.ended, answer.body[:200]
        error = answer.error_event
        if not expected.startswith(text):
            at = next((i for i, (a, b) in enumerate(zip(text, expected)) if a != b), len(expected))
            return (
                "wrong text",
                f"at {at}: {text[max(0, at - 20) : at + 30]!r}, not {expected[max(0, at - 20) : at + 30]!r}",
            )
        if error:
            return ("[DONE] after an error" if answer.done else "error event"), json.dumps(error)[
                :200
            ]
        if answer.ended != "whole" or not answer.done:
            return "silent cut", f"{answer.ended}, {len(text)} of {len(expected)} characters"
        if text != expected:
            return "short text", f"{len(text)} of {len(expected)} characters"
        usage = answer.usage
        if not usage or usage.get("completion_tokens") != tokens:
            return "wrong usage", json.dumps(usage)
        return "whole", ""

    def stop(self):
        self._stop = True
        for thread in self._threads:
            thread.join()


def shares(samples):
    """Per interval the share of the newcomer, from (time, requests of it, requests of the other)."""
    out = []
    for (_, was, other_was), (when, now, other_now) in zip(samples, samples[1:]):
        mine, other = now - was, other_now - other_was
        out.append((when, mine / (mine + other) if mine + other > 0 else float("nan")))
    return out


def finished(engine):
    value = engine.metric("vllm:request_success_total")
    return 0.0 if value is None else value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quire")
    parser.add_argument("model")
    parser.add_argument("--gateway", help="instead of QUIRE, such as nginx")
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--tokens", type=int, default=300, help="of each stream")
    parser.add_argument("--endpoint", choices=["chat", "completions"])
    parser.add_argument("--settings", default="", help="JSON object for gateway.yml")
    parser.add_argument("--down", type=float, default=4, help="seconds without the killed engine")
    parser.add_argument("--back", type=float, default=15, help="seconds after its return")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    mock = options.model == "mock"
    options.endpoint = options.endpoint or ("chat" if mock else "completions")
    flags = (
        ["--interval-us", "10000"] if mock else ["--threads", "1", "--served-model-name", "mock"]
    )
    engines = [Engine(options.quire, options.model, flags=flags) for _ in range(2)]
    asker, problems = Asker(options), []
    with stopping(*engines):
        for engine in engines:
            engine.start()
        expected = {
            prompt: direct(asker, engines, prompt, options.tokens, mock) for prompt in PROMPTS
        }
        short = {prompt: direct(asker, engines, prompt, 2, mock) for prompt in PROMPTS}
        settings = json.loads(options.settings) if options.settings else None
        gateway = Gateway(
            options.gateway or options.quire, [engine.url for engine in engines], settings
        )
        with stopping(gateway):
            run(options, asker, engines, gateway, expected, short, problems)
            if gateway.process.poll() is not None:
                problems.append(
                    f"the gateway ended with {gateway.process.returncode}: {gateway.log[-400:]}"
                )
            elif options.verbose:
                print(gateway.log[-4000:])
    for problem in problems:
        print(f"FAIL  {problem}")
    sys.exit(1 if problems else 0)


def direct(asker, engines, prompt, tokens, mock):
    texts = [
        ask(engine.port, asker.body(prompt, tokens, False), asker.path, limit=60).text
        for engine in engines
    ]
    if texts[0] is None or texts[0] != texts[1] or (mock and texts[0] != mock_text(tokens)):
        raise SystemExit(f"the engines do not agree on {prompt!r}: {texts}")
    return texts[0]


def run(options, asker, engines, gateway, expected, short, problems):
    victim, other = engines

    def whole(slot):
        prompt = PROMPTS[slot.setdefault("turn", Turn()).next() % len(PROMPTS)]
        answer = ask_kept(slot, gateway.port, asker.body(prompt, 2, False), asker.path, limit=60)
        if answer.status != 200 or answer.ended != "whole":
            return f"{answer.status} {answer.ended} {answer.body[:120]!r}"
        return "whole" if answer.text == short[prompt] else f"wrong text {answer.text!r}"

    streams, load = Streams(asker, gateway.port, expected), SteadyLoad(whole, options.rate)
    time.sleep(4)
    on_victim = victim.metric("vllm:num_requests_running")
    kill_time = time.monotonic()
    victim.kill()
    time.sleep(options.down)
    victim.start()
    back_time, samples = time.monotonic(), []
    while time.monotonic() - back_time < options.back:
        samples.append((time.monotonic() - back_time, finished(victim), finished(other)))
        time.sleep(max(0.0, 1 - (time.monotonic() - back_time) % 1))
    load.stop()
    streams.stop()

    open_then = collections.Counter(
        verdict for begin, over, verdict, _ in streams.records if begin < kill_time < over
    )
    rest = collections.Counter(
        verdict for begin, over, verdict, _ in streams.records if not begin < kill_time < over
    )
    print(
        f"streams open at the kill ({on_victim:.0f} requests ran on the killed engine): {dict(open_then)}"
    )
    print(f"all other streams: {dict(rest)}")
    wholes = collections.Counter(outcome for _, _, outcome in load.outcomes)
    slow = sorted(seconds for _, seconds, _ in load.outcomes)
    print(
        f"whole requests: {len(load.outcomes)} at {options.rate:.0f}/s, {len(load.outcomes) - wholes['whole']} failed; "
        f"ms p50 {slow[len(slow) // 2] * 1000:.1f}, p99 {slow[len(slow) * 99 // 100] * 1000:.1f}, max {slow[-1] * 1000:.0f}"
    )
    for outcome, count in wholes.items():
        if outcome != "whole":
            problems.append(f"{count} whole requests: {outcome}")
    for verdict in open_then + rest:
        if verdict not in ("whole", "error event"):
            detail = next(d for _, _, v, d in streams.records if v == verdict)
            problems.append(f"{(open_then + rest)[verdict]} streams: {verdict} ({detail})")
    errors = [d for _, _, v, d in streams.records if v == "error event"]
    if errors:
        print(f"error events say: {errors[0]}")
    if rest["error event"]:
        problems.append(
            f"{rest['error event']} streams that were not open at the kill ended in an error"
        )
    line = shares(samples)
    print(
        "share of the returned engine by second: " + " ".join(f"{share:.2f}" for _, share in line)
    )
    if not line or not any(share > 0.25 for _, share in line):
        problems.append("traffic did not come back to the returned engine")


class Turn:
    def __init__(self):
        self.count = 0

    def next(self):
        self.count += 1
        return self.count

    def close(self):
        pass


if __name__ == "__main__":
    main()
