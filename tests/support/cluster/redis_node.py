"""Redis: six nodes of a Cluster, three masters and three replicas, by deploy/redis-cluster.conf."""
import subprocess
from pathlib import Path

from .node import Node
from .processes import ClusterError, until

CONFIGURATION = Path(__file__).resolve().parents[3] / "deploy" / "redis-cluster.conf"
FORM_TIMEOUT_S = 120


class RedisNode(Node):
    default_port = 6379

    def __init__(self, cluster, name, host, port, bus_port):
        super().__init__(cluster, name, host, port)
        self.bus_port = bus_port

    def command(self):
        return ["redis-server", str(CONFIGURATION), "--bind", self.host, "--port", str(self.port),
                "--cluster-port", str(self.bus_port), "--dir", str(self.folder)]

    def cli(self, *arguments, timeout_s=10):
        """The output of redis-cli; ClusterError if Redis says no or does not answer."""
        command = ["redis-cli", "-e", "-h", self.host, "-p", str(self.port), *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s,
                                  check=False)
        except subprocess.TimeoutExpired as error:
            raise ClusterError(f"{self.name} does not answer") from error
        if done.returncode != 0:
            raise ClusterError(f"{self.name}: {done.stdout}{done.stderr}")
        return done.stdout.rstrip("\n")

    def is_ready(self):
        try:
            return self.cli("PING", timeout_s=2) == "PONG"
        except ClusterError:
            return False

    def is_healthy(self):
        """It sees a whole Cluster, and is a master or in step with one."""
        try:
            info = self.cli("CLUSTER", "INFO", timeout_s=2)
            replication = self.cli("INFO", "replication", timeout_s=2)
        except ClusterError:
            return False
        return ("cluster_state:ok" in info and "cluster_slots_ok:16384" in info
                and ("role:master" in replication or "master_link_status:up" in replication))

    def is_master(self):
        """False also if it does not answer. A master without slots is none."""
        try:
            lines = self.cli("CLUSTER", "NODES", timeout_s=2).splitlines()
        except ClusterError:
            return False
        mine = next(line.split() for line in lines if "myself" in line)
        return "master" in mine[2] and len(mine) > 8

    def note(self):
        return "master" if self.is_master() else "replica"


def form_cluster(nodes):
    """Once; the nodes remember it in their nodes.conf."""
    formed = nodes[0].folder / "formed"
    if not formed.exists():
        done = subprocess.run(["redis-cli", "--cluster", "create",
                               *(node.address for node in nodes), "--cluster-replicas", "1",
                               "--cluster-yes"], capture_output=True, text=True, check=False,
                              timeout=FORM_TIMEOUT_S)
        if done.returncode != 0:
            raise ClusterError(f"redis-cli --cluster create: {done.stdout}{done.stderr}")
        Path(formed).touch()
    until(lambda: all(node.is_healthy() for node in nodes), "the Redis Cluster is whole",
          FORM_TIMEOUT_S)


def url(nodes):
    return "redis+cluster://" + ",".join(node.address for node in nodes)
