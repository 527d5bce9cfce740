#!/usr/bin/env python3
"""Measures gateways side by side in one run and prints a table with ratios to nginx.

Each peer runs alone on one core, the load and two upstream mocks on the other; peers take turns, every figure
is the median of the rounds (for what should be small and what should be large alike). Loopback only; every
load is bounded in count and time; only processes started here are ended.

Peers: quire, nginx, haproxy, caddy (from Debian), sglang-router, vllm-router, litellm (from PyPI, made
by --setup into .venv beside this file). One that cannot be had is left out, with the reason.

Usage: run.py [--quire .build/release/quire] [--peers quire,nginx] [--rounds 3] [--setup] [--json FILE]
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Tools" / "oracles"))

from bad_inputs import free_port  # noqa: E402
from gateway_parts import (  # noqa: E402
    Mock,
    ask,
    built,
    chat,
    end,
    favour,
    haproxy_configuration,
    nginx_configuration,
)

GATEWAY_CORE, LOAD_CORE = "0", "1"
PEERS = ["nginx", "quire", "haproxy", "caddy", "sglang-router", "vllm-router", "litellm"]
PACKAGES = {"nginx": "nginx", "haproxy": "haproxy", "caddy": "caddy"}
SCRIPTS = HERE / ".venv" / "bin"


def setup():
    """Installs what is missing, from Debian and from PyPI at the versions of requirements.txt."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        subprocess.run(["apt-get", "install", "-y", "-q", *missing], check=False)
    if not (SCRIPTS / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(SCRIPTS.parent)], check=True)
    for line in (HERE / "requirements.txt").read_text().split():
        # One by one: a peer that has no build for this Python must not take the others with it.
        subprocess.run(
            [str(SCRIPTS / "pip"), "install", "-q", "--disable-pip-version-check", line],
            check=False,
        )


class Peer:
    def __init__(self, name, options):
        self.name, self.options = name, options
        program = {"quire": str(pathlib.Path(options.quire).resolve())}.get(name)
        if name in PACKAGES:
            program = shutil.which(name)
        elif name != "quire":
            program = SCRIPTS / name
        if not program or not pathlib.Path(program).exists():
            raise FileNotFoundError(f"{name} is not installed (run.py --setup)")
        self.program = str(program)

    def version(self):
        if self.name in ("sglang-router", "vllm-router", "litellm"):
            package = self.name
            text = subprocess.run(
                [
                    str(SCRIPTS / "python"),
                    "-c",
                    f"from importlib.metadata import version; print(version('{package}'))",
                ],
                capture_output=True,
                text=True,
            ).stdout
        else:
            flag = {"nginx": "-v", "haproxy": "-v", "caddy": "version"}.get(self.name, "--version")
            done = subprocess.run([self.program, flag], capture_output=True, text=True)
            text = done.stdout + done.stderr
        found = re.search(r"\d+\.\d+(\.\d+)?", text)
        return found.group(0) if found else text.strip()[:20]

    def command(self, folder, port, upstreams):
        hosts = [url.removeprefix("http://") for url in upstreams]
        configuration = folder / "configuration"
        if self.name == "quire":
            flags = [flag for url in upstreams for flag in ("--upstream", url)]
            return [
                self.program,
                "gateway",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                *flags,
                *self.options.quire_flags.split(),
            ]
        if self.name == "nginx":
            configuration.write_text(nginx_configuration(folder, port, hosts))
            return [self.program, "-c", str(configuration), "-e", str(folder / "error")]
        if self.name == "haproxy":
            configuration.write_text(haproxy_configuration(port, hosts))
            return [self.program, "-db", "-q", "-f", str(configuration)]
        if self.name == "caddy":
            configuration.write_text(
                "{\n admin off\n auto_https off\n}\n"
                f"http://127.0.0.1:{port} {{\n reverse_proxy {' '.join(hosts)} {{\n"
                "  lb_policy least_conn\n  flush_interval -1\n"
                "  transport http {\n   keepalive_idle_conns_per_host 512\n  }\n }\n}\n"
            )
            return [self.program, "run", "--config", str(configuration), "--adapter", "caddyfile"]
        if self.name == "litellm":
            models = [
                {
                    "model_name": "mock",
                    "litellm_params": {
                        "model": "openai/mock",
                        "api_base": f"{url}/v1",
                        "api_key": "none",
                    },
                }
                for url in upstreams
            ]
            configuration.write_text(json.dumps({"model_list": models}))
            return [
                self.program,
                "--config",
                str(configuration),
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--num_workers",
                "1",
                "--telemetry",
                "False",
            ]
        routed = [
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--worker-urls",
            *upstreams,
            "--policy",
            "round_robin",
            "--prometheus-port",
            str(free_port()),
            "--max-concurrent-requests",
            "8192",
            "--log-level",
            "error",
        ]
        return [self.program, *(["launch"] if self.name == "sglang-router" else []), *routed]

    @contextlib.contextmanager
    def running(self, upstreams):
        """Yields (pid, port, seconds from start to the first answer)."""
        port = free_port()
        environment = dict(os.environ, GOMAXPROCS="1", TOKIO_WORKER_THREADS="1")
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
            folder = pathlib.Path(name)
            begun = time.monotonic()
            with open(folder / "log", "wb") as log:
                process = subprocess.Popen(
                    ["taskset", "-c", GATEWAY_CORE, *self.command(folder, port, upstreams)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment,
                    cwd=folder,
                    start_new_session=True,
                )
            favour(process)
            try:
                seconds = first_answer(process, port, begun, 90 if self.name == "litellm" else 30)
                if seconds is None:
                    text = (folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"{self.name} did not answer: {text[-600:]}")
                yield process.pid, port, seconds
            finally:
                end(process)


def first_answer(process, port, begun, limit):
    while time.monotonic() - begun < limit and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.001)
            continue
        if ask(port, chat("first", 1), limit=10).status == 200:
            return time.monotonic() - begun
        time.sleep(0.02)
    return None


def tree(pid):
    """The process and all below it."""
    pids, children = [pid], {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    for known in pids:
        pids += children.get(known, [])
    return pids


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_kilobytes(pids):
    """Proportional, so that what processes share counts once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


def load(mode, port, during=None, **settings):
    command = ["taskset", "-c", LOAD_CORE, str(built("load", "load.c")), mode, "--port", str(port)]
    for name, value in settings.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        favour(process)
        if during:
            during()
        text, _ = process.communicate(timeout=90)
    return json.loads(text)


def streams(pids, port, count, chunks, idle, mock_pids):
    """The load's figures, and the gateway's CPU per chunk, instructions per chunk and memory per stream."""
    before, mocks_before, loads_before, seen = (
        cpu_seconds(pids),
        cpu_seconds(mock_pids),
        children_seconds(),
        {},
    )
    ramp = count / 2000  # short against the streams, so that all of them run together for a while

    def during():
        # In the middle of the plateau, where every stream is open.
        time.sleep(ramp + chunks * 0.02 * 0.3)
        seen["memory"] = memory_kilobytes(pids)
        seen["instructions"] = instructions(pids, chunks * 0.02 * 0.3)

    result = load(
        "streams",
        port,
        during,
        streams=count,
        chunks=chunks,
        ramp_ms=int(ramp * 1000),
        timeout_s=40,
    )
    words = max(result["words"], 1)
    plateau = chunks * 0.02 * 0.3 / 0.02 * count  # words due while instructions were counted
    return {
        "delay_p50": result["delay_ms"] and result["delay_ms"]["p50"],
        "delay_p99": result["delay_ms"] and result["delay_ms"]["p99"],
        "first_p50": result["first_ms"] and result["first_ms"]["p50"],
        "first_p99": result["first_ms"] and result["first_ms"]["p99"],
        "through": result["words"] / result["seconds"],
        "lost": result["expected"] - result["words"] + result["repeated"] + result["disordered"],
        "not_whole": count - result["whole"],
        "cpu_us": (cpu_seconds(pids) - before) / words * 1e6,
        "instructions": seen["instructions"] / plateau if seen.get("instructions") else None,
        "kb_per_stream": (seen["memory"] - idle) / count,
        # What else the core of the load did: near 1, the load is what bounds the figures.
        "busy": (cpu_seconds(mock_pids) - mocks_before + children_seconds() - loads_before)
        / result["seconds"],
        "gateway_busy": (cpu_seconds(pids) - before) / result["seconds"],
    }


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def instructions(pids, seconds):
    """User instructions of the processes for a while; None where they cannot be counted."""
    if not pids or not shutil.which("perf"):
        time.sleep(seconds)
        return None
    done = subprocess.run(
        [
            "perf",
            "stat",
            "-x,",
            "-e",
            "instructions:u",
            "-p",
            ",".join(map(str, pids)),
            "--",
            "sleep",
            str(seconds),
        ],
        capture_output=True,
        text=True,
    )
    found = re.search(r"^(\d+),", done.stderr, re.MULTILINE)
    return int(found.group(1)) if found else None


def closed(port, seconds, connections=64, body_bytes=0):
    result = load(
        "closed",
        port,
        seconds=seconds,
        connections=connections,
        body_bytes=body_bytes,
        timeout_s=seconds + 8,
    )
    failed = result["requests"] - result["whole"]
    return result["per_second"], failed


def measure(peer, mocks, options):
    """All figures of one peer in one round; `peer` None: no gateway between."""
    figures, upstreams = {}, [mock.url for mock in mocks]
    slow = peer and peer.name == "litellm"
    with contextlib.ExitStack() as stack:
        if peer:
            pid, port, figures["start_s"] = stack.enter_context(peer.running(upstreams))
        else:
            pid, port = None, int(upstreams[0].rsplit(":", 1)[1])
        time.sleep(0.3)
        pids = tree(pid) if pid else []
        idle = memory_kilobytes(pids)
        figures["idle_mb"] = idle / 1024
        closed(port, 0.3)
        result = load(
            "rate", port, rate=100, seconds=options.seconds, timeout_s=options.seconds + 10
        )
        figures["rate_p50"], figures["rate_p99"] = (
            (result["latency_ms"] or {}).get("p50"),
            (result["latency_ms"] or {}).get("p99"),
        )
        figures["requests"], figures["failed"] = closed(port, options.seconds, 8 if slow else 64)
        figures["requests_64k"], failed = closed(port, options.seconds, 8 if slow else 64, 65536)
        figures["failed"] += failed
        if not slow:
            for count, chunks in [(100, 50), (1000, options.chunks), (2000, options.chunks)]:
                time.sleep(0.2)
                for name, value in streams(
                    pids, port, count, chunks, idle, [mock.process.pid for mock in mocks]
                ).items():
                    figures[f"{name}_{count}"] = value
    return figures


# Key, title, digits, whether a ratio to nginx is told.
ROWS = [
    ("requests", "requests/s, small", 0, True),
    ("requests_64k", "requests/s, 64 KB prompts", 0, True),
    ("failed", "of these failed", 0, False),
    ("rate_p50", "ms at 100 req/s, p50", 3, True),
    ("rate_p99", "ms at 100 req/s, p99", 3, True),
    ("first_p50_100", "100 streams: first chunk ms, p50", 2, True),
    ("delay_p50_1000", "1,000 streams: delay ms, p50", 2, True),
    ("delay_p99_1000", "1,000 streams: delay ms, p99", 2, True),
    ("not_whole_1000", "1,000 streams: not whole", 0, False),
    ("lost_1000", "1,000 streams: chunks lost or out of order", 0, False),
    ("cpu_us_1000", "1,000 streams: CPU µs per chunk", 1, True),
    ("instructions_1000", "1,000 streams: user instructions per chunk", 0, True),
    ("kb_per_stream_1000", "1,000 streams: KB per stream", 1, True),
    ("gateway_busy_1000", "1,000 streams: gateway's core busy by it", 2, False),
    ("busy_1000", "1,000 streams: other core busy by load and mocks", 2, False),
    ("delay_p99_2000", "2,000 streams: delay ms, p99", 2, True),
    ("through_2000", "2,000 streams: chunks/s through", 0, True),
    ("not_whole_2000", "2,000 streams: not whole", 0, False),
    ("lost_2000", "2,000 streams: chunks lost or out of order", 0, False),
    ("cpu_us_2000", "2,000 streams: CPU µs per chunk", 1, True),
    ("kb_per_stream_2000", "2,000 streams: KB per stream", 1, True),
    ("gateway_busy_2000", "2,000 streams: gateway's core busy by it", 2, False),
    ("busy_2000", "2,000 streams: other core busy by load and mocks", 2, False),
    ("idle_mb", "idle MB", 1, True),
    ("start_s", "start to first answer, s", 3, True),
]


def table(results, versions):
    names = list(results)
    print("| | " + " | ".join(f"{name} {versions.get(name, '')}".strip() for name in names) + " |")
    print("|---|" + "---|" * len(names))
    medians = {
        name: {key: median([figures.get(key) for figures in rounds]) for key, *_ in ROWS}
        for name, rounds in results.items()
    }
    for key, title, digits, ratio in ROWS:
        cells = []
        for name in names:
            value, base = medians[name][key], medians.get("nginx", {}).get(key)
            if value is None or (
                name == "direct"
                and key in ("start_s", "idle_mb")
                or name == "direct"
                and "cpu" in key
                or name == "direct"
                and "kb" in key
            ):
                cells.append("")
                continue
            text = f"{value:,.{digits}f}"
            if ratio and base and name not in ("nginx", "direct"):
                text += f" ({value / base:.2f}×)"
            cells.append(text)
        print(f"| {title} | " + " | ".join(cells) + " |")


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quire", default=str(HERE.parents[1] / ".build" / "release" / "quire"))
    parser.add_argument("--quire-flags", default="")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each closed load")
    parser.add_argument("--chunks", type=int, default=100, help="of each stream")
    parser.add_argument("--setup", action="store_true")
    parser.add_argument("--json", help="file for every figure of every round")
    options = parser.parse_args()
    if options.setup:
        setup()
    built("load", "load.c")
    peers, versions = [], {}
    for name in options.peers.split(","):
        try:
            peers.append(Peer(name, options))
            versions[name] = peers[-1].version()
        except FileNotFoundError as error:
            print(f"left out: {error}")
    wrapper = ["taskset", "-c", LOAD_CORE]
    mocks = [Mock("--stamp", "--interval-us", "20000", wrapper=wrapper) for _ in range(2)]
    for mock in mocks:
        favour(mock.process)
    results, begun = {"direct": [], **{peer.name: [] for peer in peers}}, time.monotonic()
    try:
        for number in range(options.rounds):
            # The order turns, so that none always runs after the same other.
            order = [None, *peers][number % (len(peers) + 1) :] + [None, *peers][
                : number % (len(peers) + 1)
            ]
            for peer in order:
                name = peer.name if peer else "direct"
                if name in ("litellm", "direct") and number > 0:
                    continue
                try:
                    results[name].append(measure(peer, mocks, options))
                    print(
                        f"{time.monotonic() - begun:6.1f} s  round {number + 1}: {name}",
                        file=sys.stderr,
                        flush=True,
                    )
                except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
                    print(f"round {number + 1}: {name} failed: {error}", flush=True)
    finally:
        for mock in mocks:
            mock.stop()
    if options.json:
        pathlib.Path(options.json).write_text(
            json.dumps({"versions": versions, "rounds": results}, indent=1)
        )
    results = {name: rounds for name, rounds in results.items() if rounds}
    print(
        f"{os.cpu_count()} cores; gateway on core {GATEWAY_CORE}, load and two mocks on core {LOAD_CORE}; "
        f"{options.rounds} rounds (direct and litellm: one) in {time.monotonic() - begun:.0f} s; medians\n"
    )
    table(results, versions)


if __name__ == "__main__":
    main()
