#!/usr/bin/env python3
"""The journal in files against the journal in PostgreSQL, in alternating runs on this machine.

  journal_compare.py BINARY [--rounds 3] [--seconds 8]

Each run starts an exchange (and for the table a PostgreSQL of its own, on the same disk), drives it
with `perpetua load`, and reads the commits from /metrics. Prints one line per run, then medians and
their ratio, table to files.
"""
import argparse
import contextlib
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from exchange import Exchange  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402

LOADS = {"100/s": ("--rate", "100", "--agents", "50"),
         "max, 50": ("--rate", "max", "--agents", "50", "--connections", "50"),
         "max, 250": ("--rate", "max", "--agents", "250", "--connections", "250")}


def commits(exchange):
    text = exchange.client().get("/metrics").text
    return tuple(float(re.search(rf"^perpetua_commit_seconds_{part} (\S+)$", text, re.M).group(1))
                 for part in ("sum", "count"))


def run(binary, kind, load, seconds):
    settings = dict(rate_agent=0, rate_global=0, rate_reads=0, rate_registrations=0)
    with contextlib.ExitStack() as stack:
        if kind == "table":
            server = stack.enter_context(PostgresServer())
            settings.update(journal="postgres", journal_url=server.url)
        exchange = stack.enter_context(Exchange(binary=binary, **settings))
        exchange.start()
        before = commits(exchange)
        done = subprocess.run([binary, "load", *LOADS[load], "--duration", str(seconds), "--url",
                               f"http://127.0.0.1:{exchange.port}"], capture_output=True,
                              text=True, check=False, timeout=seconds + 120)
        after = commits(exchange)
        exchange.stop()
    result = json.loads(done.stdout.strip().splitlines()[-1])
    print(kind, load, result, flush=True)
    count = after[1] - before[1]
    return {"orders/s": result["rate_per_s"], "p50 ms": result["p50_ms"],
            "p99 ms": result["p99_ms"], "errors": result["errors"],
            "commit ms": 1000 * (after[0] - before[0]) / max(count, 1),
            "commits/s": count / seconds}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    arguments = parser.parse_args()
    figures = {}
    for _ in range(arguments.rounds):
        for load in LOADS:
            for kind in ("file", "table"):
                figures.setdefault((load, kind), []).append(
                    run(arguments.binary, kind, load, arguments.seconds))
    for load in LOADS:
        for figure in figures[load, "file"][0]:
            medians = {kind: statistics.median(one[figure] for one in figures[load, kind])
                       for kind in ("file", "table")}
            print(f"{load:9} {figure:10} file {medians['file']:.3f} table {medians['table']:.3f} "
                  f"ratio {medians['table'] / max(medians['file'], 1e-9):.2f}")


if __name__ == "__main__":
    main()
