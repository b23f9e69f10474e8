#!/usr/bin/env python3
"""Every component of a cluster is killed in turn, and started again, under load.

    availability_drill.py [--agents 10000] [--rate 1000] [--seconds 600] [--small]

kill -9 of an api and a ws process, projector, leading and standby engine, a Redis master and a
Redis replica, a PostgreSQL replica; nginx is reloaded; an engine hands over. Each has an equal
share of the time: the fault at the beginning of its share, the restart after a quarter of it. Bars:
99.9 % of requests have their true outcome within 1 s (one repetition under the same key is the same
request), nothing acknowledged lost or double, no private stream with a gap. Short form: --small
--agents 200 --rate 200 --seconds 60.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults  # noqa: E402
from cluster import ClusterError  # noqa: E402

IN_TIME_PPM = 999_000
CALM_SHARE = 0.5  # of a component's share: before the first fault and after the last


def redis_replica(cluster):
    masters = cluster.redis_masters()
    return next(node for node in cluster.of_role("redis") if node not in masters)


def standby(cluster):
    leader = cluster.leader()
    return next(node for node in cluster.of_role("engine") if node is not leader)


# Name, which node; each is killed and later started.
KILLED = (
    ("an api process", lambda cluster: cluster.nodes["api:0"]),
    ("a ws process", lambda cluster: cluster.nodes["ws:0"]),
    ("the projector", lambda cluster: cluster.nodes["projector:0"]),
    ("the leading engine", lambda cluster: cluster.find("engine:leader")[0]),
    ("the standby engine", standby),
    ("a Redis master", lambda cluster: cluster.redis_masters()[0]),
    ("a Redis replica", redis_replica),
    ("a PostgreSQL replica", lambda cluster: cluster.nodes["postgres:1"]),
)


class Drill:
    def __init__(self, cluster, load):
        self.cluster, self.load = cluster, load
        self.events = drill_kit.Events(load)
        self.spans = []  # (name, begin, end) on the load's clock
        self.failures = []

    def kill(self, name, find, end):
        node = find(self.cluster)
        self.events.say(f"kill -9 of {name}, {node.name}")
        begin = self.load.second()
        node.kill()
        self.load.sleep_until(begin + (end - begin) / 4)
        node.start()
        self.events.say(f"{node.name} is back")

    def attempt(self, name, act, end):
        begin = self.load.second()
        try:
            act(end)
        except ClusterError as error:
            self.failures.append(f"{name}: {error}"[:400])
        self.load.sleep_until(end)
        self.spans.append((name, begin, self.load.second()))

    def reload(self, unused_end):
        self.events.say("nginx is reloaded")
        self.cluster.nodes["nginx:0"].reload()

    def hand_over(self, unused_end):
        self.events.say("the leading engine is told to hand over")
        former, now = self.cluster.hand_over()
        self.events.say(f"{now.name} leads instead of {former.name}")

    def run(self, seconds):
        steps = [(name, lambda end, name=name, find=find: self.kill(name, find, end))
                 for name, find in KILLED]
        steps += [("nginx reload", self.reload), ("hand-over", self.hand_over)]
        share = seconds / (len(steps) + 2 * CALM_SHARE)
        self.load.sleep_until(share * CALM_SHARE)
        for number, (name, act) in enumerate(steps, 1):
            self.attempt(name, act, share * (CALM_SHARE + number))


def span_rows(spans, rows):
    for name, begin, end in spans:
        inside = [row for row in rows if begin <= row["second"] + 1 and row["second"] < end]
        due = sum(row["due"] for row in inside)
        good = sum(row["in_time"] for row in inside)
        yield (name, int(due), f"{100 * good / max(1, due):.3f}",
               int(sum(row["late"] for row in inside)), int(sum(row["failed"] for row in inside)),
               int(sum(row["retried"] for row in inside)),
               f"{max((row['max_ms'] for row in inside), default=0):.0f}",
               int(sum(row["reconnects"] for row in inside)))


def main():
    options = drill_kit.parser(__doc__, agents=10_000, rate=1_000, seconds=600).parse_args()
    page = drill_kit.Page(options, "availability", "Availability while everything is killed")
    with drill_kit.open_cluster(options) as cluster:
        with AgentsLoad(cluster, options.agents, options.rate, options.seconds) as load:
            load.wait_measuring()
            drill = Drill(cluster, load)
            drill.run(options.seconds)
            seen = load.finish()
            page.table(drill_kit.RUN_HEAD, [drill_kit.run_row(seen)])
            page.plots(drill_kit.timeline(page.path, load.rows, drill.events.rows))
            page.table(["while", "due", "in time %", "late", "failed", "retried", "max ms",
                        "reconnects"], list(span_rows(drill.spans, load.rows)))
            page.events(drill.events.rows)
            page.data.update(seen=seen, events=drill.events.rows, seconds=load.rows)
    page.text(f"Failures by code: {seen['failures'] or 'none'}. Refusals: "
              f"{seen['refusals'] or 'none'}. {seen['reconnects']} reconnects, "
              f"{seen['resumed_events']} events resumed.")
    for text in drill.failures + faults(seen):
        page.fail(text)
    page.need(seen["in_time_ppm"] >= IN_TIME_PPM,
              f"{seen['in_time_ppm'] / 1e4:.4f} % of the requests within 1 s, at least 99.9 %")
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
