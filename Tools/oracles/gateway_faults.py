#!/usr/bin/env python3
"""What clients of a gateway see when an upstream behaves badly, fault by fault.

Starts two upstream mocks and a gateway for each fault, lets two clients send 60 requests (half of
them streams) while one mock has the fault (--all-faulty: while both have), then goes on with light
traffic until the faulty one is left alone, heals it and waits for traffic to come back.

Columns: touched = requests that reached the faulty upstream, of those sent; attempts = requests that
reached any upstream, per client request; then what clients saw; the slowest answer; seconds until the
faulty one got its last request; seconds from its healing until it got a request again.

Exit status 1 on: an answer later than --limit, a double answer (more bytes than one answer has, text
that is not the asked one, [DONE] after an error), more than 1.2 attempts per request where all
fail, more than 3 requests touched by a silent upstream, a cut stream without an error event, a
failure of a gateway to serve what the good upstream could (--all-faulty off, and nothing of the answer
had been sent down), an outage that lasts after both upstreams were healed. Standard library only; a C compiler for the mock.

Usage: gateway_faults.py GATEWAY [--lb-policy least_conn,round_robin] [--only hang] [--all-faulty]
GATEWAY: .build/release/quire, or nginx or haproxy to compare with.
"""

import argparse
import collections
import concurrent.futures
import json
import sys
import threading
import time

from gateway_parts import Gateway, Mock, ask, chat, mock_text, stopping, verdict

FAULTS = [
    "refuse",
    "reset-before",
    "reset-after",
    "reset-mid",
    "hang",
    "drip",
    "500",
    "503",
    "429",
    "garbage",
    "no-done",
    "length-long",
]
# Not of the twelve, but near: run with --more.
MORE = ["freeze", "stall", "cut-clean", "length-short", "400", "slow", "none"]
# Nothing has been sent down when these strike: another upstream can answer the client.
INVISIBLE = {"refuse", "reset-before", "hang", "freeze", "500", "503", "429"}
SILENT = {"hang", "freeze"}
TOKENS = 6
TEXT = mock_text(TOKENS)


def send(port, index, limit):
    stream = index % 2 == 1
    answer = ask(port, chat(f"request {index}", TOKENS, stream), limit=limit)
    word, wrong = verdict(answer, TEXT, stream)
    return answer, word, wrong, stream


class Case:
    """One fault under one policy."""

    def __init__(self, options, policy, fault):
        self.options, self.policy, self.fault = options, policy, fault
        self.problems, self.seen = [], collections.Counter()
        self.slowest, self.answers, self.retry_after = 0.0, [], set()
        self.first_bytes = 0

    def settings(self):
        if self.options.plain:
            return None
        document = json.loads(self.options.settings) if self.options.settings else {}
        if self.policy:
            document["lb_policy"] = self.policy
        return document

    def run(self):
        options = self.options
        flags = ["--interval-us", "10000", "--retry-after", str(options.retry_after)]
        good, bad = Mock(*flags), Mock(*flags)
        with stopping(good, bad):
            gateway = Gateway(options.gateway, [good.url, bad.url], self.settings())
            with stopping(gateway):
                self.follow(gateway, good, bad)
        return self

    def follow(self, gateway, good, bad):
        options = self.options
        for index in range(6):
            _, word, _, _ = send(gateway.port, index, options.limit)
            if word != "whole":
                self.problems.append(f"before the fault a request was answered: {word}")
                return
        before = [mock.counts for mock in (good, bad)]
        bad.fault(self.fault)
        if options.all_faulty:
            good.fault(self.fault)
        start = time.monotonic()
        self.sixty(gateway.port)
        after = [mock.counts for mock in (good, bad)]
        sent = len(self.answers)
        self.touched = after[1]["requests"] - before[1]["requests"]
        attempts = sum(now["requests"] - then["requests"] for now, then in zip(after, before))
        self.attempts = attempts / max(sent, 1)
        self.eject = self.recover = None
        if not options.all_faulty:
            self.watch_ejection(gateway.port, bad, start)
        self.watch_recovery(gateway.port, good, bad)
        self.judge(sent)

    def sixty(self, port):
        indices, lock = iter(range(self.options.requests)), threading.Lock()
        limit = time.monotonic() + self.options.phase

        def client():
            while time.monotonic() < limit:
                with lock:
                    index = next(indices, None)
                if index is None:
                    return
                result = send(port, index, self.options.limit)
                with lock:
                    self.answers.append(result)

        threads = [threading.Thread(target=client) for _ in range(self.options.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for answer, word, wrong, stream in self.answers:
            self.seen[("stream " if stream else "") + word] += 1
            self.slowest = max(self.slowest, answer.seconds)
            if "retry-after" in answer.headers:
                self.retry_after.add(answer.headers["retry-after"])
            if wrong:
                self.problems.append(
                    f"double or wrong answer ({word}): {answer.body[-160:]!r} {answer.extra[:80]!r}"
                )

    def drizzle(self, port, seconds, stop):
        """Ten requests a second until `stop()` or the time is over; none is waited for."""
        limit, index = time.monotonic() + seconds, 0
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            while time.monotonic() < limit and not stop():
                pool.submit(send, port, index, 5)
                index += 1
                time.sleep(0.1)

    def watch_ejection(self, port, bad, start):
        """Light traffic until the faulty one had no request for a while."""
        if self.fault in ("none", "400", "slow"):
            return
        quiet = 1.5

        def left_alone():
            counts = bad.counts
            return counts["now_ns"] - counts["last_request_ns"] > quiet * 1e9

        self.drizzle(port, self.options.eject_limit, left_alone)
        counts = bad.counts
        if left_alone():
            last = counts["last_request_ns"] / 1e9
            self.eject = max(0.0, last - start) if self.touched else 0.0

    def watch_recovery(self, port, good, bad):
        good.fault("none")
        before = bad.fault("none")["requests"]
        start = time.monotonic()
        self.drizzle(port, self.options.recover_limit, lambda: bad.counts["requests"] > before)
        if bad.counts["requests"] > before:
            self.recover = time.monotonic() - start
        else:
            self.problems.append(f"no request came back in {self.options.recover_limit:.0f} s")
        time.sleep(0.2)
        if self.options.all_faulty:
            # Healthy again: the whole fleet must answer.
            words = [send(port, index, self.options.limit)[1] for index in range(4)]
            if words != ["whole"] * 4:
                self.problems.append(f"after healing: {words}")

    def judge(self, sent):
        options, problems = self.options, self.problems
        hangs = sum(count for word, count in self.seen.items() if word.endswith("hang"))
        if hangs:
            problems.append(f"{hangs} answers later than {options.limit} s")
        if sent < options.requests:
            problems.append(f"only {sent} of {options.requests} requests in {options.phase} s")
        if (
            options.all_faulty
            and self.attempts > 1.2
            and self.fault not in ("none", "slow", "no-done")
        ):
            problems.append(f"{self.attempts:.2f} attempts per request where all fail")
        if not options.all_faulty and self.fault in SILENT and self.touched > 3:
            problems.append(f"a silent upstream touched {self.touched} of {sent}")
        silent = self.seen["stream silent end"] + self.seen["stream cut"]
        if silent and self.fault not in ("none", "slow"):
            problems.append(f"{silent} streams ended without a word")
        if not options.all_faulty and self.fault in INVISIBLE:
            lost = sum(count for word, count in self.seen.items() if word.split()[-1] != "whole")
            if lost:
                problems.append(f"{lost} failed though the other upstream could answer")
        if options.all_faulty and self.recover and self.recover > options.outage:
            problems.append(
                f"{self.recover:.1f} s without a request to either upstream after both were healed"
            )
        if self.fault in ("503", "429") and options.all_faulty and not self.retry_after:
            problems.append("no Retry-After reached the client")

    def row(self):
        seen = ", ".join(f"{count} {word}" for word, count in sorted(self.seen.items()))
        if self.retry_after:
            seen += f" (Retry-After {'/'.join(sorted(self.retry_after))})"

        def seconds(value):
            return "-" if value is None else f"{value:.1f}"

        # A refused connection reaches no upstream that could count it.
        return [
            self.fault,
            self.policy or "default",
            f"{self.touched}/{len(self.answers)}",
            f"{self.attempts:.2f}",
            seen,
            f"{self.slowest:.2f}",
            seconds(self.eject),
            seconds(self.recover),
            "FAIL" if self.problems else "ok",
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gateway")
    parser.add_argument(
        "--lb-policy", default="", help="comma-separated; empty: the default policy"
    )
    parser.add_argument("--only", default="", help="comma-separated faults")
    parser.add_argument("--more", action="store_true", help="faults beyond the twelve, too")
    parser.add_argument("--all-faulty", action="store_true")
    parser.add_argument("--settings", default="", help="JSON object that goes into gateway.yml")
    parser.add_argument("--plain", action="store_true", help="flags only, no gateway.yml")
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--limit", type=float, default=15, help="seconds an answer may take")
    parser.add_argument("--phase", type=float, default=60, help="seconds for the 60 requests")
    parser.add_argument("--eject-limit", type=float, default=10)
    parser.add_argument("--recover-limit", type=float, default=45)
    parser.add_argument(
        "--outage",
        type=float,
        default=12,
        help="seconds that healed upstreams may be left alone where both had failed",
    )
    parser.add_argument("--retry-after", type=int, default=2, help="what 503 and 429 say")
    parser.add_argument("--jobs", type=int, default=4, help="cases at a time")
    options = parser.parse_args()

    faults = options.only.split(",") if options.only else FAULTS + (MORE if options.more else [])
    policies = options.lb_policy.split(",")
    print(
        "| fault | policy | touched | attempts | clients saw | slowest s | eject s | recover s | |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    failed = 0

    def run(policy, fault):
        case = Case(options, policy, fault)
        try:
            return case.run()
        except (OSError, RuntimeError) as error:
            case.touched, case.attempts, case.eject, case.recover = 0, 0.0, None, None
            case.problems.append(repr(error))
            return case

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        cases = [pool.submit(run, policy, fault) for policy in policies for fault in faults]
        for future in cases:
            case = future.result()
            failed += bool(case.problems)
            print("| " + " | ".join(case.row()) + " |", flush=True)
            for problem in dict.fromkeys(case.problems):
                print(f"    {case.fault}: {problem}", flush=True)
    print(f"{failed} of {len(cases)} cases failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
