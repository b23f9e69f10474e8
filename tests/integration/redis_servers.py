"""Real Redis servers for tests: RedisServer, and RedisCluster of three masters and three replicas.

Everything listens on free ports of 127.0.0.1 and keeps its files in a temporary folder. Processes
are ended by their process id with close(), at the end of the interpreter, and by the kernel if the
thread that started them dies first. Use them as context managers.
"""
import atexit
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY_TIMEOUT_S = 60
HEALTHY_TIMEOUT_S = 120
STARTS_MAX = 5  # a free port may be taken by another before the server has it
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
NODE_TIMEOUT_MS = 2000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition, what, timeout_s=READY_TIMEOUT_S):
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"timed out: {what}")
        time.sleep(0.01)


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def write_certificates(folder):
    """ca.crt with server.crt and server.key (127.0.0.1, localhost); other-ca.crt signed none."""
    def run(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "other-ca"):
        run("req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.crt")
    run("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    with open(os.path.join(folder, "names"), "w") as names:
        names.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.crt")


class RedisServer:
    """One redis-server; started when made. `append_only` keeps its data over a restart."""

    def __init__(self, password=None, tls=False, append_only=False, cluster_node=False,
                 arguments=()):
        self.password, self.tls, self.append_only = password, tls, append_only
        self.cluster_node, self.arguments = cluster_node, list(arguments)
        self.folder = tempfile.mkdtemp(prefix="perpetua-redis-")
        self.process = None
        atexit.register(self.close)
        if tls:
            write_certificates(self.folder)
        for attempt in range(STARTS_MAX):
            self.port, self.bus_port = free_port(), free_port()
            if self._spawn():
                return
        raise RuntimeError("redis-server ended: " + self.log())

    def _command(self):
        command = ["redis-server", "--bind", "127.0.0.1", "--dir", self.folder,
                   "--logfile", os.path.join(self.folder, "log"), "--save", "",
                   "--appendonly", "yes" if self.append_only else "no",
                   "--appendfsync", "always"]
        if self.tls:
            command += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no",
                        "--tls-ca-cert-file", "ca.crt", "--tls-cert-file", "server.crt",
                        "--tls-key-file", "server.key"]
        else:
            command += ["--port", str(self.port)]
        if self.password:
            command += ["--requirepass", self.password]
        if self.cluster_node:
            command += ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                        "--cluster-node-timeout", str(NODE_TIMEOUT_MS),
                        "--cluster-port", str(self.bus_port)]
        return command + self.arguments

    def _spawn(self):
        self.process = subprocess.Popen(self._command(), cwd=self.folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=end_with_parent)
        until(lambda: self.process.poll() is not None or self._answers(),
              "redis-server answers")
        return self.process.poll() is None

    def _answers(self):
        try:
            return self.cli("PING") == "PONG"
        except RuntimeError:
            return False

    def start(self):
        """Again, on the same port and folder."""
        for attempt in range(STARTS_MAX):
            if self.is_running() or self._spawn():
                return
        raise RuntimeError("redis-server ended: " + self.log())

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def _end(self, number):
        if self.is_running():
            self.process.send_signal(number)
            self.process.wait()

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def ca_file(self):
        return os.path.join(self.folder, "ca.crt")

    @property
    def url(self):
        secret = f":{self.password}@" if self.password else ""
        if self.tls:
            return f"rediss://{secret}{self.address}/0?ca_file={self.ca_file}"
        return f"redis://{secret}{self.address}"

    def cli(self, *arguments):
        """The output of redis-cli with these arguments; RuntimeError if Redis says no."""
        command = ["redis-cli", "-e", "-p", str(self.port)]
        if self.tls:
            command += ["--tls", "--cacert", self.ca_file]
        if self.password:
            command += ["--no-auth-warning", "-a", self.password]
        done = subprocess.run(command + [str(argument) for argument in arguments],
                              capture_output=True, text=True, timeout=READY_TIMEOUT_S, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout.rstrip("\n")

    def log(self):
        try:
            with open(os.path.join(self.folder, "log"), errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class RedisCluster:
    """Six nodes made with `redis-cli --cluster create`; ready when every node agrees."""

    NODES = 6

    def __init__(self):
        self.nodes = []
        try:
            for index in range(self.NODES):
                self.nodes.append(RedisServer(cluster_node=True))
            subprocess.run(["redis-cli", "--cluster", "create",
                            *(node.address for node in self.nodes), "--cluster-replicas", "1",
                            "--cluster-yes"], capture_output=True, check=True,
                           timeout=HEALTHY_TIMEOUT_S)
            self.wait_until_healthy()
        except BaseException:
            self.close()
            raise

    @property
    def url(self):
        return "redis+cluster://" + ",".join(node.address for node in self.nodes)

    def live(self):
        return [node for node in self.nodes if node.is_running()]

    def _rows(self, seen_by):
        """(id, node, is master, slot ranges) of CLUSTER NODES."""
        by_address = {node.address: node for node in self.nodes}
        for line in seen_by.cli("CLUSTER", "NODES").splitlines():
            fields = line.split()
            node = by_address[fields[1].split("@")[0]]
            is_master = "master" in fields[2] and "fail" not in fields[2]
            slots = [tuple(int(end) for end in (text.split("-") * 2)[:2])
                     for text in fields[8:] if not text.startswith("[")]
            yield fields[0], node, is_master, slots

    def masters(self):
        return [node for _, node, is_master, _ in self._rows(self.live()[0]) if is_master]

    def master_of(self, slot):
        """None while nobody owns it, during an election."""
        for _, node, is_master, slots in self._rows(self.live()[0]):
            if is_master and any(first <= slot <= last for first, last in slots):
                return node
        return None

    def master_of_key(self, key):
        return self.master_of(int(self.live()[0].cli("CLUSTER", "KEYSLOT", key)))

    def _view(self, node):
        """None if the node does not see a healthy Cluster."""
        info = node.cli("CLUSTER", "INFO")
        if "cluster_state:ok" not in info or "cluster_slots_ok:16384" not in info:
            return None
        if f"cluster_known_nodes:{self.NODES}" not in info:
            return None
        replication = node.cli("INFO", "replication")
        if "role:master" not in replication and "master_link_status:up" not in replication:
            return None
        return sorted((owner.port, slots) for _, owner, is_master, slots in self._rows(node)
                      if is_master)

    def is_healthy(self):
        views = [self._view(node) for node in self.live()]
        return None not in views and all(view == views[0] for view in views)

    def wait_until_healthy(self):
        until(self.is_healthy, "the Cluster is healthy", HEALTHY_TIMEOUT_S)

    def move_slot(self, slot, target):
        """With its keys, in the steps of `redis-cli --cluster reshard`; how many keys moved."""
        source, moved = self.master_of(slot), 0
        if source is target:
            return moved
        target_id = target.cli("CLUSTER", "MYID")
        target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", source.cli("CLUSTER", "MYID"))
        source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        while True:
            keys = source.cli("CLUSTER", "GETKEYSINSLOT", slot, 100).split()
            if not keys:
                break
            source.cli("MIGRATE", "127.0.0.1", target.port, "", 0, 10000, "KEYS", *keys)
            moved += len(keys)
        others = [node for node in self.masters() if node not in (source, target)]
        for node in (target, source, *others):
            node.cli("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        return moved

    def close(self):
        for node in self.nodes:
            node.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
