"""Cluster: layout, start and end of all processes, leader, rolling upgrade, partitions."""
import fcntl
import json
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import postgres_node, redis_node
from .exchange_node import ExchangeNode
from .network import Loopback, Namespaces
from .nginx_node import FAILED_FOR_S, NginxNode
from .postgres_node import PostgresNode
from .processes import ClusterError, until
from .redis_node import RedisNode

ROOT = Path(__file__).resolve().parents[3]
DEFAULT_BINARY = ROOT / "build" / "release" / "bin" / "perpetua"
EXCHANGE_ROLES = ("api", "ws", "engine", "projector")
FULL = {"redis": 6, "postgres": 4, "engine": 2, "projector": 1, "api": 10, "ws": 4, "nginx": 1}
SMALL = {**FULL, "postgres": 2, "api": 2, "ws": 2}
NOT_SETTINGS = ("PERPETUA_BINARY", "PERPETUA_CLUSTER_DIR", "PERPETUA_POSTGRES_BIN")
HANDOVER_TIMEOUT_S = 60
AT_ONCE = 4  # processes that start or end at the same time


def settings_of_environment():
    return {name.removeprefix("PERPETUA_"): value for name, value in os.environ.items()
            if name.startswith("PERPETUA_") and name not in NOT_SETTINGS}


def resolved(path):
    return str(Path(path).resolve())


class Cluster:
    """Attached to its folder: any program finds the processes that another started."""

    def __init__(self, folder=None, settings=None):
        self.folder = Path(folder or os.environ.get("PERPETUA_CLUSTER_DIR")
                           or ROOT / "build" / "cluster").resolve()
        self.given = {name.upper(): value for name, value in (settings or {}).items()}
        self.settings = self.given  # of the exchange, without PERPETUA_; kept in the state file
        self.nodes, self.state = {}, {}
        self.shape = self.network = self.binary = None
        if self.state_path.exists():
            self._load(json.loads(self.state_path.read_text()))

    @classmethod
    def temporary(cls, settings=None, **shape):
        """Up, and down with its folder at the end of `with`."""
        cluster = cls(tempfile.mkdtemp(prefix="perpetua-cluster-"), settings)
        cluster.folder.chmod(0o755)  # PostgreSQL and nginx run as others
        cluster.is_temporary = True
        try:
            cluster.up(**shape)
        except BaseException:
            cluster.down(is_wiped=True)
            raise
        return cluster

    is_temporary = False

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.down(is_wiped=self.is_temporary)

    # --- Layout, kept in the state file ---

    @property
    def state_path(self):
        return self.folder / "state.json"

    def _load(self, state):
        self.state = state
        self.shape, self.binary = state["shape"], state["binary"]
        self.settings = {**state["settings"], **self.given}
        kind = Namespaces if self.shape["is_netns"] else Loopback
        self.network = kind(str(self.folder))
        makers = {"redis": RedisNode, "postgres": PostgresNode, "nginx": NginxNode}
        for name, place in state["nodes"].items():
            maker = makers.get(name.partition(":")[0], ExchangeNode)
            self.nodes[name] = maker(self, name, **place)

    def _save(self):
        self.state.update(binary=self.binary, settings=self.settings)
        draft = self.state_path.with_suffix(".new")
        draft.write_text(json.dumps(self.state, indent=1, default=str))
        draft.replace(self.state_path)

    def lay_out(self, is_small, is_netns, binary):
        network = (Namespaces if is_netns else Loopback)(str(self.folder))
        places = {}
        defaults = {"redis": RedisNode, "postgres": PostgresNode, "nginx": NginxNode}
        for role, count in (SMALL if is_small else FULL).items():
            for index in range(count):
                name = f"{role}:{index}"
                host, port = network.place(name, defaults.get(role, ExchangeNode).default_port)
                places[name] = {"host": host, "port": port}
                if role == "redis":
                    places[name]["bus_port"] = 16379 if is_netns else network.place(name, 0)[1]
                if role == "nginx":
                    places[name]["status_port"] = 8081 if is_netns else network.place(name, 0)[1]
        self._load({"shape": {"is_small": is_small, "is_netns": is_netns},
                    "binary": resolved(binary), "settings": self.settings, "nodes": places})
        self._save()

    # --- The whole ---

    @property
    def is_synchronous(self):
        """A COMMIT waits for a replica. Not with a single one: its end would stop the exchange."""
        return len(self.of_role("postgres")) > 2

    @property
    def url(self):
        return f"http://{self.nodes['nginx:0'].address}"

    def of_role(self, role):
        return [node for node in self.nodes.values() if node.role == role]

    def is_up(self):
        return any(node.pid for node in self.nodes.values())

    def up(self, is_small=False, is_netns=False, binary=None):
        """Starts everything and waits until it serves. With the data of before, if there is any."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.is_up():
                raise ClusterError(f"already up: {self.folder}")
            shape = {"is_small": is_small, "is_netns": is_netns}
            self.settings = {**self.settings, **settings_of_environment(), **self.given}
            if self.shape is None:
                self.lay_out(is_small, is_netns,
                             binary or os.environ.get("PERPETUA_BINARY") or DEFAULT_BINARY)
            elif self.shape != shape:
                raise ClusterError(f"{self.folder} holds a cluster of another shape: "
                                   "scripts/cluster down --wipe")
            elif binary:
                self.binary = resolved(binary)
            self._save()
            try:
                self.network.set_up({name: node.host for name, node in self.nodes.items()})
                self._start_stores()
                self._start_exchange()
            except BaseException:
                self.down()
                raise

    def _start_all(self, nodes):
        for node in nodes:
            node.prepare()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda node: node.start(), nodes))

    def _start_stores(self):
        primary, *replicas = self.of_role("postgres")
        self._start_all([*self.of_role("redis"), primary])
        postgres_node.make_database(primary)
        self._start_all(replicas)
        postgres_node.wait_for_replicas(primary, replicas, self.is_synchronous)
        redis_node.form_cluster(self.of_role("redis"))

    def _start_exchange(self):
        leader, *standby = self.of_role("engine")
        self._start_all([leader])  # makes the tables and the secrets that all share
        self._start_all([*standby, *self.of_role("projector"), *self.of_role("api"),
                         *self.of_role("ws")])
        self._start_all(self.of_role("nginx"))

    def down(self, is_wiped=False):
        """Ends every process, first those that others do not need; leaves no namespace."""
        for roles in (("nginx",), EXCHANGE_ROLES):
            nodes = [node for node in self.nodes.values() if node.role in roles and node.pid]
            with ThreadPoolExecutor(max(1, len(nodes))) as pool:
                list(pool.map(self._stop_quietly, nodes))
        replicas_first = reversed(self.of_role("postgres"))
        for node in [*replicas_first, *self.of_role("redis"), *self.nodes.values()]:
            if node.role == "postgres":
                self._stop_quietly(node)
            node.end()
        if self.network:
            self.network.tear_down({name: node.host for name, node in self.nodes.items()})
        if is_wiped:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.nodes, self.shape = {}, None

    @staticmethod
    def _stop_quietly(node):
        try:
            node.stop(timeout_s=20)
        except ClusterError:
            pass  # its end() follows

    def find(self, text):
        """Nodes by `ROLE`, `ROLE:N`, `engine:leader`, `engine:standby`, `redis:master`."""
        role, _, which = text.partition(":")
        nodes = self.of_role(role)
        if not nodes:
            raise ClusterError(f"no role {role!r}; there are: "
                               + " ".join(dict.fromkeys(n.role for n in self.nodes.values())))
        if not which:
            return nodes
        named = {"leader": lambda: [self.leader()],
                 "standby": lambda: [node for node in nodes if node is not self.leader()],
                 "master": lambda: self.redis_masters()[:1]}
        found = named[which]() if which in named else [self.nodes.get(text)]
        if not found or None in found:
            raise ClusterError(f"there is no {text} now")
        return found

    def redis_masters(self):
        return [node for node in self.of_role("redis") if node.pid and node.is_master()]

    def leader(self):
        """The engine that holds the lock of the journal; None while nobody does."""
        try:
            names = self.nodes["postgres:0"].sql(
                "SELECT application_name FROM pg_stat_activity a JOIN pg_locks l USING (pid) "
                "WHERE l.locktype = 'advisory' AND l.granted "
                "AND application_name LIKE 'perpetua engine %'")
        except ClusterError:
            return None
        leading = {line.removeprefix("perpetua engine ") for line in names.splitlines()}
        return next((node for node in self.of_role("engine")
                     if node.name.replace(":", "-") in leading), None)

    # --- Partitions (--netns) ---

    def _pairs(self, one, other):
        ones = self.find(one)
        others = ([node for node in self.nodes.values() if node not in ones] if other == "*"
                  else self.find(other))
        return [((a.name, a.host), (b.name, b.host)) for a in ones for b in others if a is not b]

    def cut(self, one, other):
        """No packet passes between them, in either direction. `*`: everybody else."""
        self.network.cut(self._pairs(one, other))

    def heal(self):
        """All cuts."""
        nodes = list(self.nodes.values())
        self.network.heal([((a.name, a.host), (b.name, b.host)) for at, a in enumerate(nodes)
                           for b in nodes[at + 1:]])

    # --- Rolling upgrade ---

    def use_binary(self, binary):
        """Of every process that is started from now on."""
        self.binary = resolved(binary)
        self._save()

    def hand_over(self):
        """The leader gives its place to the standby; (who led, who leads now)."""
        former = self.find("engine:leader")[0]
        former.tool("engine", "handover")
        until(lambda: self.leader() not in (None, former), "another engine leads",
              HANDOVER_TIMEOUT_S)
        return former, self.leader()

    def upgrade(self, binary=None, say=print):
        """Every process of the exchange is started anew, one at a time, while the others serve."""
        if binary:
            self.use_binary(binary)
        leader = self.find("engine:leader")[0]
        standby = [node for node in self.of_role("engine") if node is not leader]
        order = [*self.of_role("ws"), *self.of_role("api"), *self.of_role("projector"), *standby]
        for node in order:
            self._renew(node, say)
        former, now = self.hand_over()
        say(f"{former.name} handed over to {now.name}")
        self._renew(former, say)

    def _renew(self, node, say):
        for other in self.nodes.values():
            if other.role == node.role and other is not node:
                other.wait_ready()
        begin = time.monotonic()
        node.restart()
        say(f"{node.name} ready again after {time.monotonic() - begin:.1f} s")
        time.sleep(2 * FAILED_FOR_S + 0.5)  # nginx counts whole seconds; then it tries it again
