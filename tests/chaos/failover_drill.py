#!/usr/bin/env python3
"""The leading engine is killed, or stopped and let go again, a hundred times each, under load.

    failover_drill.py [--trials 100] [--period 8] [--agents 100] [--rate 200] [--small]

kill: kill -9; it is started again as standby. split brain: SIGSTOP until another engine leads, then
SIGCONT: the former leader believes it leads until something tells it otherwise, and must fall
silent (exit code 75). A trial's pause is the longest time between two acknowledgements of a steady
load. Bars, for each kind: p99 of the pauses below 2 s; nothing acknowledged lost or double; epochs
never fall in the journal; whatever was published is in the journal byte for byte, and nothing came
first from a leader that was deposed by then. Short form: --small --trials 2.
"""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults, longest_pause  # noqa: E402
from batch_listener import BatchListener, journal_table  # noqa: E402
from cluster.processes import until  # noqa: E402
from drill_load import percentile  # noqa: E402

KILL, SPLIT = "kill", "split brain"
PAUSE_BAR_S = 2.0
CHANGE_TIMEOUT_S = 30
WAKE_S = 1.0  # after another engine leads, the stopped one is let go
LONGEST_S = 3_600
DEPOSED_LINE = "exit code 75"


class Drill:
    def __init__(self, cluster, period_s):
        self.cluster, self.period_s = cluster, period_s
        self.trials = []  # (kind, begin, another led after, former was back after)
        self.split_ended = 0

    def trial(self, kind):
        former = until(self.cluster.leader, "an engine leads", CHANGE_TIMEOUT_S)
        pid, begin = former.pid, time.time()
        former.kill() if kind == KILL else former.pause()
        until(lambda: self.cluster.leader() not in (None, former), "another engine leads",
              CHANGE_TIMEOUT_S)
        led_s = time.time() - begin
        time.sleep(WAKE_S)
        if kind == KILL:
            former.start()
        else:
            said = former.log_path.read_text(errors="replace").count(DEPOSED_LINE)
            former.resume()
            until(lambda: former.pid not in (None, pid), "the former leader ends and comes back",
                  CHANGE_TIMEOUT_S)
            log = former.log_path.read_text(errors="replace")
            self.split_ended += log.count(DEPOSED_LINE) - said
            former.wait_ready()
        back_s = time.time() - begin
        self.trials.append((kind, begin, led_s, back_s))
        print(f"{len(self.trials):>4} {kind:<12} another leads after {led_s:.2f} s, two engines "
              f"again after {back_s:.2f} s", flush=True)
        time.sleep(max(0.0, begin + self.period_s - time.time()))

    def rows(self, acknowledged, page):
        """Per kind; the pauses themselves go into the page's data."""
        for kind in (KILL, SPLIT):
            mine = [trial for trial in self.trials if trial[0] == kind]
            pauses = [longest_pause(acknowledged, begin, begin + self.period_s)
                      for _, begin, _, _ in mine]
            page.data[kind] = {"pauses_s": [round(pause, 3) for pause in pauses],
                               "led_after_s": [round(trial[2], 3) for trial in mine]}
            p99 = percentile(pauses, 0.99)
            yield (kind, len(pauses), *(f"{percentile(pauses, share):.3f}" for share in (0.5, 0.9)),
                   f"{p99:.3f}", f"{max(pauses):.3f}",
                   f"{percentile([trial[2] for trial in mine], 0.5):.3f}",
                   f"{percentile([trial[3] for trial in mine], 0.5):.1f}")
            page.need(p99 < PAUSE_BAR_S, f"{kind}: p99 of {len(pauses)} pauses is {p99:.3f} s, "
                      f"below {PAUSE_BAR_S:.0f} s")


def judge_publications(cluster, listener, page):
    table, epochs = journal_table(cluster.nodes["postgres:0"])
    if epochs != sorted(epochs):
        page.fail("an epoch in the journal is followed by an older one")
    counts, failures = listener.judge(table)
    page.text(f"{len(table)} batches under {len(set(epochs))} epochs in the journal; heard: "
              + ", ".join(f"{count} {name}" for name, count in counts.items())
              + f"; {len(failures)} that must not be")
    for text in failures[:10]:
        page.fail(text)


def plot(page):
    chart = drill_kit.Chart("Pauses, in rising order", "s", [(0, "0")])
    for kind in (KILL, SPLIT):
        pauses = sorted(page.data[kind]["pauses_s"])
        chart.line(kind, list(range(1, len(pauses) + 1)), pauses)
    chart.write(Path(f"{page.path}-pauses.svg"))
    page.plots([f"{page.name}-pauses.svg"])


def main():
    parser = drill_kit.parser(__doc__, agents=100, rate=200, seconds=LONGEST_S)
    parser.add_argument("--trials", type=int, default=100, help="of each kind")
    parser.add_argument("--period", type=float, default=8, help="seconds of a trial, at least")
    options = parser.parse_args()
    page = drill_kit.Page(options, "failover", "The leading engine dies, or is split from itself")
    with drill_kit.open_cluster(options) as cluster, BatchListener(cluster) as listener:
        with AgentsLoad(cluster, options.agents, options.rate, options.seconds) as load:
            load.wait_measuring()
            drill = Drill(cluster, options.period)
            time.sleep(2)
            for _ in range(options.trials):
                drill.trial(KILL)
                drill.trial(SPLIT)
            seen = load.finish(is_early=True)
            rows = list(drill.rows(load.acknowledged(), page))
        page.table(["", "trials", "pause p50 s", "p90 s", "p99 s", "max s",
                    "another leads after, p50 s", "two again after, p50 s"], rows)
        plot(page)
        listener.close()
        judge_publications(cluster, listener, page)
    page.table(drill_kit.RUN_HEAD, [drill_kit.run_row(seen)])
    page.need(drill.split_ended == options.trials,
              f"{drill.split_ended} of {options.trials} former leaders ended as deposed")
    page.data["seen"] = seen
    for text in faults(seen):
        page.fail(text)
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
