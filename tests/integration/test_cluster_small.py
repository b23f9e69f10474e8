#!/usr/bin/env python3
"""scripts/cluster --small from up to down: trade through nginx, one of each role killed, a rolling
upgrade without a failed request, nothing left behind."""
import asyncio
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import websockets

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster import Cluster  # noqa: E402
from cluster.processes import started_at, until  # noqa: E402
from exchange import Client  # noqa: E402

AGAIN_TIMEOUT_S = 60  # after a kill; how long it really takes is for the drills
MARKET = "BTC-PERP"
REPLICA_FAILED = 77  # exit code
SETTINGS = {"PERPETUA_REPLAY_SPEED": "1", "PERPETUA_LIQUIDITY": "off", "PERPETUA_RATE_AGENT": "0",
            "PERPETUA_RATE_GLOBAL": "0", "PERPETUA_RATE_REGISTRATIONS": "0",
            "PERPETUA_RATE_READS": "0"}


class ClusterSmall(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="perpetua-cluster-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.addCleanup(lambda: Cluster(self.folder).down())
        self.numbers = iter(range(1, 1_000_000))

    def script(self, *arguments):
        """(exit code, output) of scripts/cluster."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("PERPETUA_") or name == "PERPETUA_BINARY"}
        done = subprocess.run([ROOT / "scripts" / "cluster", *arguments], text=True, check=False,
                              env={**environment, **SETTINGS, "PERPETUA_CLUSTER_DIR": self.folder},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def run_script(self, *arguments):
        code, output = self.script(*arguments)
        self.assertEqual(code, 0, output)
        return output

    def send(self, client, method, path, body=None):
        """With a key of its own."""
        headers = {"Idempotency-Key": f"key-{next(self.numbers)}"} if method != "GET" else {}
        return client.request(method, path, body, headers)

    def again(self, client, method, path, body=None):
        """Under one key until it is answered with 200; what an agent does."""
        headers = {"Idempotency-Key": f"key-{next(self.numbers)}"} if method != "GET" else {}

        def answered():
            try:
                reply = client.request(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                return None
            return reply if reply.status == 200 else None
        return until(answered, f"{method} {path}", AGAIN_TIMEOUT_S, poll_s=0.1)

    def register(self, name):
        agent = Client(self.port)
        key = self.again(agent, "POST", "/api/v1/agents",
                         {"wallet": name, "display_name": name}).body["api_key"]
        agent = Client(self.port, key)
        self.again(agent, "POST", "/api/v1/account/deposit", {"amount": "100000"})
        return agent

    def position(self, agent):
        rows = self.again(agent, "GET", "/api/v1/positions").body["items"]
        return [(row["side"], row["size"]) for row in rows]

    def order(self, side):
        return {"market": MARKET, "side": side, "size": "0.001", "price": self.price}

    def test_from_up_to_down(self):
        self.run_script("up", "--small", "--no-build")
        self.cluster = Cluster(self.folder)
        self.port = self.cluster.nodes["nginx:0"].port
        self.assertEqual(self.script("up", "--small", "--no-build")[0], 1)
        self.trade()
        self.all_tell_their_batch()
        self.kill_one_of_each()
        self.upgrade_under_traffic()
        self.lose_the_journal()
        pids = [pid for node in self.cluster.nodes.values() for pid in node.pids]
        self.run_script("down")
        self.assertEqual([pid for pid in pids if started_at(pid) is not None], [])
        self.assertNotEqual(self.script("status")[0], 0)

    def lose_the_journal(self):
        """Rows of another schema come into it, and Redis, which has the batches whole, goes away:
        who follows ends, for its supervisor to start it again."""
        projector = self.cluster.nodes["projector:0"]
        projector.stop()
        with open(projector.log_path, "ab") as log:
            process = subprocess.Popen(projector.command(), env=projector.environment(),
                                       cwd=projector.folder, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until(projector.is_ready, "the projector is ready", AGAIN_TIMEOUT_S)
        self.cluster.nodes["postgres:0"].sql(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.schema_hash := "
            "NEW.hash; RETURN NEW; END'; CREATE TRIGGER spoil BEFORE INSERT ON journal "
            "FOR EACH ROW EXECUTE FUNCTION spoil()")
        for node in self.cluster.of_role("redis"):
            node.kill()
        self.assertEqual(process.wait(AGAIN_TIMEOUT_S), REPLICA_FAILED)

    def trade(self):
        market = self.again(Client(self.port), "GET", f"/api/v1/markets/{MARKET}").body
        self.price = market["index_price"]
        self.maker, self.taker = self.register("0xmaker"), self.register("0xtaker")
        self.again(self.maker, "POST", "/api/v1/orders", self.order("sell"))
        self.again(self.taker, "POST", "/api/v1/orders", self.order("buy"))
        self.assertEqual(self.position(self.maker), [("short", "0.001")])
        self.assertEqual(self.position(self.taker), [("long", "0.001")])
        hello = asyncio.run(self.hello(self.taker.key))
        self.assertEqual(hello["type"], "connected")
        self.assertIsNotNone(hello["agent_id"])

    def all_tell_their_batch(self):
        """Also those that serve no agents: both engines and the projector."""
        def batch_of(node):
            status, text = node.get("/readyz")
            return int(json.loads(text)["applied_batch"]) if status == 200 else 0
        traded = batch_of(self.cluster.nodes["api:0"])
        self.assertGreater(traded, 0)
        for role in ("api", "ws", "engine", "projector"):
            for node in self.cluster.of_role(role):
                until(lambda node=node: batch_of(node) >= traded, f"{node.name} has the trades",
                      AGAIN_TIMEOUT_S)

    async def hello(self, key):
        """The first message of a socket."""
        async with websockets.connect(f"ws://127.0.0.1:{self.port}/ws",
                                      extra_headers={"X-API-Key": key}) as socket:
            return json.loads(await asyncio.wait_for(socket.recv(), 30))

    def kill_one_of_each(self):
        for who in ("api:0", "ws:0", "projector:0", "engine:leader", "redis:master", "postgres:1"):
            victim = self.cluster.find(who)[0]
            self.run_script("kill", victim.name)
            self.assertIsNone(victim.pid)
            self.assertEqual(self.script("status")[0], 1)
            self.again(self.maker, "POST", "/api/v1/orders", self.order("sell"))
            self.again(self.taker, "POST", "/api/v1/orders", self.order("buy"))
            self.run_script("start", victim.name)
        until(lambda: self.script("status")[0] == 0, "all are ready", AGAIN_TIMEOUT_S, poll_s=0.5)
        self.assertEqual(self.position(self.taker), [("long", "0.007")])

    def upgrade_under_traffic(self):
        ended, failures, counts = threading.Event(), [], []

        def traffic(agent):
            count = 0
            while not ended.is_set():
                try:
                    reply = self.send(agent, "POST", "/api/v1/account/deposit", {"amount": "1"})
                    read = self.send(agent, "GET", "/api/v1/account")
                    failures.extend(repr(r) for r in (reply, read) if r.status != 200)
                except (OSError, http.client.HTTPException) as error:
                    failures.append(repr(error))
                count += 1
                time.sleep(0.01)
            counts.append(count)

        threads = [threading.Thread(target=traffic, args=(agent,))
                   for agent in (self.maker, self.taker)]
        for thread in threads:
            thread.start()
        try:
            output = self.run_script("upgrade")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        self.assertIn("handed over", output)
        self.assertEqual(failures, [])
        self.assertTrue(all(counts), counts)


if __name__ == "__main__":
    unittest.main()
