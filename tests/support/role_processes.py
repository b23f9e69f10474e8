"""A small cluster for tests: one Redis, one PostgreSQL, and the roles as processes of the binary.

Everything listens on loopback; every process is ended by its process id, also when the test fails.
"""
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from exchange import BINARY, Client, free_port  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402
from redis_servers import RedisServer  # noqa: E402

WAIT_S = 120
LEADS = "\nperpetua_cluster_leader 1\n"


def until(condition, what, timeout_s=WAIT_S):
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.01)


class RoleProcess:
    """One process; `name` is also its folder."""

    def __init__(self, cluster, name, role, **settings):
        self.cluster, self.name, self.role, self.settings = cluster, name, role, settings
        self.folder = os.path.join(cluster.folder, name)
        self.log_path = self.folder + ".log"
        self.port = free_port()
        self.process = None

    def environment(self):
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("PERPETUA_", "DATABASE_", "REDIS_"))}
        values = {"role": self.role, "node_name": self.name, "listen": f"127.0.0.1:{self.port}",
                  "data_dir": self.folder, **self.cluster.settings, **self.settings}
        environment.update({"PERPETUA_" + key.upper(): str(value)
                            for key, value in values.items()})
        return environment

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve"], env=self.environment(), stdout=log,
                                            stderr=log)
        return self

    def start(self):
        return self.launch().wait_ready()

    def wait_ready(self):
        until(lambda: self.is_ready() or self.process.poll() is not None, f"{self.name} is ready")
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name}: exit {self.process.returncode}\n{self.log()}")
        return self

    def is_ready(self):
        return self.probe("/readyz")[0] == 200

    def probe(self, path):
        """(status, text); (0, "") if nobody answers."""
        client = Client(self.port, timeout_s=5)
        try:
            reply = client.get(path)
            return reply.status, reply.text
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            client.close()

    def metrics(self):
        return self.probe("/metrics")[1]

    def leads(self):
        return LEADS in self.metrics()

    def client(self, key=None):
        return Client(self.port, key)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s=60):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=timeout_s)

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Cluster:
    """The servers; add() makes processes."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="perpetua-cluster-")
        self.processes = {}
        self.postgres = PostgresServer()
        self.redis = RedisServer()
        self.settings = {"journal": "postgres", "database_url": self.postgres.url,
                         "redis_url": self.redis.url,
                         "secrets_dir": os.path.join(self.folder, "secrets"),
                         "prices": "push", "liquidity": "off", "rate_registrations": 0,
                         "rate_agent": 0, "rate_global": 0, "rate_reads": 0,
                         "operator_key": "operator-key-of-the-integration-tests", **settings}

    def add(self, name, role, **settings):
        self.processes[name] = RoleProcess(self, name, role, **settings)
        return self.processes[name]

    def __getitem__(self, name):
        return self.processes[name]

    def leader(self):
        return until(lambda: next((p for p in self.processes.values() if p.role == "engine"
                                   and p.process.poll() is None and p.leads()), None),
                     "an engine leads")

    def command(self, *arguments):
        """Runs `perpetua ARGUMENTS`; (exit code, output)."""
        any_process = next(iter(self.processes.values()))
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=120,
                              check=False, env=any_process.environment())
        return done.returncode, done.stdout + done.stderr

    def logs(self):
        return "\n".join(process.log() for process in self.processes.values())

    def close(self):
        for process in self.processes.values():
            process.close()
        self.redis.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)
