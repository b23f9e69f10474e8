"""Real PostgreSQL servers for tests: private loopback ports and data folders.

They are ended by process id, also when the test fails or is killed. PostgreSQL refuses to run as
root: then it runs as postgres."""
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from exchange import free_port  # noqa: E402

PROGRAMS = "/usr/lib/postgresql/15/bin"
START_TIMEOUT_S = 120
SETTINGS = {"fsync": "off", "max_connections": "60", "shared_buffers": "64MB",
            "max_wal_senders": "8", "wal_level": "replica", "hot_standby": "on",
            "restart_after_crash": "off"}
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _leave_root():
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class PostgresServer:
    def __init__(self, primary=None):
        """With a primary: a streaming replica of it."""
        self.folder = tempfile.mkdtemp(prefix="perpetua-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.log_path = os.path.join(self.folder, "log")
        self.port = free_port()
        self.process = None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        if primary is None:
            self._run("initdb", "-D", self.data, "-U", "perpetua", "-A", "trust", "--no-sync",
                      "--locale=C", "-E", "UTF8")
        else:
            self._run("pg_basebackup", "-D", self.data, "-d", primary.url(), "-R", "-X", "stream",
                      "-c", "fast", "--no-sync")
        self.start()

    def url(self, database="postgres"):
        return f"postgresql://perpetua@127.0.0.1:{self.port}/{database}"

    def replica(self):
        return PostgresServer(primary=self)

    def _popen(self, program, *arguments):
        with open(self.log_path, "ab") as log:
            return subprocess.Popen([os.path.join(PROGRAMS, program), *arguments], stdout=log,
                                    stderr=log, stdin=subprocess.DEVNULL, preexec_fn=_leave_root,
                                    cwd="/", env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})

    def _run(self, program, *arguments):
        if self._popen(program, *arguments).wait() != 0:
            raise RuntimeError(f"{program} failed: {self.log()[-2000:]}")

    def start(self):
        arguments = ["-D", self.data, "-p", str(self.port), "-k", "", "-h", "127.0.0.1"]
        for name, value in SETTINGS.items():
            arguments += ["-c", f"{name}={value}"]
        self.process = self._popen("postgres", *arguments)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"postgres does not answer: {self.log()[-2000:]}")
            time.sleep(0.05)

    def answers(self):
        return self._psql("SELECT 1", "postgres").returncode == 0

    def _psql(self, sql, database):
        return subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-d",
                               self.url(database), "-c", sql], capture_output=True, text=True,
                              timeout=60, check=False)

    def sql(self, text, database="postgres"):
        """What psql prints, without its last line's end."""
        done = self._psql(text, database)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def create_database(self, name):
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self):
        """Fast shutdown."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def kill(self):
        """SIGKILL to the server and its children, which have process groups of their own."""
        if self.process is None or self.process.poll() is not None:
            return
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for target in [pid, *map(int, children)]:
            try:
                os.kill(target, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def log(self):
        return Path(self.log_path).read_text(errors="replace")

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
