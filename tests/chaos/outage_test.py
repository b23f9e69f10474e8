#!/usr/bin/env python3
"""PostgreSQL is stopped for a while under load: trading goes on, the backlog drains, and afterwards
nothing is missing or double: the checksums of all tables are those of a rebuild from the journal.

  outage_test.py [--outage-seconds 600] [--rate 500] [--backlog-mib 4096] [--growth-mib 512]

With a small backlog the rest is read from the journal. Prints how far the history was behind and
what the exchange needed of memory; more than --growth-mib beyond what it had before is a failure.
"""
import argparse
import contextlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from exchange import Exchange  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402

BEFORE_S, AFTER_S = 3, 3  # load around the outage
DRAIN_TIMEOUT_S = 600
MIB = 1 << 20


def resident_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) / 1024


class Watch:
    """What /metrics and the kernel say of a running exchange."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.client = exchange.client()
        self.peak_mib = 0
        self.missing_max = 0
        self.queued_max = 0

    def look(self):
        metrics = self.client.get("/metrics").text
        values = dict(re.findall(r"^(perpetua_history_\w+) ([0-9.e+]+)$", metrics, re.M))
        history = {name.removeprefix("perpetua_history_"): float(value)
                   for name, value in values.items()}
        self.peak_mib = max(self.peak_mib, resident_mib(self.exchange.process.pid))
        self.missing_max = max(self.missing_max, history["missing_batches"])
        self.queued_max = max(self.queued_max, history["queued_bytes"])
        return history

    def for_seconds(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.2)

    def until_whole(self):
        begin = time.monotonic()
        while time.monotonic() < begin + DRAIN_TIMEOUT_S:
            history = self.look()
            if history["failed"]:
                raise RuntimeError("the history has ended: " + self.exchange.log()[-1000:])
            if not history["missing_batches"] and not history["queued_bytes"]:
                return time.monotonic() - begin
            time.sleep(0.1)
        raise RuntimeError(f"not whole after {DRAIN_TIMEOUT_S} s: {history}")


def start_load(exchange, options):
    duration = BEFORE_S + options.outage_seconds + AFTER_S
    return subprocess.Popen(
        [exchange.binary, "load", "--url", f"http://127.0.0.1:{exchange.port}", "--agents", "20",
         "--connections", "8", "--rate", str(options.rate), "--duration", str(duration)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def tables(exchange, verb):
    code, output = exchange.tool("db", verb)
    if code != 0:
        raise RuntimeError(f"db {verb}: {output}")
    return [line for line in output.splitlines() if " rows " in line]


def compare(exchange, failures):
    written = tables(exchange, "checksum")
    rebuilt = tables(exchange, "rebuild")
    different = [f"written {was}, rebuilt {now}"
                 for was, now in zip(written, rebuilt) if was != now]
    failures += different
    if len(written) != len(rebuilt) or not written:
        failures.append(f"{len(written)} tables written, {len(rebuilt)} rebuilt")
    rows = sum(int(line.split()[1]) for line in written)
    print(f"{rows} rows in {len(written)} tables, {'different' if different else 'equal'} to a "
          "rebuild from the journal")


def run(options):
    failures = []
    settings = dict(rate_agent=0, rate_global=0, rate_reads=0, rate_registrations=0,
                    database_backlog_mib=options.backlog_mib, snapshot_every=20_000)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(PostgresServer())
        exchange = stack.enter_context(Exchange(**settings, database_url=database.url))
        exchange.start()
        load = start_load(exchange, options)
        stack.callback(load.kill)
        watch = Watch(exchange)
        watch.for_seconds(BEFORE_S)
        before_mib = resident_mib(exchange.process.pid)
        database.stop()
        watch.for_seconds(options.outage_seconds)
        during_mib = watch.peak_mib
        degraded = watch.client.get("/readyz").body
        if degraded is None or "history" not in str(degraded.get("degraded")):
            failures.append(f"/readyz does not tell: {degraded}")
        print(f"after {options.outage_seconds} s without PostgreSQL: at most "
              f"{watch.queued_max / MIB:.1f} MiB of rows waited, {watch.missing_max:.0f} batches "
              "were left to the journal", flush=True)
        database.start()
        result = json.loads(load.communicate(timeout=120)[0].strip().splitlines()[-1])
        drained_s = watch.until_whole()
        print(f"whole {drained_s:.1f} s after the load; {result['rate_per_s']} orders/s, p99 "
              f"{result['p99_ms']} ms, {result['errors']} errors; memory {before_mib:.0f} MiB "
              f"before, {during_mib:.0f} at most without PostgreSQL, {watch.peak_mib:.0f} at most "
              f"at all, {resident_mib(exchange.process.pid):.0f} after", flush=True)
        if result["errors"]:
            failures.append(f"orders failed: {result}")
        if watch.peak_mib > before_mib + options.growth_mib:
            failures.append(f"memory grew by {watch.peak_mib - before_mib:.0f} MiB")
        if options.backlog_mib == 1 and watch.missing_max == 0:
            failures.append("too little load: the backlog was never full")
        if exchange.stop() != 0:
            failures.append("no clean stop: " + exchange.log()[-500:])
        compare(exchange, failures)
    for failure in failures:
        print("FAILED", failure)
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--outage-seconds", type=int, default=600)
    parser.add_argument("--rate", type=int, default=500, help="orders a second")
    parser.add_argument("--backlog-mib", type=int, default=4096)
    parser.add_argument("--growth-mib", type=int, default=512)
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    main()
