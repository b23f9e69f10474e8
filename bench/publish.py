#!/usr/bin/env python3
"""Runs every published benchmark and rewrites the table between the marks in docs/performance.md.

  publish.py [--quick]     quick: seconds instead of minutes, for trying the script
"""
import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / "build/release/bin"
sys.path.insert(0, str(ROOT / "tests/support"))
from exchange import Exchange  # noqa: E402

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NO_LIMITS = dict(rate_agent=0, rate_global=0, rate_reads=0, rate_registrations=0)


def machine():
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    model = found.group(1) if found else "unknown CPU"
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1))
    return (f"{os.cpu_count()} cores {model}, {memory / 2**20:.0f} GiB, "
            f"{platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f}")


def order_flow_rows(folder, seeds):
    files = []
    for workload in ("W1", "W2", "W3", "W4"):
        for seed in seeds:
            path = Path(folder) / f"{workload}-{seed}.ofs"
            subprocess.run([BIN / "generate_order_flow", workload, path, str(seed)], check=True,
                           stdout=subprocess.DEVNULL)
            files.append(str(path))
    for name in ("bench_book", "bench_engine"):
        done = subprocess.run(["taskset", "-c", "1", BIN / name, *files], capture_output=True,
                              text=True, check=False)
        sys.stderr.write(done.stdout + done.stderr)
        for line in done.stdout.splitlines():
            yield f"| `{name}` | {' '.join(line.split())} |"


def load_row(title, *arguments):
    with Exchange(binary=str(BIN / "perpetua"), **NO_LIMITS) as exchange:
        exchange.start()
        done = subprocess.run([BIN / "perpetua", "load", "--url",
                               f"http://127.0.0.1:{exchange.port}", *arguments],
                              capture_output=True, text=True, check=False)
        sys.stderr.write(done.stdout[-900:] + done.stderr[-200:])
        result = json.loads(done.stdout.strip().splitlines()[-1])
        exchange.stop()
    return (f"| {title} | {result['rate_per_s']} orders/s, p50 {result['p50_ms']} ms, "
            f"p99 {result['p99_ms']} ms, p99.9 {result['p999_ms']} ms, max {result['max_ms']} ms, "
            f"{result['errors']} errors, {result['rejected']} refused |")


def measure(quick):
    rows = ["| what | figure |", "|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        rows += order_flow_rows(folder, (42,) if quick else (42, 7, 99))
    seconds = "3" if quick else "60"
    rows.append(load_row("50 agents, HTTP, 100 orders/s", "--agents", "50", "--rate", "100",
                         "--duration", seconds))
    rows.append(load_row("50 connections, HTTP, as fast as possible", "--agents", "50",
                         "--connections", "50", "--rate", "max", "--duration",
                         "3" if quick else "20"))
    rows.append(load_row("WebSocket agents at 1,000 orders/s" if quick else
                         "10,000 WebSocket agents at 1,000 orders/s", "--agents",
                         "500" if quick else "10000", "--rate", "1000", "--transport", "ws",
                         "--duration", seconds))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    head = f"Measured {datetime.date.today()} on {machine()},\nload generator on the same machine."
    table = "\n".join([head, "", *measure(quick)])
    path = ROOT / "docs/performance.md"
    text = path.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    path.write_text(text[:begin] + "\n" + table + "\n" + text[end:])
    print(table)


if __name__ == "__main__":
    main()
