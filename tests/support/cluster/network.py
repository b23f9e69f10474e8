"""Where the processes of a cluster live: on loopback, or each in a network namespace of its own.

Loopback takes free ports below the range that the kernel gives to outgoing connections, so that a
process that was killed finds its port free again. Namespaces hang on one bridge by veth pairs and
can be cut from each other: each side is told a hardware address of the other that nobody has, so
packets vanish without an answer, in both directions, on connections that are open, too, as behind
a broken switch. That needs nothing but `ip` (no packet filter, no modules), and root.
"""
import hashlib
import os
import random
import re
import socket
import subprocess

from .processes import ClusterError

PORTS = range(15000, 32000)  # below net.ipv4.ip_local_port_range
NOBODY = "02:00:00:00:00:00"
BRIDGE_HOST = 254


class Loopback:
    def __init__(self, identity):
        self.taken = set()
        self.random = random.Random(f"{identity}{os.getpid()}")

    def place(self, unused_name, unused_port):
        """(host, port) of a new process."""
        while True:
            port = self.random.choice(PORTS)
            if port in self.taken:
                continue
            self.taken.add(port)
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            return "127.0.0.1", port

    def set_up(self, unused_hosts):
        pass

    def tear_down(self, unused_hosts):
        pass

    def prefix(self, unused_name):
        """What a command is started with, to run where `name` lives."""
        return []

    def clients(self):
        """The network that nginx and the databases hear from."""
        return "127.0.0.0/8"

    def cut(self, unused_pairs):
        raise ClusterError("cutting connections needs namespaces: scripts/cluster up --netns")

    heal = cut


def hardware(host):
    """The address of its network card: known without asking, so healing takes effect at once."""
    return "02:01:" + ":".join(f"{int(part):02x}" for part in host.split("."))


def run_ip(lines, namespace=None, is_forced=False):
    """A batch of `ip` commands; is_forced: goes on behind one that fails."""
    command = ["ip", *(["-n", namespace] if namespace else []), *(["-force"] if is_forced else []),
               "-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True,
                          check=False)
    if done.returncode != 0 and not is_forced:
        raise ClusterError(f"ip: {done.stderr.strip()}")


class Namespaces:
    """One per process. The load generator stays outside and reaches all of them by the bridge."""

    def __init__(self, identity):
        if os.geteuid() != 0:
            raise ClusterError("--netns needs root: it makes network namespaces and a bridge")
        digest = hashlib.sha256(identity.encode()).digest()
        self.tag = digest.hex()[:4]
        self.bridge = f"pp{self.tag}"
        self.subnet = f"10.{digest[2]}.{digest[3]}"
        self.next_host = 1

    def _namespace(self, name):
        return f"pp{self.tag}-{name.replace(':', '')}"

    def place(self, unused_name, port):
        host = f"{self.subnet}.{self.next_host}"
        self.next_host += 1
        return host, port

    def set_up(self, hosts):
        """hosts: name -> address."""
        self.tear_down(hosts)
        used = subprocess.run(["ip", "-o", "-4", "address"], capture_output=True, text=True,
                              check=True).stdout
        if re.search(rf"\b{re.escape(self.subnet)}\.", used):
            raise ClusterError(f"the network {self.subnet}.0/24 is in use; choose another folder")
        run_ip([f"link add {self.bridge} type bridge", f"link set {self.bridge} up",
                f"address add {self.subnet}.{BRIDGE_HOST}/24 dev {self.bridge}"])
        for name, host in hosts.items():
            namespace, veth = self._namespace(name), f"{self.tag}{name.replace(':', '')}"
            run_ip([f"netns add {namespace}",
                    f"link add {veth} type veth peer name eth0 address {hardware(host)} "
                    f"netns {namespace}",
                    f"link set {veth} master {self.bridge} up"])
            run_ip([f"address add {host}/24 dev eth0", "link set eth0 up", "link set lo up"],
                   namespace)

    def tear_down(self, hosts):
        run_ip([f"netns delete {self._namespace(name)}" for name in hosts]
               + [f"link delete {self.bridge}"], is_forced=True)

    def prefix(self, name):
        return ["nsenter", f"--net=/run/netns/{self._namespace(name)}"]

    def clients(self):
        return f"{self.subnet}.0/24"

    def _each_side(self, pairs, line):
        by_namespace = {}
        for (name, host), (other, other_host) in pairs:
            by_namespace.setdefault(self._namespace(name), []).append(line(other_host))
            by_namespace.setdefault(self._namespace(other), []).append(line(host))
        return by_namespace.items()

    def cut(self, pairs):
        """pairs of (name, address)."""
        for namespace, lines in self._each_side(
                pairs, lambda host: f"neigh replace {host} lladdr {NOBODY} nud permanent dev eth0"):
            run_ip(lines, namespace)

    def heal(self, pairs):
        for namespace, lines in self._each_side(
                pairs, lambda host: f"neigh replace {host} lladdr {hardware(host)} nud stale "
                "dev eth0"):
            run_ip(lines, namespace)
