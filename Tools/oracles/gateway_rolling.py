#!/usr/bin/env python3
"""Restarts gateways and engines one after the other under load, and reloads settings under streams.

rolling: three gateways before two engines; clients send whole requests and streams to the three
addresses in turn and go to the next only when a connection is refused. Each round ends every gateway
and every engine once by SIGTERM and starts it again. Half of the clients keep their connections.

reload: one gateway before two upstream mocks, 500 streams, 100 times a new file of settings (weights
change, a third upstream comes and goes) and SIGHUP; at the end a broken file, which must be refused.

Exit status 1 on any failed request, any lost, repeated or swapped chunk, an exit status other than 0,
a broken file that changed anything, or memory that grows over the reloads. Standard library only; a C
compiler for the mock and the load.

Usage: gateway_rolling.py QUIRE MODEL [--only rolling|reload] [--rounds 10] [--reloads 100]
MODEL: a folder, or "mock" for upstream mocks instead of engines.
"""

import argparse
import collections
import json
import subprocess
import sys
import threading
import time

from bad_inputs import free_port
from gateway_parts import (
    Engine,
    Gateway,
    Mock,
    SteadyLoad,
    ask,
    ask_kept,
    built,
    end,
    memory_kilobytes,
    stopping,
)


class Clients:
    """Requests to several addresses in turn; the next address only on a refused connection."""

    def __init__(self, options, ports):
        self.options, self.ports, self.turn = options, ports, 0
        self.failures, self.failovers, self.whole, self.streamed = collections.Counter(), 0, 0, 0
        self._lock = threading.Lock()

    def body(self, stream, tokens):
        return {
            "prompt": "Once upon a time",
            "max_tokens": tokens,
            "temperature": 0,
            "ignore_eos": True,
            "stream": stream,
        }

    def next_ports(self):
        with self._lock:
            self.turn += 1
            return (
                self.ports[self.turn % len(self.ports) :]
                + self.ports[: self.turn % len(self.ports)]
            )

    def one(self, slot, stream=False):
        tokens = self.options.tokens if stream else 2
        body, path = self.body(stream, tokens), "/v1/completions"
        kept = slot.setdefault("kept", Flag(self.turn % 2 == 0)).value
        for port in self.next_ports():
            begun = time.monotonic()
            if kept:
                answer = ask_kept(slot, port, body, path, limit=60)
            else:
                answer = ask(port, body, path, limit=60)
            if answer.ended != "refused":
                break
            self.failovers += 1
        good = answer.status == 200 and answer.ended == "whole" and (answer.done or not stream)
        with self._lock:
            if good and stream:
                self.streamed += 1
            elif good:
                self.whole += 1
            else:
                kind = ("stream" if stream else "whole") + (
                    ", kept connection" if kept else ", new connection"
                )
                text = answer.body[-160:].decode(errors="replace")
                self.failures[
                    f"{kind}: {answer.status} {answer.ended} after {time.monotonic() - begun:.1f} s {text}"
                ] += 1
        return good


class Flag:
    def __init__(self, value):
        self.value = value

    def close(self):
        pass


def rolling(options, problems):
    mock = options.model == "mock"
    flags = ["--interval-us", "5000"] if mock else ["--threads", "1", "--served-model-name", "mock"]
    engines = [Engine(options.quire, options.model, flags=flags) for _ in range(2)]
    settings = json.loads(options.settings) if options.settings else None
    with stopping(*engines):
        urls = [engine.start().url for engine in engines]
        ports = [free_port() for _ in range(options.gateways)]
        gateways = []
        try:
            for port in ports:
                gateways.append(
                    Gateway(options.gateway or options.quire, urls, settings, port=port)
                )
            clients = Clients(options, ports)
            load = SteadyLoad(lambda slot: clients.one(slot), options.rate)
            streams = [StreamLoop(clients) for _ in range(options.streams)]
            drains = []
            for _ in range(options.rounds):
                for index, port in enumerate(ports):
                    drains.append(drain(gateways[index].process, "gateway", problems))
                    gateways[index].stop()
                    gateways[index] = Gateway(
                        options.gateway or options.quire, urls, settings, port=port
                    )
                    time.sleep(options.pause)
                for engine in engines:
                    if mock:
                        # A mock has no drain; it would cut what it runs.
                        continue
                    drains.append(drain(engine.process, "engine", problems))
                    engine.start()
                    time.sleep(options.pause)
            load.stop()
            for stream in streams:
                stream.stop()
        finally:
            for gateway in gateways:
                gateway.stop()
    failed = sum(clients.failures.values())
    print(
        f"rolling: {options.rounds} rounds, {len(drains)} restarts, slowest drain {max(drains):.1f} s; "
        f"{clients.whole} whole requests and {clients.streamed} streams, {clients.failovers} refused connections "
        f"tried elsewhere, {failed} failed"
    )
    if failed:
        problems.append(f"{failed} requests failed")
        for kind, count in clients.failures.most_common(8):
            problems.append(f"  {count} × {kind}")


class StreamLoop:
    def __init__(self, clients):
        self.clients, self._stop = clients, False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        slot = {}
        while not self._stop:
            if not self.clients.one(slot, stream=True):
                time.sleep(0.05)
        for thing in slot.values():
            thing.close()

    def stop(self):
        self._stop = True
        self.thread.join()


def drain(process, name, problems):
    begun = time.monotonic()
    if not end(process, 40):
        problems.append(f"a {name} did not end within 40 s of SIGTERM")
    elif process.returncode != 0:
        problems.append(f"a {name} ended with {process.returncode}")
    return time.monotonic() - begun


def reload(options, problems):
    mocks = [Mock("--stamp", "--interval-us", "20000") for _ in range(3)]
    settings = json.loads(options.settings) if options.settings else {}
    with stopping(*mocks):

        def upstreams(turn):
            named = [
                {"url": mocks[0].url, "weight": 1 + turn % 5},
                {"url": mocks[1].url, "weight": 1 + turn % 3},
            ]
            return named + ([{"url": mocks[2].url}] if turn % 2 else [])

        gateway = Gateway(options.quire, upstreams(0), settings)
        with stopping(gateway):
            seconds = options.reloads * 0.1 + 4
            chunks = int(seconds / 0.02)
            command = [
                str(built("load", "load.c")),
                "streams",
                "--port",
                str(gateway.port),
                "--streams",
                str(options.reload_streams),
                "--chunks",
                str(chunks),
                "--timeout-s",
                str(seconds + 30),
            ]
            memory = []
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
                time.sleep(2)
                for turn in range(1, options.reloads + 1):
                    gateway.write(settings, upstreams(turn))
                    gateway.reload()
                    time.sleep(0.1)
                    if gateway.process.poll() is not None:
                        problems.append(
                            f"the gateway ended with {gateway.process.returncode} at reload {turn}: "
                            f"{gateway.log[-300:]}"
                        )
                        break
                    memory.append(memory_kilobytes(gateway.process.pid))
                result = json.loads(load.communicate(timeout=seconds + 60)[0])
            if gateway.process.poll() is None:
                judge_reload(options, result, memory, mocks, gateway, problems)


def judge_reload(options, result, memory, mocks, gateway, problems):
    third = mocks[2].counts["requests"]
    fifth = max(1, len(memory) // 5)
    early, late = max(memory[:fifth]), max(memory[-fifth:])
    print(
        f"reload: {len(memory)} times under {options.reload_streams} streams: {result['whole']} whole, "
        f"{result['words']} of {result['expected']} chunks, {result['disordered'] + result['repeated']} out of "
        f"order; delay ms p99 {result['delay_ms']['p99']}; memory {early} KB early, {late} KB late"
    )
    if result["whole"] != options.reload_streams or result["words"] != result["expected"]:
        problems.append(f"streams were lost: {result}")
    if late > early * 1.1 + 1024:
        problems.append(f"memory grew from {early} to {late} KB")
    # What the last good file says holds: the third upstream is gone or there.
    gateway.configuration_path.write_text(
        "upstreams: [ {url: 'http://127.0.0.1:1'\n  weight: : :\n"
    )
    gateway.reload()
    time.sleep(0.3)
    answers = [
        ask(gateway.port, {"prompt": "x", "max_tokens": 1}, "/v1/completions", limit=10)
        for _ in range(8)
    ]
    statuses = collections.Counter(answer.status for answer in answers)
    if statuses != {200: 8}:
        problems.append(f"after a broken file: {dict(statuses)}")
    print(
        f"broken file: answers {dict(statuses)}; the log says: {gateway.log.strip().splitlines()[-1:]}"
    )
    if third == 0 and mocks[2].counts["requests"] == 0:
        # Streams began before it came, so a few whole requests must show it.
        gateway.write({}, [mocks[2].url])
        gateway.reload()
        time.sleep(0.3)
        ask(gateway.port, {"prompt": "x", "max_tokens": 1}, "/v1/completions", limit=10)
        if mocks[2].counts["requests"] == 0:
            problems.append("a reload did not bring a new upstream into use")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quire")
    parser.add_argument("model")
    parser.add_argument("--gateway", help="instead of QUIRE, such as nginx (rolling only)")
    parser.add_argument("--only", choices=["rolling", "reload"])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--gateways", type=int, default=3)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--streams", type=int, default=10)
    parser.add_argument("--tokens", type=int, default=200, help="of each stream")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two restarts")
    parser.add_argument("--reloads", type=int, default=100)
    parser.add_argument("--reload-streams", type=int, default=500)
    parser.add_argument("--settings", default="", help="JSON object for gateway.yml")
    options = parser.parse_args()
    problems = []
    if options.only != "reload":
        rolling(options, problems)
    if options.only != "rolling":
        reload(options, problems)
    for problem in problems:
        print(f"FAIL  {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
