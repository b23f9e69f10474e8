#!/usr/bin/env python3
"""The files of deploy/ fit the binary, and a misspelt word in them is found."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import deploy_files  # noqa: E402
from cluster import Cluster  # noqa: E402

BINARY = os.environ.get("PERPETUA_BINARY", str(ROOT / "build/release/bin/perpetua"))
SETTINGS = deploy_files.Settings.of(BINARY)
PASSWORDS = {"POSTGRES_PASSWORD": "one", "GRAFANA_PASSWORD": "two"}
COPIED = ("deploy", "docker-compose.yml", "Dockerfile", "docs/operations.md", "scripts/setup",
          "src/gateway/options.hpp")

# file, what stands there, what somebody could write instead
MISSPELT = [
    ("docker-compose.yml", "REDIS_URL:", "REDIS_URI:"),
    ("docker-compose.yml", "PERPETUA_DATA_DIR", "PERPETUA_DATADIR"),
    ("docker-compose.yml", "127.0.0.1:8082:8082", "127.0.0.1:8082:8080"),
    ("docker-compose.yml", "redis-data:/data", "redis-date:/data"),
    ("deploy/docker-compose.cluster.yml", "PERPETUA_DRAIN_MS", "PERPETUA_DRIAN_MS"),
    ("deploy/docker-compose.cluster.yml", "PERPETUA_ROLE: ws", "PERPETUA_ROLES: ws"),
    ("deploy/docker-compose.cluster.yml", "JOURNAL: postgres", "JOURNAL: postgresql"),
    ("deploy/docker-compose.cluster.yml", "DATABASE_POLL_MS: 500", "DATABASE_POLL_MS: 0"),
    ("deploy/docker-compose.cluster.yml", "./alerts.yml", "./alarms.yml"),
    ("deploy/docker-compose.cluster.yml", "172.30.0.44", "172.30.0.45"),
    ("deploy/docker-compose.cluster.yml", "REPLICA_NAME: replica3", "REPLICA_NAME: replica4"),
    ("deploy/docker-compose.cluster.yml", "perpetua-secrets\n", "perpetua-secret\n"),
    ("deploy/nginx/api.conf", "172.30.0.21:8082", "172.30.0.21:8080"),
    ("deploy/nginx.conf", "client_max_body_size 64k", "client_max_body_size 1m"),
    ("deploy/nginx.conf", "proxy_read_timeout 8s", "proxy_read_timeout 5s"),
    ("deploy/nginx.conf", "keepalive_timeout 2s", "keepalive_timeout 3s"),
    ("deploy/prometheus.yml", "api-10:8082", "api-11:8082"),
    ("deploy/alerts.yml", "perpetua_bad_debt_usdc", "perpetua_bad_debts_usdc"),
    ("deploy/alerts.yml", "alert: NoStandby", "alert: NoSecondEngine"),
    ("deploy/grafana-dashboard.json", "perpetua_commit_seconds_bucket", "perpetua_commits_bucket"),
    ("deploy/perpetua-role@.service", "PERPETUA_NODE_NAME", "PERPETUA_NODENAME"),
    ("deploy/perpetua-role@.service", "PERPETUA_SECRETS_DIR", "PERPETUA_SECRET_DIR"),
    ("deploy/perpetua.service", "ExitStatus=2 74", "ExitStatus=2 73"),
    ("Dockerfile", "EXPOSE 8082", "EXPOSE 8080"),
    ("Dockerfile", "libpq5 ", "libpg5 "),
    ("Dockerfile", "COPY scripts/setup ", "COPY scripts/set-up "),
    ("Dockerfile", "PERPETUA_LISTEN=", "PERPETUA_LISTENS="),
]


class DeployFiles(unittest.TestCase):
    def test_they_fit_the_binary(self):
        self.assertEqual(deploy_files.all_faults(ROOT, BINARY, SETTINGS), [])

    def test_a_misspelt_word_is_found(self):
        known = deploy_files.metric_names(ROOT)
        original, deploy_files.metric_names = deploy_files.metric_names, lambda root: known
        self.addCleanup(setattr, deploy_files, "metric_names", original)
        for name, right, wrong in MISSPELT:
            with self.subTest(f"{name}: {wrong}"), tempfile.TemporaryDirectory() as place:
                copy = Path(place)
                for item in COPIED:
                    target = copy / item
                    target.parent.mkdir(parents=True, exist_ok=True)
                    if (ROOT / item).is_dir():
                        shutil.copytree(ROOT / item, target)
                    else:
                        shutil.copy(ROOT / item, target)
                text = (copy / name).read_text()
                self.assertIn(right, text)
                (copy / name).write_text(text.replace(right, wrong))
                self.assertTrue(deploy_files.all_faults(copy, BINARY, SETTINGS))

    def test_the_local_cluster_sets_what_the_binary_knows(self):
        with tempfile.TemporaryDirectory() as place:
            cluster = Cluster(place)
            cluster.lay_out(is_small=False, is_netns=False, binary=BINARY)
            for role in ("api", "ws", "engine", "projector"):
                node = cluster.of_role(role)[0]
                values = {f"PERPETUA_{name}": value for name, value in node.settings().items()}
                self.assertEqual(deploy_files.settings_faults(SETTINGS, role, values), [])

    def test_the_kernel_knows_what_it_is_told(self):
        text = (ROOT / "deploy/sysctl.conf").read_text()
        names = re.findall(r"^([a-z_.]+) = \d+$", text, re.M)
        self.assertEqual(len(names), sum(not line.startswith("#") for line in text.splitlines()))
        for name in names:
            self.assertTrue(Path("/proc/sys", *name.split(".")).exists(), name)


class OtherPrograms(unittest.TestCase):
    """What the programs say that will read the files; each where it is installed."""

    def run_if_there(self, *command, environment=None):
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                              env={**os.environ, **(environment or {})})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_compose(self):
        for name in deploy_files.COMPOSE:
            self.run_if_there("docker-compose", "-f", name, "config", "-q", environment=PASSWORDS)

    def test_prometheus(self):
        self.run_if_there("promtool", "check", "config", "deploy/prometheus.yml")

    def test_systemd(self):
        with tempfile.TemporaryDirectory() as place:
            for name in deploy_files.UNITS:
                text = (ROOT / name).read_text().replace("/usr/local/bin/perpetua", BINARY)
                unit = Path(place) / Path(name).name.replace("@", "@api-1")
                unit.write_text(text)
                self.run_if_there("systemd-analyze", "verify", "--man=no", str(unit))


if __name__ == "__main__":
    unittest.main()
