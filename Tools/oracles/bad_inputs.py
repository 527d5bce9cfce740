#!/usr/bin/env python3
"""Gives a quire binary bad model folders and a running server bad requests.

Every folder must be refused at start: an exit status that is an error and no signal, and a few
lines on stderr that name what is wrong. Every request must get a 4xx (or 501, 505) with an OpenAI
error body, the process must live, and a good request must be served afterwards. Prints a table;
exit status 1 on any miss. Standard library only; folders are made in a temporary directory.

Usage: bad_inputs.py QUIRE [--only TEXT] [--verbose]        QUIRE: .build/release/quire
"""

import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import bad_folders
import bad_requests

START_SECONDS = 20
ANSWER_SECONDS = 20
MOST_LINES = 4


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(options, folder, **streams):
    port = free_port()
    command = [options.quire, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    return port, subprocess.Popen(command, stdin=subprocess.DEVNULL, **streams)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def try_folder(options, folder, fragment):
    """What is wrong with the refusal (None if it is as it should be), and its first line."""
    streams = dict(stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, process = serve(options, folder, **streams)
    try:
        _, errors = process.communicate(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        stop(process)
        process.communicate()
        return f"still running after {START_SECONDS} s", ""
    text = errors.decode(errors="replace").strip()
    # The memory plan and the like may be printed before the complaint, which is last.
    lines = text.splitlines()
    last = lines[-1] if lines else ""
    if process.returncode == 0:
        return "exit status 0", last
    if process.returncode < 0 or process.returncode > 128:
        return f"killed by signal {-process.returncode}", last
    if not lines:
        return "no word on stderr", last
    if len(lines) > MOST_LINES:
        return f"{len(lines)} lines on stderr", last
    if fragment.lower() not in text.lower():
        return f"does not say \"{fragment}\"", last
    return None, last


def exchange(port, request):
    """Sends raw bytes and reads one answer: (status, body)."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # Refused before all of it was read; the answer says why.
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError(f"closed after {len(data)} bytes of an answer")
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [
            line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        ]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError("closed within the body")
            body += piece
    return int(head.split(b" ", 2)[1]), body


def try_request(port, request, statuses):
    try:
        status, body = exchange(port, request)
    except (OSError, ValueError, IndexError) as error:
        return f"no answer: {error!r}", ""
    try:
        error = json.loads(body)["error"]
        message = error["message"]
    except (ValueError, KeyError, TypeError):
        return f"status {status}, no OpenAI error body: {body[:60]!r}", ""
    line = f"{status} {message}"
    if status not in statuses:
        return f"status {status} instead of {sorted(statuses)}", line
    if not message or error.get("code") != status or not error.get("type"):
        return f"incomplete error {error}", line
    return None, line


def is_served(port):
    try:
        return exchange(port, bad_requests.completion())[0] == 200
    except OSError:
        return False


def wait_until_served(port, process):
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        if is_served(port):
            return True
        time.sleep(0.05)
    return False


class Table:
    """Counts, and prints one line per case: all with --verbose, else the misses."""

    def __init__(self, title, verbose):
        self.title = title
        self.verbose = verbose
        self.good = 0
        self.bad = 0

    def add(self, name, problem, line):
        if problem:
            self.bad += 1
            print(f"MISS  {name:45}  {problem}\n      {line[:160]}", flush=True)
            return
        self.good += 1
        if self.verbose:
            print(f"ok    {name:45}  {line[:120]}", flush=True)

    def close(self):
        print(f"{self.title}: {self.good} refused as they should be, {self.bad} missed", flush=True)
        return self.bad


def check_folders(options, root):
    table = Table("model folders", options.verbose)
    for index, (name, spoil, fragment) in enumerate(bad_folders.CASES):
        if options.only in name:
            folder = bad_folders.Folder(root / f"case{index}")
            spoil(folder)
            table.add(name, *try_folder(options, folder.path, fragment))
    return table.close()


def check_requests(options, root):
    table = Table("requests", options.verbose)
    folder = bad_folders.Folder(root / "sound")
    with open(root / "server.log", "wb") as log:
        port, process = serve(options, folder.path, stdout=log, stderr=log)
    try:
        if not wait_until_served(port, process):
            print("MISS  the sound folder is not served:")
            print((root / "server.log").read_text(errors="replace")[-2000:])
            return 1
        for name, request, statuses in bad_requests.cases():
            if options.only not in name:
                continue
            problem, line = try_request(port, request, statuses)
            if process.poll() is not None:
                table.add(name, f"the server ended with status {process.returncode}", line)
                return table.close()
            if not problem and not is_served(port):
                problem = "a good request is not served afterwards"
            table.add(name, problem, line)
    finally:
        stop(process)
    if process.returncode != 0:
        table.add("SIGTERM at the end", f"exit status {process.returncode}", "")
    return table.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("quire")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--verbose", action="store_true", help="print the good cases too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        missed = check_requests(options, root) + check_folders(options, root)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
