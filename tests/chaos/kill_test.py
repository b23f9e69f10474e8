#!/usr/bin/env python3
"""kill -9 at random instants under load, with clients that retry under the same key.

Judge: the clients' own logs of what was acknowledged.
  lost      an acknowledged command whose effect or outcome is not there afterwards
  double    a command whose effect is there more than once
Every request carries an Idempotency-Key (money) or a client id (orders) and is repeated until it is
answered, so after the run each of them must have taken effect exactly once.

With --journal postgres the journal is a table, and the exchange and its database are killed in
turns; the exchange must outlive its database. Now and then second engines are started on the same
database: none of them may lead (rivals.py). With --stores the exchange has Redis and PostgreSQL
beside its journal, which are killed and emptied in turns, and must at last show what the journal
alone shows.

  kill_test.py [--kills 50] [--clients 8] [--seed N] [--journal file|postgres] [--stores]
"""
import argparse
import collections
import contextlib
import http.client
import random
import sys
import threading
import time
from pathlib import Path

for folder in ("support", "integration"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
from exchange import Exchange  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from redis_servers import RedisServer  # noqa: E402
from rivals import challenge  # noqa: E402

STEP_MICRO = 1
CHALLENGE_EVERY = 25  # kills


class Shared:
    stop = threading.Event()
    failures = []
    lost = 0
    double = 0
    retries = 0
    replays = 0

    def fail_lost(self, count, text):
        self.lost += count
        self.failures.append("lost: " + text)

    def fail_double(self, count, text):
        self.double += count
        self.failures.append("double: " + text)


def until_answered(shared, client, method, path, body, **headers):
    """Repeats the same request until there is an answer that decides it."""
    deadline = time.monotonic() + 120
    is_retry = False
    while time.monotonic() < deadline:
        try:
            reply = client.request(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            shared.retries += 1
            is_retry = True
            time.sleep(0.005)
            continue
        if reply.status == 503 or reply.status == 429:
            time.sleep(0.01)
            continue
        if is_retry and isinstance(reply.body, dict) and reply.body.get("replayed"):
            shared.replays += 1
        return reply
    raise RuntimeError(f"no answer within 120 s: {method} {path}")


def run_money(shared, client, name, log):
    """Deposits of one micro-USDC; the balance counts how often they were executed."""
    number = 0
    while not shared.stop.is_set():
        number += 1
        key = f"{name}-{number}"
        reply = until_answered(shared, client, "POST", "/api/v1/account/deposit",
                               {"amount": "0.000001"}, **{"Idempotency-Key": key})
        if reply.status != 200:
            shared.failures.append(f"deposit {key}: {reply}")
            return
        log.append((key, reply.body))


def run_orders(shared, client, name, side, price, log):
    """Orders that cross those of a partner; every third is cancelled by its client id."""
    number = 0
    while not shared.stop.is_set():
        number += 1
        client_id = f"{name}-{number}"
        body = {"market": "BTC-PERP", "side": side, "kind": "limit", "price": str(price),
                "size": "0.001", "client_id": client_id}
        reply = until_answered(shared, client, "POST", "/api/v1/orders", body)
        if reply.status != 200 and reply.code not in ("insufficient_margin",
                                                      "too_many_open_orders"):
            shared.failures.append(f"order {client_id}: {reply}")
            return
        log.append((client_id, reply.status, body, reply.body))
        if reply.status != 200:
            until_answered(shared, client, "POST", "/api/v1/orders/cancel-all", {})
        elif number % 3 == 0:
            until_answered(shared, client, "DELETE",
                           f"/api/v1/orders/by-client-id/{client_id}", None)


def all_orders(client):
    found, cursor = {}, None
    while True:
        path = "/api/v1/orders/history?limit=500" + (f"&cursor={cursor}" if cursor else "")
        page = client.get(path).body
        for order in page["items"]:
            found.setdefault(order["client_id"], []).append(order)
        cursor = page.get("next_cursor")
        if not cursor:
            return found


def judge_money(shared, client, log, start):
    balance = client.get("/api/v1/account").body
    micro = round(float(balance["free"]) * 1e6)
    expected = start + len(log) * STEP_MICRO
    told = f"balance {micro}, acknowledged deposits make {expected}"
    if micro < expected:
        shared.fail_lost((expected - micro) // STEP_MICRO, told)
    elif micro > expected:
        shared.fail_double((micro - expected) // STEP_MICRO, told)
    for key, first in log[-200:]:
        again = client.post("/api/v1/account/deposit", {"amount": "0.000001"},
                            **{"Idempotency-Key": key})
        if again.status != 200 or not again.body.get("replayed"):
            shared.fail_double(1, f"repeat of {key} was executed again: {again}")
        elif {k: v for k, v in again.body.items() if k != "replayed"} != {
                k: v for k, v in first.items() if k != "replayed"}:
            shared.failures.append(f"repeat of {key} differs: {first} {again.body}")


def judge_orders(shared, client, log):
    orders = all_orders(client)
    for client_id, status, _, body in log:
        seen = orders.get(client_id, [])
        if status == 200 and not seen:
            shared.fail_lost(1, f"order {client_id} {body}")
        if len(seen) > 1:
            shared.fail_double(len(seen) - 1, f"order {client_id}: {seen}")
        if status == 200 and seen and seen[0]["order_id"] != body["order_id"]:
            shared.failures.append(f"order {client_id} has another id: {seen} {body}")


def first_price(client):
    """The mark of BTC-PERP, as soon as the market has one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        mark = client.get("/api/v1/markets/BTC-PERP").body["mark_price"]
        if mark is not None:
            return int(float(mark))
        time.sleep(0.02)
    raise RuntimeError("no price within 30 s")


def kill_exchange(exchange):
    exchange.kill()
    exchange.start()


def lose_server(exchange, server, end):
    """Redis comes back empty, PostgreSQL with what it had; the exchange lives on."""
    process = exchange.process.pid
    end()
    server.start()
    exchange.wait_ready(60)
    assert exchange.process.pid == process, "the exchange ended with its server"


def disturbances(exchange, database, redis, is_table):
    """What happens in turns: (name, action)."""
    engine = ("kill -9 of the engine", lambda: kill_exchange(exchange))
    turns = [engine]
    if redis is not None:
        turns += [("FLUSHALL", lambda: redis.cli("FLUSHALL")),
                  ("kill -9 of Redis", lambda: lose_server(exchange, redis, redis.kill))]
    if database is not None:
        turns.append(("kill -9 of PostgreSQL",
                      lambda: lose_server(exchange, database, database.kill)))
    if is_table:
        turns += [engine, ("immediate stop of PostgreSQL",
                           lambda: lose_server(exchange, database, database.stop_immediately)),
                  engine, ("kill -9 of the postmaster",
                           lambda: lose_server(exchange, database, database.kill_postmaster))]
    return turns


def shown(clients):
    """What each agent sees of itself, but for the values that follow the mark."""
    views = []
    for client in clients:
        account = client.get("/api/v1/account").body
        views.append({
            "account": {k: account[k] for k in ("free", "reserved", "position_margin")},
            "positions": [{k: p[k] for k in ("market", "size", "entry_price", "margin")}
                          for p in client.get("/api/v1/positions").body["items"]],
            "orders": client.get("/api/v1/orders?limit=500").body["items"],
            "intents": client.get("/api/v1/intents?limit=500").body["items"],
            "keys": [k["key_id"] for k in client.get("/api/v1/keys").body["items"]]})
    return views


def judge_stores(shared, exchange, clients):
    """The exchange without its stores, from the journal alone, must show the same."""
    clients[0].post("/api/v1/intents", {"market": "BTC-PERP", "direction": "long",
                                        "size_usdc": "50", "reason": "still there?"})
    before = shown(clients)
    solvency = exchange.client().get("/api/v1/solvency").body
    exchange.stop()
    for name in ("redis_url", "database_url"):
        exchange.settings.pop(name, None)
    exchange.start()
    for client in clients:
        client.close()  # it belonged to the process that stopped
    for client, was, now in zip(clients, before, shown(clients)):
        for name, rows in was.items():
            if rows != now[name]:
                shared.failures.append(f"{name} with stores {rows}, without {now[name]}"[:600])
    for report in (solvency, exchange.client().get("/api/v1/solvency").body):
        if report["verdict"] != "ok":
            shared.failures.append(f"money is not balanced: {report}"[:600])


def judge_table(shared, database, starts):
    """Every batch once, and an epoch for each start of the one engine that led."""
    rows = database.sql("SELECT count(*), max(batch_seq) + 1, count(DISTINCT epoch) FROM journal")
    count, expected, epochs = (int(part) for part in rows.split("|"))
    if count != expected:
        shared.failures.append(f"the table has {count} rows, the last one makes {expected}")
    if epochs - 1 != starts:
        shared.failures.append(f"{epochs - 1} epochs led, the engine was started {starts} times")
    print(f"{count} rows, {epochs - 1} epochs, the engine was started {starts} times")


def disturb(arguments, shared, exchange, turns):
    """Returns how often what happened, and how long each took until the exchange was ready."""
    draw = random.Random(arguments.seed)
    done, recoveries = collections.Counter(), []
    for number in range(arguments.kills):
        time.sleep(draw.uniform(0.001, 0.5))
        started = time.monotonic()
        name, action = turns[number % len(turns)]
        action()
        done[name] += 1
        recoveries.append(time.monotonic() - started)
        at = min(arguments.kills, CHALLENGE_EVERY) // 2
        if arguments.journal == "postgres" and number % CHALLENGE_EVERY == at:
            challenge(shared, exchange)
    return done, sorted(recoveries)


def report(shared, acknowledged, done, recoveries):
    for name, count in done.items():
        print(f"{count:4} x {name}")
    print(f"{acknowledged} acknowledged commands, {shared.lost} lost, {shared.double} double, "
          f"{shared.retries} retries, {shared.replays} answered from memory of the first try; "
          f"ready again after {recoveries[len(recoveries) // 2]:.2f} s in the median, "
          f"{recoveries[-1]:.2f} s at most")
    for failure in shared.failures[:20]:
        print("FAILED", failure)
    if acknowledged < sum(done.values()) * 5:
        print("FAILED too little load to prove anything")
        return 1
    return 1 if shared.failures else 0


def run(arguments):
    shared = Shared()
    settings = dict(rate_agent=0, rate_global=0, rate_reads=0, rate_registrations=0,
                    liquidity="off", snapshot_every=2000, segment_mib=4)
    with contextlib.ExitStack() as stack:
        database = None
        redis = None
        if arguments.journal == "postgres" or arguments.stores:
            database = stack.enter_context(PostgresServer())
        if arguments.journal == "postgres":
            settings.update(journal="postgres", journal_url=database.url)
        if arguments.stores:
            redis = stack.enter_context(RedisServer())
            settings.update(redis_url=redis.url, database_url=database.url)
        exchange = stack.enter_context(Exchange(**settings))
        exchange.start()
        price = first_price(exchange.client())
        threads, money, orders = [], [], []
        for number in range(arguments.clients):
            name = f"client-{number}"
            _, client = exchange.register(name, "1000000")
            log = []
            if number % 2 == 0:
                money.append((client, log))
                task = (run_money, (shared, client, name, log))
            else:
                side = "buy" if number % 4 == 1 else "sell"
                netting = client.request("PUT", "/api/v1/positions/BTC-PERP/netting",
                                         {"netting": True})
                assert netting.status == 200, netting
                orders.append((client, log))
                task = (run_orders, (shared, client, name, side, price, log))
            threads.append(threading.Thread(target=task[0], args=task[1], daemon=True))
        for thread in threads:
            thread.start()
        done, recoveries = disturb(
            arguments, shared, exchange,
            disturbances(exchange, database, redis, arguments.journal == "postgres"))
        time.sleep(0.5)
        shared.stop.set()
        for thread in threads:
            thread.join(130)
            if thread.is_alive():
                shared.failures.append("a client never got its answer")
        for client, log in money:
            judge_money(shared, client, log, 1_000_000 * 1_000_000)
        for client, log in orders:
            judge_orders(shared, client, log)
        if arguments.stores:
            judge_stores(shared, exchange, [client for client, _ in money + orders])
        exit_code = exchange.stop()
        if exit_code != 0:
            shared.failures.append(f"clean stop ended with {exit_code}: {exchange.log()[-500:]}")
        if arguments.journal == "postgres":
            judge_table(shared, database, exchange.starts)
        code, output = exchange.tool("journal", "verify")
        if code != 0:
            shared.failures.append("journal verify: " + output[-500:])
        acknowledged = sum(len(log) for _, log in money) + sum(len(log) for _, log in orders)
        return report(shared, acknowledged, done, recoveries)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--stores", action="store_true",
                        help="with Redis and PostgreSQL, killed and emptied in turns, too")
    parser.add_argument("--journal", choices=("file", "postgres"), default="file")
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    main()
