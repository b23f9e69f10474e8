#!/usr/bin/env python3
"""Network namespaces of scripts/cluster --netns: who is cut off hears nothing, who is not does, and
healing takes effect at once. Needs root, skips without."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from cluster.network import Loopback, Namespaces  # noqa: E402
from cluster.processes import ClusterError, end_all, spawn, until  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def are_namespaces_possible():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], check=False,
                                                capture_output=True).returncode == 0


@unittest.skipUnless(are_namespaces_possible(), "needs root and network namespaces")
class Partitions(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="perpetua-network-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.network = Namespaces(self.folder)
        self.places = {name: self.network.place(name, 6379)
                       for name in ("api:0", "api:1", "redis:0")}
        hosts = {name: host for name, (host, _) in self.places.items()}
        self.addCleanup(self.network.tear_down, hosts)
        self.network.set_up(hosts)
        self.redis_host = hosts["redis:0"]
        command = [*self.network.prefix("redis:0"), "redis-server", "--bind", self.redis_host,
                   "--protected-mode", "no", "--save", "", "--dir", self.folder]
        pid = spawn(command, self.folder, ENVIRONMENT, Path(self.folder) / "log")
        self.addCleanup(end_all, [pid])
        until(lambda: self.hears([]), "redis answers", 60)

    def hears(self, prefix, timeout_s=10):
        done = subprocess.run([*prefix, "timeout", str(timeout_s), "redis-cli", "-h",
                               self.redis_host, "PING"], capture_output=True, text=True,
                              check=False)
        return done.stdout.strip() == "PONG"

    def test_a_cut_separates_two_and_only_them(self):
        pair = [(("api:0", self.places["api:0"][0]), ("redis:0", self.redis_host))]
        first, second = self.network.prefix("api:0"), self.network.prefix("api:1")
        self.assertTrue(self.hears(first))
        self.network.cut(pair)
        self.assertFalse(self.hears(first, timeout_s=1))
        self.assertTrue(self.hears(second))
        self.assertTrue(self.hears([]))
        self.network.heal(pair)
        self.assertTrue(self.hears(first))

    def test_nothing_is_left_behind(self):
        self.network.tear_down({name: host for name, (host, _) in self.places.items()})
        shown = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
        spaces = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True)
        self.assertNotIn(self.network.bridge, shown.stdout)
        self.assertNotIn(self.network.bridge, spaces.stdout)


class OnLoopback(unittest.TestCase):
    def test_ports_are_free_and_differ(self):
        network = Loopback("test")
        ports = [network.place("api", 0)[1] for _ in range(30)]
        self.assertEqual(len(set(ports)), 30)
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
        self.assertLess(max(ports), low)

    def test_cutting_says_what_it_needs(self):
        with self.assertRaisesRegex(ClusterError, "--netns"):
            Loopback("test").cut([])


if __name__ == "__main__":
    unittest.main()
