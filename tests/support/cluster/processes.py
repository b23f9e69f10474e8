"""Processes that outlive the program that started them: by pid and start time, never by name."""
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

POLL_S = 0.02


class ClusterError(Exception):
    """What a person can act on; the front prints it and exits with 1."""


def until(condition, what, timeout_s, poll_s=POLL_S):
    """The first true answer of `condition`."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise ClusterError(f"timed out after {timeout_s} s: {what}")
        time.sleep(poll_s)


def started_at(pid):
    """Start time in ticks of a process that runs; None if it has ended (also as a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def reap(pid):
    """Takes the exit of a child of this program, so that it does not stay as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def descendants(pid):
    """Without itself."""
    found = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except OSError:
        pass
    return found


class PidFile:
    """`pid start-time` of one process; a pid that another process got later does not count."""

    def __init__(self, path):
        self.path = Path(path)

    def write(self, pid):
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{pid} {started_at(pid)}\n")
        draft.replace(self.path)

    def pid(self):
        """None if it does not run."""
        try:
            pid, started = self.path.read_text().split()
        except (OSError, ValueError):
            return None
        reap(int(pid))
        return int(pid) if str(started_at(int(pid))) == started else None

    def remove(self):
        self.path.unlink(missing_ok=True)


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end_all(pids, timeout_s=30):
    """SIGKILL, and until the kernel has ended them."""
    identities = [(pid, started_at(pid)) for pid in pids]
    send(pids, signal.SIGKILL)

    def ended():
        for pid in pids:
            reap(pid)
        return all(started_at(pid) is None or started_at(pid) != started
                   for pid, started in identities)
    until(ended, f"processes {pids} end", timeout_s)


def raise_file_limit():
    """To what this user may have: nginx needs two files for each of 10,000 sockets."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def spawn(command, folder, environment, log_path):
    """In a session of its own, so that it outlives this program and its terminal. The pid."""
    raise_file_limit()
    with open(log_path, "ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True)
    process.returncode = 0  # not ours to wait for: see reap()
    return process.pid


def memory_kib(pids):
    """(proportional set size, resident set size), summed."""
    total = {"Pss": 0, "Rss": 0}
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, rest = line.partition(":")
            if name in total:
                total[name] += int(rest.split()[0])
    return total["Pss"], total["Rss"]


def log_tail(path, lines=15):
    try:
        with open(path, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
