#!/usr/bin/env python3
"""A Redis Cluster loses a master and has its slots moved, under load of a `perpetua serve`.

Six nodes, cluster-node-timeout 2,000 ms, 50 connections with an agent each; with the load of
cluster_load.py:

  healthy        three masters, three replicas
  master killed  kill -9 of one of them: its replica takes over
  node back      it is started again and becomes a replica
  slots moved    those of the agents' keys, with their keys, from master to master

Prints for each phase rate, latencies and refusals by code, and after the kill each second until the
exchange is back to normal: no errors, and the 99th percentile as in the healthy phase. Then what
was acknowledged is compared with the exchange, before and after its restart, and Redis with the
journal (`perpetua redis verify`); both money identities must hold. Exit code 1 if an acknowledged
command was lost or done twice, a refusal was none that may be repeated, moving slots gave any
error, or the comparison failed. Times are printed, not judged.

  cluster_drill.py [--seconds 20] [--rate 1000] [--connections 50]
"""
import argparse
import collections
import contextlib
import math
import sys
import time
from pathlib import Path

for folder in ("support", "integration"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))
from api_case import MARK, NO_LIMITS, OPERATOR_KEY, QUIET, ApiExchange, until  # noqa: E402
from cluster_load import COMMAND, MARKET, RETRYABLE, Plan, program  # noqa: E402
from drill_load import DrillLoad, percentile  # noqa: E402
from redis_servers import NODE_TIMEOUT_MS, RedisCluster  # noqa: E402

HEALTHY, KILLED, BACK, MOVED = range(1, 5)
PHASES = {HEALTHY: "healthy", KILLED: "master killed", BACK: "node back", MOVED: "slots moved"}
SAVERS_OF = 5  # every fifth agent deposits, the others trade
FUND = 1_000_000
WHOLE_TIMEOUT_S = 120
NORMAL_FACTOR = 1.5  # of the worst second of the healthy phase
NORMAL_SECONDS = 3   # in a row


def ok(reply):
    assert reply.status == 200, reply
    return reply.body


def degraded(exchange):
    return exchange.client().get("/readyz").body["degraded"]


def wait_whole(exchange):
    until(lambda: degraded(exchange) is None, "Redis is whole", WHOLE_TIMEOUT_S)


def by_second(samples, begun):
    seconds = collections.defaultdict(list)
    for sample in samples:
        seconds[math.floor(sample.done_s - begun)].append(sample)
    return seconds


def p99(samples):
    return percentile([sample.ms for sample in samples], 0.99)


def codes(samples):
    return collections.Counter(sample.code for sample in samples if sample.code)


class Drill:
    def __init__(self, options, exchange, cluster, agents, load):
        self.options, self.exchange, self.cluster = options, exchange, cluster
        self.agents, self.load = agents, load
        self.spans, self.failures = {}, []
        self.killed_at = self.whole_after = None
        self.moved_slots = self.moved_keys = 0

    @contextlib.contextmanager
    def phase(self, number):
        begun = time.monotonic()
        self.load.phase.value = number
        yield begun + self.options.seconds
        time.sleep(max(0.0, begun + self.options.seconds - time.monotonic()))
        self.spans[number] = (begun, time.monotonic())

    def run(self):
        with self.phase(HEALTHY):
            pass
        victim = self.cluster.masters()[0]
        with self.phase(KILLED):
            self.killed_at = time.monotonic()
            victim.kill()
            until(lambda: degraded(self.exchange) is not None
                  or time.monotonic() > self.killed_at + NODE_TIMEOUT_MS / 1000, "the loss is seen")
            wait_whole(self.exchange)
            self.whole_after = time.monotonic() - self.killed_at
        with self.phase(BACK):
            victim.start()
            self.cluster.wait_until_healthy()
        with self.phase(MOVED) as end:
            self.move_slots(end)
        wait_whole(self.exchange)

    def move_slots(self, end):
        """The slot of each agent to the next master, and again until the time is over."""
        masters = self.cluster.masters()
        slots = [int(masters[0].cli("CLUSTER", "KEYSLOT", f"agent:{{{agent_id}}}"))
                 for agent_id, _ in self.agents.values()]
        while True:
            for slot in slots:
                target = masters[(masters.index(self.cluster.master_of(slot)) + 1) % len(masters)]
                self.moved_keys += self.cluster.move_slot(slot, target)
                self.moved_slots += 1
                if time.monotonic() > end:
                    return

    def report(self, tally):
        print(f"{'phase':<15}{'commands/s':>11}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>9}  refused")
        for number, name in PHASES.items():
            samples = tally.of(number, (COMMAND,))
            times = [sample.ms for sample in samples]
            begun, ended = self.spans[number]
            print(f"{name:<15}{len(samples) / (ended - begun):>11.0f}{percentile(times, 0.5):>8.2f}"
                  f"{percentile(times, 0.99):>8.2f}{max(times, default=0):>9.1f}  "
                  f"{dict(codes(samples)) or 'none'}")
            if not samples:
                self.failures.append(f"{name}: no load")
        self.report_recovery(tally)
        print(f"{self.moved_slots} slots with {self.moved_keys} keys moved")
        if self.moved_keys == 0:
            self.failures.append("no key was moved")

    def report_recovery(self, tally):
        commands = [s for s in tally.samples if s.kind == COMMAND]
        calm = by_second([s for s in commands if s.phase == HEALTHY], self.killed_at)
        normal_ms = NORMAL_FACTOR * max(map(p99, calm.values()), default=0)
        after = by_second([s for s in commands if s.done_s >= self.killed_at], self.killed_at)
        is_normal = [bool(after[n]) and not codes(after[n]) and p99(after[n]) <= normal_ms
                     for n in range(max(after, default=0) + 1)]
        back = next((n for n in range(len(is_normal))
                     if all(is_normal[n:n + NORMAL_SECONDS])), None)
        for second in range(min(len(is_normal), (back or 20) + 2)):
            rows = after[second]
            print(f"  second {second:>2} after the kill: {len(rows)} commands, p99 "
                  f"{p99(rows):.1f} ms, refused {dict(codes(rows)) or 'none'}")
        print(f"back to normal (no errors, p99 <= {normal_ms:.1f} ms) after "
              f"{'the end of the drill' if back is None else f'{back} s'}; Redis whole again after "
              f"{self.whole_after:.1f} s; cluster-node-timeout {NODE_TIMEOUT_MS} ms")

    def judge_codes(self, tally):
        for sample in tally.samples:
            is_excused = sample.phase in (KILLED, BACK) and sample.code in RETRYABLE
            if sample.code and not is_excused:
                self.failures.append(f"{PHASES.get(sample.phase)}: {sample.kind} {sample.code}")

    def orders(self, client):
        found, cursor = [], ""
        while cursor is not None:
            page = ok(client.get(f"/api/v1/orders/history?limit=500{cursor}"))
            found += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return found

    def judge_state(self, when, notes):
        """Every acknowledged command has its effect, once."""
        failures = []
        for name, count in notes["deposits"].items():
            free = ok(self.exchange.client(self.agents[name][1]).get("/api/v1/account"))["free"]
            expected = FUND * 1_000_000 + count
            if round(float(free) * 1e6) != expected:
                failures.append(f"{name} has {free}, acknowledged were {expected} micro-USDC")
        for name, orders in notes["orders"].items():
            rows = self.orders(self.exchange.client(self.agents[name][1]))
            shown = collections.Counter(row["order_id"] for row in rows)
            failures += [f"{name}: order {i} is lost" for i in orders if shown[i] == 0]
            failures += [f"{name}: order {i} was done twice or never acknowledged"
                         for i, count in shown.items() if count > 1 or i not in set(orders)]
            gone = {row["order_id"] for row in rows if row["status"] == "cancelled"}
            failures += [f"{name}: cancel of {i} is lost"
                         for i in notes["cancelled"][name] if i not in gone]
        solvency = self.exchange.client().get("/api/v1/solvency").body
        if solvency["verdict"] != "ok":
            failures.append(f"money is not balanced: {solvency}"[:400])
        count = sum(len(rows) for part in ("orders", "cancelled") for rows in notes[part].values())
        print(f"{when}: {sum(notes['deposits'].values())} deposits and {count} orders and cancels "
              f"acknowledged, {len(failures)} lost or done twice; solvency {solvency['verdict']}")
        self.failures += failures

    def judge_redis(self):
        if self.exchange.stop() != 0:
            self.failures.append("the exchange did not stop cleanly")
        code, output = self.exchange.tool("redis", "verify")
        print("redis verify:", output.strip().splitlines()[-1] if output.strip() else code)
        if code != 0:
            self.failures.append(f"redis verify: {output}"[-600:])


def start(options, stack):
    cluster = stack.enter_context(RedisCluster())
    exchange = stack.enter_context(ApiExchange(**NO_LIMITS, **QUIET, redis_url=cluster.url))
    exchange.start()
    for _ in range(3):  # the third opens a market
        exchange.push_prices()
    agents = {}
    for number in range(options.connections):
        agent_id, client = exchange.register(f"agent-{number}", str(FUND))
        ok(client.put(f"/api/v1/positions/{MARKET}/netting", {"netting": True}))
        agents[f"agent-{number}"] = (agent_id, client.key)
    wait_whole(exchange)
    keys = {name: key for name, (_, key) in agents.items()}
    savers = dict(list(keys.items())[::SAVERS_OF])
    plan = Plan(
        port=exchange.port, operator_key=OPERATOR_KEY, savers=savers, rate=options.rate,
        traders={name: key for name, key in keys.items() if name not in savers},
        prices={"prices": [{"market": m, "price": price} for m, price in MARK.items()]})
    load = stack.enter_context(DrillLoad(program, plan))
    return Drill(options, exchange, cluster, agents, load)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=20, help="of each phase, at least")
    parser.add_argument("--rate", type=float, default=1000, help="commands a second")
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        drill = start(options, stack)
        drill.run()
        tally = drill.load.collect()
        drill.report(tally)
        drill.judge_codes(tally)
        drill.judge_state("the exchange that ran", tally.notes)
        drill.judge_redis()
        drill.exchange.start()
        drill.judge_state("after its restart", tally.notes)
        failures = tally.failures + drill.failures
    for text, count in collections.Counter(failures).most_common(20):
        print("FAILED", text, f"({count} times)" if count > 1 else "")
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
