"""`perpetua load agents` as a drill uses it: started, watched, ended early, and what it saw.

    with AgentsLoad(cluster, agents=1000, rate=200, seconds=60) as load:
        load.wait_measuring()
        ...                        # do one's worst; load.second() is the time on its clock
        seen = load.finish()       # its JSON; load.rows: a dict a second
"""
import csv
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

START_TIMEOUT_S = 600   # ten thousand agents are registered
FINISH_TIMEOUT_S = 900  # drain and audit
MEASURING = "measuring from "
FAULT = "stream of agent"


class AgentsLoad:
    def __init__(self, cluster, agents, rate, seconds, market_data=None, options=()):
        self.folder = Path(tempfile.mkdtemp(prefix="perpetua-load-"))
        self.start_ms = None
        self.said = []
        self.has_begun = threading.Event()
        self.rows = []
        share = max(1, agents // 100) if market_data is None else market_data
        command = [cluster.binary, "load", "agents", "--url", cluster.url, "--agents", agents,
                   "--rate", rate, "--duration", int(seconds), "--market-data", share,
                   "--agents-file", cluster.folder / "agents", "--seconds-file",
                   self.folder / "seconds.csv", "--acknowledged-file",
                   self.folder / "acknowledged", *options]
        if cluster.shape["is_netns"]:
            command.append("--allow-remote")
        self.process = subprocess.Popen([str(part) for part in command], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.process.stderr:
            self.said.append(line.rstrip())
            if line.startswith(FAULT):
                print(line.rstrip(), flush=True)
            if line.startswith(MEASURING):
                self.start_ms = int(line.removeprefix(MEASURING))
                self.has_begun.set()
        self.has_begun.set()

    def wait_measuring(self):
        self.has_begun.wait(START_TIMEOUT_S)
        if self.start_ms is None:
            raise RuntimeError("the load does not begin:\n" + "\n".join(self.said[-10:]))

    def second(self):
        """Since it began to measure."""
        return time.time() - self.start_ms / 1000

    def sleep_until(self, second):
        time.sleep(max(0.0, second - self.second()))

    def is_running(self):
        return self.process.poll() is None

    def finish(self, is_early=False):
        """Its result; is_early: it need not measure to its end."""
        if is_early:
            os.kill(self.process.pid, signal.SIGTERM)
        output, _ = self.process.communicate(timeout=FINISH_TIMEOUT_S)
        if not output.strip():
            raise RuntimeError("the load ended:\n" + "\n".join(self.said[-10:]))
        with open(self.folder / "seconds.csv", encoding="ascii") as file:
            self.rows = [{name: float(value) for name, value in row.items()}
                         for row in csv.DictReader(file)]
        return json.loads(output.strip().splitlines()[-1])

    def acknowledged(self):
        """Times of all acknowledgements, seconds since 1970, rising."""
        text = (self.folder / "acknowledged").read_text(encoding="ascii")
        return sorted(int(line) / 1e6 for line in text.split())

    def close(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def longest_pause(times, begin, end):
    """Of acknowledgements between two moments; the one that covers `begin` counts from `begin`."""
    inside = [begin, *(time for time in times if begin < time < end)]
    inside.append(min((time for time in times if time >= end), default=end))
    return max(later - earlier for earlier, later in zip(inside, inside[1:]))


def faults(seen):
    """What must never be, as text; empty if the run was right."""
    names = ("lost", "double", "contradicted", "cancels_lost", "unread", "gaps", "repeats",
             "tail_lost", "book_gaps")
    found = [f"{name}: {seen[name]}" for name in names if seen[name]]
    if seen["ready"] != seen["agents"]:
        found.append(f"only {seen['ready']} of {seen['agents']} agents")
    if seen["audited"] and seen["solvency"] != "ok":
        found.append(f"solvency: {seen['solvency'] or 'not read'}")
    return found + [f"audit: {text}" for text in seen["audit_examples"]]
