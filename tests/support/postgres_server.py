"""A PostgreSQL of the test's own: data folder, loopback port, ended by its process ids.

As root the server runs as the user postgres, because it refuses anything else. If the test dies,
the kernel ends the server (parent-death signal).
"""
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from exchange import free_port

PROGRAMS = os.environ.get("PERPETUA_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")
START_TIMEOUT_S = 120
SAFE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_connections=40",
        "shared_buffers=64MB", "restart_after_crash=off", "unix_socket_directories=")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class PostgresServer:
    def __init__(self, *settings):
        self.settings = SAFE + settings
        self.folder = tempfile.mkdtemp(prefix="perpetua-postgres-")
        self.data = os.path.join(self.folder, "data")
        self.port = free_port()
        self.process = None
        self.account = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self.account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        subprocess.run([f"{PROGRAMS}/initdb", "-D", self.data, "-U", "perpetua", "-A", "trust",
                        "--no-locale", "-E", "UTF8", "-N"], check=True, capture_output=True,
                       cwd=self.folder, **self.account)
        self.start()

    @property
    def url(self):
        return f"postgresql://perpetua@127.0.0.1:{self.port}/postgres"

    def start(self):
        """After stop() or kill(): the same port. Waits until it answers."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                self.spawn()  # again, if the last one still found its predecessor's memory in use
            ready = subprocess.run([f"{PROGRAMS}/pg_isready", "-q", "-h", "127.0.0.1", "-p",
                                    str(self.port), "-U", "perpetua", "-d", "postgres"],
                                   check=False)
            if ready.returncode == 0:
                return
            time.sleep(0.02)
        raise RuntimeError("postgres does not answer: " + self.log()[-2000:])

    def spawn(self):
        arguments = [f"{PROGRAMS}/postgres", "-D", self.data, "-h", "127.0.0.1", "-p",
                     str(self.port)]
        for setting in self.settings:
            arguments += ["-c", setting]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=self.folder,
                                            preexec_fn=die_with_parent, **self.account)

    def processes(self):
        """The server and its children, which have process groups of their own."""
        pid = self.process.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as children:
                return [pid] + [int(child) for child in children.read().split()]
        except OSError:
            return [pid]

    def kill(self):
        """SIGKILL to all of it, as a machine would lose it."""
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def kill_postmaster(self):
        """SIGKILL to the postmaster alone; its children notice and end by themselves."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop_immediately(self):
        """As `pg_ctl stop -m immediate`: without a checkpoint, so that it recovers at the start."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def sql(self, text):
        """Runs SQL; the rows as lines, columns divided by |."""
        done = subprocess.run([f"{PROGRAMS}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               "-d", self.url, "-c", text],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as log:
            return log.read()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
