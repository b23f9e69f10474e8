#!/usr/bin/env python3
"""Reads of the history while its servers stop, lag and come back, with orders going on.

Starts a PostgreSQL with three streaming replicas and a `perpetua serve` whose history they hold,
then, with the load of replica_load.py:

  healthy          three replicas serve
  replica stopped  one of them is shut down
  replica lagging  another one receives, but does not replay
  primary stopped  replicas serve; orders must not notice
  primary back     the backlog drains

Prints for each phase the rate and latencies of reads and orders, answers that were wrong, refusals
by code, and where reads went. At last every acknowledged order must be in the history once, and
its tables must be those of a rebuild from the journal. Exit code 1 if anything was wrong; latencies
are printed, not judged.

  replica_drill.py [--seconds 15] [--order-rate 120] [--read-rate 400] [--pairs 10]
"""
import argparse
import collections
import contextlib
import re
import sys
import time
from pathlib import Path

for folder in ("support", "integration"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
from api_case import MARK, NO_LIMITS, OPERATOR_KEY, QUIET, ApiExchange, until  # noqa: E402
from drill_load import DrillLoad, percentile  # noqa: E402
from postgres_servers import PostgresServer  # noqa: E402
from replica_load import (DEPOSIT, FRESH_LEDGER, ORDER, PRICES, READS, Page, Pair,  # noqa: E402
                          Plan, program)

REPLICAS = 3
ARCHIVE_MARKET = "AAVE-PERP"
ARCHIVE_ROUNDS = 130  # more closed orders than memory keeps of an agent
SIZES = {"BTC-PERP": "0.001", "ETH-PERP": "0.01", "PEPE-PERP": "5000000"}  # else as below
SIZE = "10"
HEALTHY, STOPPED, LAGGING, NO_PRIMARY, BACK = range(1, 6)
PHASES = {HEALTHY: "healthy", STOPPED: "replica stopped", LAGGING: "replica lagging",
          NO_PRIMARY: "primary stopped", BACK: "primary back"}
BETWEEN = 0
UNAVAILABLE = "exchange_unavailable"
BACK_TIMEOUT_S = 120


def metrics(exchange):
    return dict(re.findall(r"^(perpetua_history_\S+) (\S+)$",
                           exchange.client().get("/metrics").text, re.M))


def reads_by_server(values):
    rows = {"primary": int(float(values["perpetua_history_primary_reads_total"]))}
    for number in range(REPLICAS):
        name = f'perpetua_history_replica_reads_total{{replica="{number}"}}'
        rows[f"replica {number}"] = int(float(values[name]))
    return rows


def serving(exchange):
    return [number for number in range(REPLICAS)
            if metrics(exchange)[f'perpetua_history_replica_serves{{replica="{number}"}}'] == "1"]


def drained(exchange):
    values = metrics(exchange)
    return (values["perpetua_history_queued_bytes"] == "0"
            and values["perpetua_history_connected"] == "1")


def ok(reply):
    assert reply.status == 200, reply
    return reply.body


def make_pair(exchange, market):
    clients = []
    for role in ("maker", "taker"):
        _, client = exchange.register(f"{role}-{market}", "1000000")
        ok(client.put(f"/api/v1/positions/{market}/netting", {"netting": True}))
        clients.append(client)
    return Pair(clients[0].key, clients[1].key, market, MARK[market], SIZES.get(market, SIZE))


def make_archive(exchange):
    """Agents that trade now and never again: pages of theirs and of their market."""
    pair = make_pair(exchange, ARCHIVE_MARKET)
    clients = [exchange.client(pair.maker), exchange.client(pair.taker)]
    first_order = None
    for number in range(ARCHIVE_ROUNDS):
        sides = ("sell", "buy") if number % 2 else ("buy", "sell")
        for client, side in zip(clients, sides):
            placed = ok(client.post("/api/v1/orders", {
                "market": pair.market, "side": side, "price": pair.price, "size": pair.size}))
            first_order = first_order or placed["order_id"]
        ok(clients[0].post("/api/v1/account/deposit", {"amount": "0.5"}))
    until(lambda: drained(exchange), "the history has the archive", 60)
    pages = []
    paths = [f"/api/v1/orders/{first_order}", "/api/v1/account/ledger?limit=100"]
    for path in ("/api/v1/fills?limit=50", "/api/v1/orders/history?limit=50",
                 f"/api/v1/markets/{pair.market}/trades?limit=50"):
        paths += [path, f"{path}&cursor={ok(clients[0].get(path))['next_cursor']}"]
    for path in paths:
        pages.append(Page(pair.maker, path, ok(clients[0].get(path))))
    return pages


class Drill:
    def __init__(self, options, exchange, primary, replicas):
        self.options, self.exchange = options, exchange
        self.primary, self.replicas = primary, replicas
        self.load = None
        self.spans, self.reads = {}, {}
        self.failures = []
        self.backlog = ""

    @contextlib.contextmanager
    def phase(self, number):
        """What happens inside is a part of it, and it lasts as long as was asked for."""
        before, begun = reads_by_server(metrics(self.exchange)), time.monotonic()
        self.load.phase.value = number
        yield
        time.sleep(max(0.0, begun + self.options.seconds - time.monotonic()))
        after = reads_by_server(metrics(self.exchange))
        self.load.phase.value = BETWEEN
        self.spans[number] = time.monotonic() - begun
        self.reads[number] = {name: after[name] - before[name] for name in after}

    def wait_serving(self, expected):
        until(lambda: serving(self.exchange) == expected, f"replicas {expected} serve",
              BACK_TIMEOUT_S)

    def run(self):
        everyone = list(range(REPLICAS))
        with self.phase(HEALTHY):
            pass
        with self.phase(STOPPED):
            self.replicas[0].stop()
            self.wait_serving([1, 2])
        self.replicas[0].start()
        self.wait_serving(everyone)
        with self.phase(LAGGING):
            self.replicas[1].sql("SELECT pg_wal_replay_pause()")
            self.wait_serving([0, 2])
        self.replicas[1].sql("SELECT pg_wal_replay_resume()")
        self.wait_serving(everyone)
        with self.phase(NO_PRIMARY):
            self.primary.stop()
        queued = int(metrics(self.exchange)["perpetua_history_queued_bytes"])
        with self.phase(BACK):
            begun = time.monotonic()
            self.primary.start()
            until(lambda: drained(self.exchange), "the backlog drains", BACK_TIMEOUT_S)
            self.backlog = (f"{queued / 1e6:.1f} MB of rows waited, in the history "
                            f"{time.monotonic() - begun:.1f} s after the primary's start")
        self.wait_serving(everyone)

    def judge_codes(self, tally):
        """Nothing is refused, but a read of what neither memory nor a replica can have."""
        for sample in tally.samples:
            is_excused = (sample.kind in (FRESH_LEDGER, "own_orders")
                          and sample.code == UNAVAILABLE
                          and sample.phase in (NO_PRIMARY, BETWEEN, BACK))
            if sample.code and not is_excused:
                self.failures.append(f"phase {sample.phase}: {sample.kind} got {sample.code}")
        for number, name in PHASES.items():
            if number != NO_PRIMARY and sum(self.reads[number].values()) == 0:
                self.failures.append(f"{name}: no read reached the history")
        if self.reads[NO_PRIMARY]["primary"] > 0:
            self.failures.append("the primary served while it was stopped")

    def judge_history(self, database, acknowledged):
        """Every acknowledged order once, and the tables of a rebuild."""
        until(lambda: drained(self.exchange), "the backlog drains", BACK_TIMEOUT_S)
        rows = self.primary.sql("SELECT order_id FROM orders", database).split()
        written = collections.Counter(int(row) for row in rows)
        lost = [order for order in acknowledged if written[order] == 0]
        double = [order for order, count in written.items() if count > 1]
        print(f"{len(acknowledged)} acknowledged orders, {len(written)} in the history, "
              f"{len(lost)} missing, {len(double)} double")
        self.failures += [f"order {order} is missing" for order in lost]
        self.failures += [f"order {order} is there twice" for order in double]
        if self.exchange.stop() != 0:
            self.failures.append("the exchange did not stop cleanly")
        written, rebuilt = (self.tables(verb) for verb in ("checksum", "rebuild"))
        print(f"{len(written)} tables, checksums {'as' if written == rebuilt else 'NOT as'} "
              "after a rebuild from the journal")
        if written != rebuilt or not written:
            self.failures.append(f"checksums differ: {written} {rebuilt}"[:600])

    def tables(self, verb):
        code, output = self.exchange.tool("db", verb)
        if code != 0:
            self.failures.append(f"db {verb}: {output}"[:600])
        return [line for line in output.splitlines() if " rows " in line]

    def report(self, tally):
        print(f"{'phase':<16}{'reads/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'wrong':>6}"
              f"{'orders/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'errors':>7}  served by")
        for number, name in PHASES.items():
            columns = []
            for kinds in (READS, (ORDER, DEPOSIT, PRICES)):
                samples = tally.of(number, kinds)
                times = [sample.ms for sample in samples]
                columns.append((len(samples) / self.spans[number], percentile(times, 0.5),
                                percentile(times, 0.99), max(times, default=0),
                                sum(1 for sample in samples if sample.code)))
            wrong = sum(1 for text in tally.failures if text.startswith(f"phase {number}:"))
            reads, orders = columns
            served = ", ".join(f"{where} {count}" for where, count in self.reads[number].items())
            print(f"{name:<16}{reads[0]:>8.0f}{reads[1]:>8.2f}{reads[2]:>8.2f}{reads[3]:>8.1f}"
                  f"{wrong:>6}{orders[0]:>9.0f}{orders[1]:>8.2f}{orders[2]:>8.2f}{orders[3]:>8.1f}"
                  f"{reads[4] + orders[4]:>7}  {served}")
        print(self.backlog)
        for number, name in PHASES.items():
            fresh = tally.of(number, (FRESH_LEDGER,))
            refused = sum(1 for sample in fresh if sample.code)
            times = [sample.ms for sample in fresh if not sample.code]
            print(f"ledger right after a deposit, {name}: {len(times)} served, p50 "
                  f"{percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms, "
                  f"{refused} {UNAVAILABLE}")

    def details(self, tally):
        for number, name in PHASES.items():
            for kind in READS:
                samples = tally.of(number, (kind,))
                times = [sample.ms for sample in samples]
                codes = collections.Counter(s.code for s in samples if s.code)
                print(f"  {name:<16}{kind:<11}{len(times):>6}  p50 {percentile(times, 0.5):.2f}  "
                      f"p99 {percentile(times, 0.99):.2f}  max {max(times, default=0):.1f} ms  "
                      f"{dict(codes) or ''}")


def start(options, stack):
    primary = stack.enter_context(contextlib.closing(PostgresServer()))
    url = primary.create_database("history")
    replicas = [stack.enter_context(contextlib.closing(primary.replica()))
                for _ in range(REPLICAS)]
    exchange = stack.enter_context(ApiExchange(
        **NO_LIMITS, **QUIET, database_url=url,
        database_replica_urls=",".join(server.url("history") for server in replicas)))
    exchange.start()
    for _ in range(3):  # the third opens a market
        exchange.push_prices()
    drill = Drill(options, exchange, primary, replicas)
    drill.wait_serving(list(range(REPLICAS)))
    markets = [market for market in MARK if market != ARCHIVE_MARKET][:options.pairs]
    _, saver = exchange.register("saver", "1000")
    plan = Plan(
        port=exchange.port, operator_key=OPERATOR_KEY, archive=make_archive(exchange),
        prices={"prices": [{"market": m, "price": price} for m, price in MARK.items()]},
        pairs=[make_pair(exchange, market) for market in markets], saver=saver.key,
        order_rate=options.order_rate, read_rate=options.read_rate, old_s=options.seconds + 5)
    drill.load = stack.enter_context(DrillLoad(program, plan))
    return drill


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=15, help="of each phase")
    parser.add_argument("--order-rate", type=float, default=120,
                        help="orders a second; with the primary stopped, an agent that closes more "
                             "than 100 waits for its order history")
    parser.add_argument("--read-rate", type=float, default=400,
                        help="reads a second, beside one for each pair of orders")
    parser.add_argument("--pairs", type=int, default=10, choices=range(1, len(MARK)))
    parser.add_argument("--details", action="store_true", help="latencies of each kind of read")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        drill = start(options, stack)
        drill.run()
        tally = drill.load.collect()
        drill.report(tally)
        if options.details:
            drill.details(tally)
        drill.judge_codes(tally)
        drill.judge_history("history", tally.notes["orders"])
        failures = tally.failures + drill.failures
    counts = collections.Counter(failures)
    for text, count in counts.most_common(20):
        print("FAILED", text, f"({count} times)" if count > 1 else "")
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
