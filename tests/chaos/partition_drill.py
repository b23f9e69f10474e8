#!/usr/bin/env python3
"""Parts of a cluster are cut from each other, and healed, under load. Needs root (namespaces).

    partition_drill.py [--cut 15] [--heal 20] [--agents 200] [--rate 200] [--small] [--case NAME]

No packet passes between the two sides of a cut, connections that are open included. Each case says
what must be (CASES below) and is checked: the share of requests with their true outcome within 1 s
while cut, who leads, and that the cluster heals by itself: every process ready, and HEALTHY_S
seconds in a row without a late or failed request. In all of them nothing acknowledged may be lost
or double, and no private stream may have a gap. Short form: --small --case api-redis --cut 6.
"""
import collections
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults  # noqa: E402
from cluster import ClusterError  # noqa: E402
from cluster.processes import until  # noqa: E402

HEALTHY_S = 3
READY_TIMEOUT_S = 60
CALM_S = 5
LONGEST_S = 3_600
SKIPPED = 77  # of ctest

Case = collections.namedtuple("Case", "name one other in_time_percent leader_changes behaviour")
CASES = (
    Case("api-redis", "api:0", "redis", 90, False,
         "The api process can pass nothing on. Its requests are repeated elsewhere; the others "
         "serve."),
    Case("ws-redis", "ws:0", "redis", 99, False,
         "Its sockets fall behind and get what they missed from the journal or after the cut; "
         "requests do not notice."),
    Case("engine-redis", "engine:leader", "redis", 60, True,
         "The leader hears no commands. The standby, which does not hear the leader, asks it to "
         "hand over, and leads after two to three seconds; commands wait for it."),
    Case("engine-postgres", "engine:leader", "postgres:0", 60, True,
         "The leader can make nothing durable and answers nothing. The standby leads after the "
         "silence; the former leader falls silent and comes back as standby."),
    Case("redis-master", "redis:master", "*", 70, False,
         "Its replica takes over; commands and batches take other slots meanwhile. It comes back "
         "as a replica."),
)


class Drill:
    def __init__(self, cluster, load, options):
        self.cluster, self.load, self.options = cluster, load, options
        self.events = drill_kit.Events(load)
        self.results = []  # (case, begin, healed, end, failures)

    def run(self, case):
        failures = []
        leader = self.cluster.find("engine:leader")[0]
        begin = self.load.second()
        self.cluster.cut(case.one, case.other)
        self.events.say(f"cut {case.one} from {case.other}")
        self.load.sleep_until(begin + self.options.cut)
        try:
            now = self.cluster.leader()
            if case.leader_changes is not None and (now is not leader) != case.leader_changes:
                failures.append(f"{now.name if now else 'nobody'} leads at the end of the cut, "
                                f"before it was {leader.name}")
        finally:
            self.cluster.heal()
        healed = self.load.second()
        self.events.say("healed")
        try:
            until(lambda: all(node.is_ready() for node in self.cluster.nodes.values()),
                  "every process is ready", READY_TIMEOUT_S, poll_s=0.2)
            self.events.say("every process is ready")
        except ClusterError as error:
            late = [node.name for node in self.cluster.nodes.values() if not node.is_ready()]
            failures.append(f"{error}: {', '.join(late)}")
        self.load.sleep_until(healed + self.options.heal)
        self.results.append((case, begin, healed, self.load.second(), failures))

    def judge(self, rows, page):
        for case, begin, healed, end, failures in self.results:
            cut = [row for row in rows
                   if int(begin) <= row["second"] and row["second"] + 1 <= healed]
            after = [row for row in rows if healed <= row["second"] and row["second"] + 1 <= end]
            due = sum(row["due"] for row in cut)
            percent = 100 * sum(row["in_time"] for row in cut) / max(1, due)
            back = back_to_normal(after)
            page.need(percent >= case.in_time_percent, f"{case.name}: {percent:.1f} % in time "
                      f"while cut, at least {case.in_time_percent} %")
            page.need(back is not None, f"{case.name}: requests are back to normal")
            yield (case.name, f"{case.one} – {case.other}", f"{percent:.1f}", case.in_time_percent,
                   int(sum(row["failed"] for row in cut)),
                   "never" if back is None else f"{back} s", "; ".join(failures) or "as stated")
            for text in failures:
                page.fail(f"{case.name}: {text}")


def back_to_normal(rows):
    """Seconds until HEALTHY_S in a row were without a fault."""
    good = [row["in_time"] == row["due"] for row in rows]
    return next((at for at in range(len(good) - HEALTHY_S + 1)
                 if all(good[at:at + HEALTHY_S])), None)


def main():
    parser = drill_kit.parser(__doc__, agents=200, rate=200, seconds=LONGEST_S)
    parser.add_argument("--cut", type=float, default=15, help="seconds of each cut")
    parser.add_argument("--heal", type=float, default=20, help="seconds after it")
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("network namespaces need root")
        sys.exit(SKIPPED)
    cases = [case for case in CASES if not options.case or case.name in options.case]
    page = drill_kit.Page(options, "partitions", "A cluster that is cut")
    with drill_kit.open_cluster(options, is_netns=True) as cluster:
        with AgentsLoad(cluster, options.agents, options.rate, options.seconds) as load:
            load.wait_measuring()
            drill = Drill(cluster, load, options)
            time.sleep(CALM_S)
            for case in cases:
                drill.run(case)
            seen = load.finish(is_early=True)
            page.table(["case", "stated", "at least in time %"],
                       [(case.name, case.behaviour, case.in_time_percent) for case in cases])
            page.table(["case", "cut", "in time %", "stated", "failed", "normal after healing",
                        "verdict"], list(drill.judge(load.rows, page)))
            page.plots(drill_kit.timeline(page.path, load.rows, drill.events.rows))
            page.events(drill.events.rows)
            page.data.update(seen=seen, events=drill.events.rows, seconds=load.rows)
    page.table(drill_kit.RUN_HEAD, [drill_kit.run_row(seen)])
    page.text(f"Failures by code: {seen['failures'] or 'none'}.")
    for text in faults(seen):
        page.fail(text)
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
