"""PostgreSQL: a primary (index 0) and streaming replicas, by deploy/postgres/perpetua.conf."""
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from .node import READY_TIMEOUT_S, Node
from .processes import ClusterError, log_tail, until

PROGRAMS = os.environ.get("PERPETUA_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")
REPLICATION_TIMEOUT_S = 60
WAL_SEGMENT_MB = 1  # a new file is written once before its first use, on four servers at a time
REPLICA_NICENESS = 10
CONFIGURATION = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "perpetua.conf"


def as_postgres():
    """PostgreSQL refuses to run as root: then it is the user postgres."""
    if os.geteuid() != 0:
        return []
    entry = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def yield_cores(node, timeout_s):
    """Until it is ready. Every process of PostgreSQL is a session of its own, and where the kernel
    shares the cores among sessions first (autogroup), the niceness within one says nothing."""
    lowered = set()

    def is_done():
        for pid in set(node.pids) - lowered:
            try:
                Path(f"/proc/{pid}/autogroup").write_text(str(REPLICA_NICENESS))
            except OSError:
                pass  # ended meanwhile, or a kernel without
            lowered.add(pid)
        return not node.pid or node.is_ready()
    until(is_done, f"{node.name} is ready", timeout_s, node.ready_poll_s)


class PostgresNode(Node):
    default_port = 5432
    stop_signal = signal.SIGINT  # fast: does not wait for its clients
    ready_poll_s = 0.25  # each is a program that starts

    def __init__(self, cluster, name, host, port):
        super().__init__(cluster, name, host, port)
        self.data = self.folder / "data"

    @property
    def is_primary(self):
        return self.index == 0

    @property
    def standby_name(self):
        return f"replica{self.index}"

    @property
    def url(self):
        return f"postgresql://perpetua@{self.address}/perpetua"

    def _run(self, program, *arguments):
        command = [*self.cluster.network.prefix(self.name), *as_postgres(),
                   f"{PROGRAMS}/{program}", *arguments]
        with open(self.log_path, "ab") as log:
            done = subprocess.run(command, cwd=self.folder, env=self.environment(), stdout=log,
                                  stderr=log, check=False)
        if done.returncode != 0:
            raise ClusterError(f"{program} failed:\n{log_tail(self.log_path)}")

    def prepare(self):
        super().prepare()
        if as_postgres():
            shutil.chown(self.folder, "postgres", "postgres")
            reach = subprocess.run([*as_postgres(), "test", "-x", self.folder], check=False)
            if reach.returncode != 0:
                raise ClusterError(f"the user postgres cannot reach {self.folder}: set "
                                   "PERPETUA_CLUSTER_DIR to a folder that it can")
        if self.data.exists():
            return
        try:
            if self.is_primary:
                self._run("initdb", "-D", str(self.data), "-U", "perpetua", "-A", "trust",
                          "--no-locale", "-E", "UTF8", f"--wal-segsize={WAL_SEGMENT_MB}")
                self._configure()
            else:
                primary = self.cluster.nodes["postgres:0"]
                primary.sql("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                            f"WHERE slot_name = '{self.standby_name}'", "postgres")
                self._run("pg_basebackup", "-D", str(self.data), "-R", "-X", "stream", "-c", "fast",
                          "-C", "-S", self.standby_name, "-d",
                          f"host={primary.host} port={primary.port} user=perpetua "
                          f"application_name={self.standby_name}")
        except ClusterError:
            shutil.rmtree(self.data, ignore_errors=True)  # half a copy is none
            raise

    def _configure(self):
        """Replicas copy it with the rest."""
        (self.data / "perpetua.conf").write_text(CONFIGURATION.read_text())
        with open(self.data / "postgresql.conf", "a") as settings:
            settings.write("include 'perpetua.conf'\n")
        clients = self.cluster.network.clients()
        with open(self.data / "pg_hba.conf", "a") as rules:
            rules.write(f"host all all {clients} trust\nhost replication all {clients} trust\n")

    def command(self):
        nice = [] if self.is_primary else ["nice", "-n", str(REPLICA_NICENESS)]
        return [*nice, *as_postgres(), f"{PROGRAMS}/postgres", "-D", str(self.data), "-h",
                self.host, "-p", str(self.port), "-k", ""]

    def wait_ready(self, timeout_s=READY_TIMEOUT_S):
        """What replays for seconds after a kill would take the cores from all the others; on a
        machine of its own it could not."""
        if not self.is_primary:
            yield_cores(self, timeout_s)
        super().wait_ready(timeout_s)

    def kill(self):
        super().kill()
        # Nobody may have waited for it yet, and a zombie's pid keeps the next start away.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self):
        return subprocess.run([f"{PROGRAMS}/pg_isready", "-q", "-h", self.host, "-p",
                               str(self.port), "-U", "perpetua", "-d", "postgres"],
                              check=False).returncode == 0

    def sql(self, text, database="perpetua"):
        """What psql prints: rows as lines, columns divided by |."""
        done = subprocess.run([f"{PROGRAMS}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                               "-d", f"postgresql://perpetua@{self.address}/{database}"
                               "?connect_timeout=5", "-c", text],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise ClusterError(f"{self.name}: {done.stderr}")
        return done.stdout.strip()

    def note(self):
        return "primary" if self.is_primary else "replica"


def make_database(primary):
    if primary.sql("SELECT 1 FROM pg_database WHERE datname = 'perpetua'", "postgres") != "1":
        primary.sql("CREATE DATABASE perpetua", "postgres")


def wait_for_replicas(primary, replicas, is_synchronous):
    """Until all stream; from then on a COMMIT waits for one of them, if it shall."""
    count = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
    until(lambda: int(primary.sql(count, "postgres")) >= len(replicas), "all replicas stream",
          REPLICATION_TIMEOUT_S)
    if is_synchronous:
        names = ", ".join(replica.standby_name for replica in replicas)
        primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ({names})'", "postgres")
        primary.sql("SELECT pg_reload_conf()", "postgres")
