"""One process of the cluster: start, stop, kill, pause, resume, readiness, memory, log."""
import signal
import socket
import sys
from pathlib import Path

from .processes import (ClusterError, PidFile, descendants, end_all, log_tail, memory_kib, send,
                        spawn, until)

READY_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60
SUPERVISE = Path(__file__).with_name("supervise.py")


class Node:
    """role:index at host:port. A subclass says what runs and when it is ready."""

    stop_signal = signal.SIGTERM
    is_supervised = False  # started again when it ends with 75
    ready_poll_s = 0.05    # what asks takes part of the cores that the cluster needs

    def __init__(self, cluster, name, host, port):
        self.cluster, self.name, self.host, self.port = cluster, name, host, port
        self.role, _, index = name.partition(":")
        self.index = int(index)
        self.folder = cluster.folder / name.replace(":", "-")
        self.log_path = self.folder / "log"
        self.pid_file = PidFile(self.folder / "pid")
        self.supervisor_file = PidFile(self.folder / "supervisor_pid")

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def pid(self):
        return self.pid_file.pid()

    @property
    def pids(self):
        """With its children: nginx and PostgreSQL have some."""
        pid = self.pid
        return [pid, *descendants(pid)] if pid else []

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}

    def prepare(self):
        """Before the first start."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def is_ready(self):
        raise NotImplementedError

    def is_paused(self):
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def start(self, is_waiting=True, timeout_s=READY_TIMEOUT_S):
        if not self.pid:
            self.pid_file.remove()
            command = [*self.cluster.network.prefix(self.name), *self.command()]
            supervisor = [sys.executable, str(SUPERVISE), str(self.pid_file.path)]
            pid = spawn(supervisor + command if self.is_supervised else command, self.folder,
                        self.environment(), self.log_path)
            (self.supervisor_file if self.is_supervised else self.pid_file).write(pid)
        if is_waiting:
            self.wait_ready(timeout_s)

    def wait_ready(self, timeout_s=READY_TIMEOUT_S):
        def ready_or_ended():
            if not self.pid and not self.supervisor_file.pid():
                raise ClusterError(f"{self.name} ended; its log:\n{log_tail(self.log_path)}")
            return self.is_ready()
        try:
            until(ready_or_ended, f"{self.name} is ready", timeout_s, self.ready_poll_s)
        except ClusterError as error:
            raise ClusterError(f"{error}\n{self.log_path}:\n{log_tail(self.log_path)}") from error

    def stop(self, timeout_s=STOP_TIMEOUT_S):
        """As its supervisor would: SIGTERM, and until it has ended by itself."""
        pid = self.pid
        if pid:
            send([pid], self.stop_signal)
            send([pid], signal.SIGCONT)
            until(lambda: self.pid != pid, f"{self.name} stops", timeout_s)
        self._end_supervisor()

    def kill(self):
        """kill -9 to all of it."""
        if self.pid:
            send([self.pid], signal.SIGSTOP)  # so that it starts no child meanwhile
        end_all(self.pids)
        self._end_supervisor()

    def _end_supervisor(self):
        supervisor = self.supervisor_file.pid()
        if supervisor:
            end_all([supervisor, *descendants(supervisor)])

    def end(self):
        """Whatever is left of it."""
        self._end_supervisor()
        self.kill()
        self.pid_file.remove()
        self.supervisor_file.remove()

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        send(self.pids, signal.SIGSTOP)

    def resume(self):
        send(self.pids, signal.SIGCONT)

    def memory_kib(self):
        """(PSS, RSS) with its children."""
        return memory_kib(self.pids)

    def note(self):
        """A word for the table of `status`."""
        return ""

    def accepts(self):
        try:
            with socket.create_connection((self.host, self.port), timeout=2):
                return True
        except OSError:
            return False
