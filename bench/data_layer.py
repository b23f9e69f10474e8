#!/usr/bin/env python3
"""Durable orders over HTTP with Redis and PostgreSQL beside the exchange, against the embedded one.

    bench/data_layer.py [--seconds 20] [--pairs 3]

Starts a Redis and a PostgreSQL of its own, drives both kinds of exchange in turns with `perpetua
load` (50 connections, limits off) and prints every run and the medians with their ratio. Everything
runs on this machine and shares its cores. The projection's lag is read from /metrics at the end of
each run.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARY = os.environ.get("PERPETUA_BINARY", str(ROOT / "build/release/bin/perpetua"))
for folder in ("support", "integration"):
    sys.path.insert(0, str(ROOT / "tests" / folder))
from exchange import Exchange  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from redis_servers import RedisServer  # noqa: E402

NO_LIMITS = dict(rate_agent=0, rate_global=0, rate_reads=0, rate_registrations=0)


def lag_p99_ms(metrics):
    """Upper edge of the bucket that holds the 99th percentile of the projection's lag."""
    buckets = re.findall(r'perpetua_redis_lag_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)', metrics)
    total = max((float(count) for _, count in buckets), default=0)
    for edge, count in buckets:
        if total and float(count) >= 0.99 * total:
            return float(edge) * 1000
    return None


def drive(seconds, **settings):
    with Exchange(binary=BINARY, **NO_LIMITS, **settings) as exchange:
        exchange.start()
        done = subprocess.run(
            [BINARY, "load", "--url", f"http://127.0.0.1:{exchange.port}", "--agents", "50",
             "--connections", "50", "--rate", "max", "--duration", str(seconds)],
            capture_output=True, text=True, check=False)
        if not done.stdout.strip():
            raise RuntimeError(done.stderr[-500:] + exchange.log()[-500:])
        result = json.loads(done.stdout.strip().splitlines()[-1])
        result["lag_p99_ms"] = lag_p99_ms(exchange.client().get("/metrics").text)
        exchange.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    rates = {"embedded": [], "stores": []}
    with RedisServer() as redis, PostgresServer() as database:
        stores = {"redis_url": redis.url, "database_url": database.url}
        for number in range(options.pairs):
            for kind, settings in (("embedded", {}), ("stores", stores)):
                if kind == "stores":
                    database.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                    redis.cli("FLUSHALL")
                result = drive(options.seconds, **settings)
                rates[kind].append(result["rate_per_s"])
                print(f"{number + 1} {kind:<9} {result['rate_per_s']:>7} orders/s  p50 "
                      f"{result['p50_ms']} ms  p99 {result['p99_ms']} ms  {result['errors']} errors"
                      f"  lag p99 <= {result['lag_p99_ms']} ms", flush=True)
    medians = {kind: statistics.median(values) for kind, values in rates.items()}
    print(f"medians: embedded {medians['embedded']}, stores {medians['stores']}, "
          f"ratio {medians['stores'] / medians['embedded']:.2f}")


if __name__ == "__main__":
    main()
