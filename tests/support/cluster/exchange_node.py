"""`perpetua serve` with a role: api, ws, engine, projector."""
import http.client
import subprocess

from . import redis_node
from .node import Node
from .processes import ClusterError

DRAIN_MS = 3000  # longer than nginx keeps an idle connection (deploy/nginx.conf)
REPLICA_POLL_MS = 500  # 16 processes ask each replica how far it is
REPLICA_LAG_MS = 1500  # what they know is that old, too
HISTORY_GROUP_MS = 200  # a transaction of the history has a score of statements
BATCH_INTERVAL_MS = 40  # each batch wakes three replicas and sixteen followers


class ExchangeNode(Node):
    default_port = 8082

    def __init__(self, cluster, name, host, port):
        super().__init__(cluster, name, host, port)
        self.is_supervised = self.role == "engine"

    def command(self):
        return [self.cluster.binary, "serve"]

    def settings(self):
        """As variables without PERPETUA_; those of the cluster beat those that may differ."""
        primary, *replicas = self.cluster.of_role("postgres")
        common = {
            "MODE": "sandbox",
            "DATABASE_POLL_MS": REPLICA_POLL_MS,
            "DATABASE_LAG_MS": REPLICA_LAG_MS,
            "DATABASE_GROUP_MS": HISTORY_GROUP_MS,
            "JOURNAL_ASYNC_REPLICAS": "refuse" if self.cluster.is_synchronous else "accept",
            "DRAIN_MS": DRAIN_MS,
            "BATCH_INTERVAL_MS": BATCH_INTERVAL_MS,
        }
        fixed = {
            "ROLE": self.role,
            "NODE_NAME": self.name.replace(":", "-"),
            "LISTEN": self.address,
            "DATA_DIR": self.folder / "data",
            "SECRETS_DIR": self.cluster.folder / "secrets",
            "JOURNAL": "postgres",
            "DATABASE_URL": primary.url,
            "DATABASE_REPLICA_URLS": " ".join(replica.url for replica in replicas),
            "REDIS_URL": redis_node.url(self.cluster.of_role("redis")),
            "TRUSTED_PROXIES": self.cluster.nodes["nginx:0"].host,
        }
        return {**common, **self.cluster.settings, **fixed}

    def environment(self):
        return {**super().environment(),
                **{f"PERPETUA_{name}": str(value) for name, value in self.settings().items()}}

    def prepare(self):
        super().prepare()
        (self.cluster.folder / "secrets").mkdir(mode=0o700, exist_ok=True)

    def get(self, path, timeout_s=2):
        """(status, text), or (None, why)."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return None, str(error)
        finally:
            connection.close()

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def tool(self, *arguments, timeout_s=60):
        """`perpetua ARGUMENTS` where this process lives, with its settings; what it prints."""
        command = [*self.cluster.network.prefix(self.name), self.cluster.binary, *arguments]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True,
                              check=False, timeout=timeout_s)
        if done.returncode != 0:
            raise ClusterError(f"perpetua {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def note(self):
        if self.role != "engine":
            return ""
        return "leader" if self.cluster.leader() is self else "standby"
