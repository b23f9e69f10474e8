"""What the drills of a whole cluster share: options, the cluster, what it uses, and their pages.

Each drill prints its tables and writes NAME.json, NAME.md and its plots into --out. Ends with 1 if
something was found that must never be.
"""
import argparse
import contextlib
import datetime
import json
import os
import sys
import textwrap
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
from cluster import Cluster  # noqa: E402
from publish import machine  # noqa: E402
from svg_plot import Chart  # noqa: E402

# The agents are the market: house agents would add to the rate that a drill states.
SETTINGS = {"rate_agent": 0, "rate_global": 0, "rate_reads": 0, "rate_registrations": 0,
            "liquidity": "off"}
COLUMNS = 100  # of a page, but for tables
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
GROUPS = ("api", "ws", "engine", "projector", "redis", "postgres", "nginx")


def parser(document, agents, rate, seconds):
    made = argparse.ArgumentParser(description=document.split("\n", maxsplit=1)[0])
    if agents is not None:
        made.add_argument("--agents", type=int, default=agents)
    made.add_argument("--rate", type=int, default=rate, help="requests a second")
    made.add_argument("--seconds", type=int, default=seconds)
    made.add_argument("--small", action="store_true", help="2 api, 2 ws, 1 replica")
    made.add_argument("--binary", default=os.environ.get("PERPETUA_BINARY"))
    made.add_argument("--no-bars", action="store_true",
                      help="times and shares are told, not judged: for machines that are busy")
    made.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                      help="a setting of every process of the exchange")
    made.add_argument("--out", type=Path, default=ROOT / "build" / "drills", metavar="FOLDER")
    return made


@contextlib.contextmanager
def open_cluster(options, is_netns=False, **settings):
    settings.update(text.split("=", 1) for text in options.set)
    with Cluster.temporary(settings={**SETTINGS, **settings}, is_small=options.small,
                           is_netns=is_netns, binary=options.binary) as cluster:
        yield cluster


def metric(node, name):
    """The sum of a metric of an exchange's process over its labels; 0 if it does not answer."""
    status, text = node.get("/metrics")
    if status != 200:
        return 0.0
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith((name + " ", name + "{")))


def ticks(pid):
    """Processor time of one process, without its children; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


class ProcessorTime:
    """Processor time of each group of processes between two moments."""

    def __init__(self, cluster, load=None):
        self.cluster, self.load = cluster, load
        self.begun, self.before, self.whole = time.monotonic(), self.by_pid(), self.machine()

    def by_pid(self):
        found = {pid: (node.role, ticks(pid)) for node in self.cluster.nodes.values()
                 for pid in node.pids}
        if self.load:
            found[self.load.process.pid] = ("load", ticks(self.load.process.pid))
        return found

    @staticmethod
    def machine():
        """(busy, all) ticks of all cores."""
        fields = [int(part) for part in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)

    def cores(self):
        """{group: cores used}, of `all` processes and of the whole `machine`."""
        seconds = time.monotonic() - self.begun
        used = dict.fromkeys((*GROUPS, "load"), 0.0)
        for pid, (role, now) in self.by_pid().items():
            used[role] += (now - self.before.get(pid, (role, 0))[1]) / TICKS_PER_S / seconds
        used["all"] = sum(used.values())
        busy, every = (now - was for now, was in zip(self.machine(), self.whole))
        used["machine"] = busy / max(1, every) * os.cpu_count()
        return {name: round(cores, 3) for name, cores in used.items()}


class Events:
    """What was done to the cluster, on the load's clock."""

    def __init__(self, load):
        self.load, self.rows = load, []

    def say(self, text):
        self.rows.append((round(self.load.second(), 1), text))
        print(f"{self.rows[-1][0]:>7.1f} s  {text}", flush=True)


class Heartbeat(threading.Thread):
    """Calls `look` every `interval_s` until closed; an error of it is what it found."""

    def __init__(self, look, interval_s):
        super().__init__(daemon=True)
        self.look, self.interval_s, self.over = look, interval_s, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(self.interval_s):
            self.look()

    def close(self):
        self.over.set()
        self.join()


def timeline(path, rows, events):
    """Plots of a run: outcomes, latency, fan-out and sockets a second; events by their number."""
    labels = [(second, str(number)) for number, (second, _) in enumerate(events, 1)]
    seconds = [row["second"] for row in rows]

    def chart(name, title, unit, columns):
        drawn = Chart(title, unit, labels or [(0, "0 s")])
        for column, text in columns.items():
            drawn.line(text, seconds, [row[column] for row in rows])
        drawn.write(Path(f"{path}-{name}.svg"))
        return f"{path.name}-{name}.svg"

    return [
        chart("outcomes", "Requests by due second", "a second",
              {"due": "due", "in_time": "within 1 s", "late": "later", "failed": "failed"}),
        chart("latency", "Latency from the due time, and fan-out", "ms",
              {"p99_ms": "requests p99", "p50_ms": "requests p50",
               "fanout_p99_ms": "private events p99"}),
        chart("sockets", "Sockets that are logged in and subscribed", "",
              {"live": "live"})]


class Page:
    """A drill's results, printed as they come and kept for its files."""

    def __init__(self, options, name, title):
        self.options, self.name = options, name
        wait_s = int(Path("/proc/sys/vm/dirty_expire_centisecs").read_text()) / 100
        self.lines = [f"# {title}", "", f"{machine()}, {datetime.date.today()}.",
                      "Everything, the load generator included, shares these cores.",
                      f"The kernel writes to the disk after {wait_s:g} s"
                      " (deploy/sysctl.conf: 3).", ""]
        self.data = {"options": {key: str(value) for key, value in vars(options).items()}}
        self.failures = []
        options.out.mkdir(parents=True, exist_ok=True)

    @property
    def path(self):
        return self.options.out / self.name

    def text(self, line):
        self.lines += [*textwrap.wrap(line, COLUMNS, break_on_hyphens=False), ""]
        print(line, flush=True)

    def table(self, head, rows):
        cells = [[str(cell) for cell in row] for row in [head, *rows]]
        widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
        for row in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip(),
                  flush=True)
        self.lines += ["| " + " | ".join(cells[0]) + " |", "|" + "---|" * len(head)]
        self.lines += ["| " + " | ".join(row) + " |" for row in cells[1:]] + [""]

    def plots(self, names):
        self.lines += [f"![{name.rsplit('-', 1)[1][:-4]}]({name})" for name in names] + [""]

    def events(self, rows):
        self.table(["", "second", "what"],
                   [(number, second, text) for number, (second, text) in enumerate(rows, 1)])

    def fail(self, text):
        self.failures.append(text)
        print("FAILED", text, flush=True)

    def need(self, is_met, text):
        """A bar of time or share: told whether met or not."""
        self.text(f"{'met' if is_met else 'NOT met'}: {text}")
        if not is_met and not self.options.no_bars:
            self.failures.append(text)

    def finish(self):
        """The exit code."""
        self.lines += [f"{len(self.failures)} failures."]
        for text in self.failures:
            self.lines += textwrap.wrap(f"* {text}", COLUMNS, subsequent_indent="  ")
        self.data["failures"] = self.failures
        Path(f"{self.path}.json").write_text(json.dumps(self.data, indent=1) + "\n")
        Path(f"{self.path}.md").write_text("\n".join(self.lines).rstrip() + "\n")
        print(f"{len(self.failures)} failures; {self.path}.md", flush=True)
        return 1 if self.failures else 0


RUN_HEAD = ("agents", "requests/s", "in time %", "late", "failed", "retried", "p50 ms", "p99 ms",
            "max ms", "fan-out p99 ms", "market data p99 ms", "order to event p99 ms",
            "reconnects", "stream faults", "lost", "double")


def run_row(seen):
    return (seen["agents"], seen["rate_per_s"], f"{seen['in_time_ppm'] / 1e4:.4f}", seen["late"],
            seen["failed"], seen["retried"], seen["latency_p50_ms"], seen["latency_p99_ms"],
            seen["latency_max_ms"], seen["fanout_p99_ms"], seen["public_fanout_p99_ms"],
            seen["event_p99_ms"], seen["reconnects"],
            seen["gaps"] + seen["repeats"] + seen["tail_lost"] + seen["book_gaps"], seen["lost"],
            seen["double"])
