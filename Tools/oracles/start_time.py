#!/usr/bin/env python3
"""Milliseconds from process start to the first printed line with the server's URL; median of N.

The server answers when it prints. Usage: start_time.py N quire up [flags]
"""

import signal
import statistics
import subprocess
import sys
import time


def main():
    starts, stops = [], []
    for _ in range(int(sys.argv[1])):
        begin = time.perf_counter()
        process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True)
        line = next((line for line in process.stdout if "http://" in line), None)
        starts.append(1000 * (time.perf_counter() - begin))
        assert line, f"ended with status {process.wait()} before it printed a URL"
        begin = time.perf_counter()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        status = process.wait()
        stops.append(1000 * (time.perf_counter() - begin))
        assert status == 0, f"exit status {status} after SIGINT"
    for name, times in (("start", starts), ("stop", stops)):
        shown = f"{statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f}"
        print(f"{name}: median {shown}, of {len(times)}")


if __name__ == "__main__":
    main()
