"""The roles as processes: two engines, two api, a ws node, a projector, on a real Redis and a real
PostgreSQL. What one node acknowledged every node shows; a leader that dies or hands over under load
loses nothing and does nothing twice."""
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from role_processes import Cluster, until  # noqa: E402
from ws_client import Socket  # noqa: E402

EXIT_CANNOT_START = 3
OPERATOR_KEY = "operator-key-of-the-integration-tests"
READS = 100


class Depositor(threading.Thread):
    """Deposits 1 with a key of its own each, again and again with the same key until it is done."""

    def __init__(self, node, key, name):
        super().__init__()
        self.client, self.name_, self.stop = node.client(key), name, threading.Event()
        self.done, self.failed = 0, []

    def run(self):
        while not self.stop.is_set():
            while not self.deposit(f"{self.name_}-{self.done}"):
                time.sleep(0.02)
            self.done += 1

    def deposit(self, key):
        try:
            reply = self.client.post("/api/v1/account/deposit", {"amount": "1"},
                                     **{"Idempotency-Key": key})
        except Exception as error:  # a connection that broke is a failed request, too
            self.failed.append(repr(error))
            return False
        if reply.status != 200:
            self.failed.append(repr(reply))
        return reply.status == 200


class ClusterCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(command_timeout_ms=3000)
        cls.addClassCleanup(cls.cluster.close)
        for name, role in (("engine-1", "engine"), ("engine-2", "engine"),
                           ("projector", "projector"), ("api-1", "api"), ("api-2", "api,ws"),
                           ("ws-1", "ws")):
            cls.cluster.add(name, role).launch()
        for process in cls.cluster.processes.values():
            process.wait_ready()

    def setUp(self):
        self.first, self.second = self.cluster["api-1"], self.cluster["api-2"]
        self.leader = self.cluster.leader()
        prices = self.ok(self.first.client(OPERATOR_KEY).post("/api/v1/prices", {
            "prices": [{"market": "BTC-PERP", "price": "60000"}]}))
        self.assertNotIn("error", str(prices))

    def ok(self, reply):
        self.assertIn(reply.status, (200, 201), reply)
        return reply.body

    def register(self, node, name, fund="100000"):
        key = self.ok(node.client().post("/api/v1/agents", {
            "wallet": f"{self.id()}-{name}", "display_name": name}))["api_key"]
        self.ok(node.client(key).post("/api/v1/account/deposit", {"amount": fund}))
        return key

    def free(self, node, key):
        return float(self.ok(node.client(key).get("/api/v1/account"))["free"])

    def place(self, client, side, size="0.01", price="60000"):
        return self.ok(client.post("/api/v1/orders", {
            "market": "BTC-PERP", "side": side, "size": size, "price": price}))

    def standby(self):
        return next(p for p in self.cluster.processes.values()
                    if p.role == "engine" and p is not self.leader)

    def under_load(self, disturb):
        """Two depositors on two nodes while disturb() runs; what they saw fail."""
        key = self.register(self.first, "loaded", "1")
        loads = [Depositor(node, key, f"{self.id()}-{node.name}")
                 for node in (self.first, self.second)]
        for load in loads:
            load.start()
        try:
            until(lambda: all(load.done > 20 for load in loads), "deposits flow")
            disturb()
            done = [load.done for load in loads]
            until(lambda: all(load.done > before + 20 for load, before in zip(loads, done)),
                  "deposits flow again")
        finally:
            for load in loads:
                load.stop.set()
            for load in loads:
                load.join()
        expected = 1 + sum(load.done for load in loads)
        for node in (self.first, self.second):
            self.assertEqual(self.free(node, key), expected)
        return [failure for load in loads for failure in load.failed]


class Reading(ClusterCase):
    def test_what_one_node_acknowledged_the_other_shows_at_once(self):
        barrier = "perpetua_cluster_barrier_waits_total"
        asked = self.second.metric(barrier)
        for number in range(READS):
            key = self.register(self.first, f"reader-{number}", str(number + 1))
            self.assertEqual(self.free(self.second, key), number + 1)
        self.assertGreaterEqual(self.second.metric(barrier), asked + READS)

    def test_agents_of_two_nodes_trade_and_the_writers_show_it(self):
        maker, taker = self.register(self.first, "maker"), self.register(self.second, "taker")
        self.place(self.first.client(maker), "sell")
        bought = self.place(self.second.client(taker), "buy")
        self.assertIn(bought["status"], ("filled", "closed"), bought)
        position = self.ok(self.first.client(taker).get("/api/v1/positions"))["items"][0]
        self.assertEqual(float(position["size"]), 0.01)
        fills = self.ok(self.first.client(taker).get("/api/v1/fills"))["items"]
        self.assertEqual(len(fills), 1, fills)
        agent = self.ok(self.first.client(taker).get("/api/v1/account"))["agent_id"]
        until(lambda: self.cluster.redis.cli("EXISTS", f"agent:{{{agent}}}") == "1",
              "the projection has the agent")

    def test_a_private_stream_goes_on_at_another_node(self):
        self.stream_at(("ws-1", "api-2", "ws-1"))

    def test_a_private_stream_goes_on_at_a_node_that_has_just_been_started(self):
        node = self.cluster["ws-1"]

        def restart():
            node.kill()
            node.start()

        self.stream_at(("ws-1", "ws-1", "ws-1"), restart)

    def stream_at(self, nodes, between=lambda: None):
        """Each goes on where the one before was left, `between` the two."""
        key = self.register(self.first, "streaming")
        client, seen = self.first.client(key), []
        for node in nodes:
            socket = Socket(self.cluster[node].port, key)
            fields = {"resume_from": seen[-1]} if seen else {}
            answer = socket.call("subscribe", channel="private", **fields)
            self.assertEqual(answer["type"], "subscribed", answer)
            self.place(client, "buy", price="50000")
            newest = int(self.ok(client.get("/api/v1/account"))["sequence"])
            while not seen or seen[-1] < newest:
                seen.append(socket.next_of("orders", "fills", "positions", "account")["seq"])
            socket.abort()
            self.place(client, "buy", price="50001")  # nobody listens
            between()
        self.assertEqual(seen, list(range(seen[0], seen[-1] + 1)))

    def test_a_node_of_sockets_serves_no_api_and_says_so(self):
        reply = self.cluster["ws-1"].client().get("/api/v1/markets")
        self.assertEqual((reply.status, reply.code), (404, "not_served_here"))


class Leading(ClusterCase):
    def test_a_killed_leader_loses_nothing_and_nothing_happens_twice(self):
        standby = self.standby()

        def kill():
            self.leader.kill()
            until(standby.leads, "the standby leads")

        self.under_load(kill)
        self.leader.start()

    def test_a_hand_over_fails_no_request(self):
        def hand_over():
            code, output = self.cluster.command("engine", "handover")
            self.assertEqual(code, 0, output)
            self.assertRegex(output, rf"{standby.name} leads epoch \d+ after {self.leader.name} ")

        standby = self.standby()
        self.assertEqual(self.under_load(hand_over), [])
        self.assertIsNone(self.leader.process.poll())
        self.leader.wait_ready()
        code, output = self.cluster.command("engine", "status")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, rf"leader:  {standby.name}, ")

    def test_sigterm_of_the_leader_fails_no_request(self):
        def stop():
            self.assertEqual(self.leader.stop(), 0)

        self.assertEqual(self.under_load(stop), [])
        self.leader.start()

    def test_every_process_can_be_restarted_and_keeps_everything(self):
        key = self.register(self.first, "kept", "77")
        for process in self.cluster.processes.values():
            self.assertEqual(process.stop(), 0, process.name)
            process.start()
            self.assertEqual(self.free(self.cluster["api-1"], key), 77, process.name)
        ledger = self.ok(self.second.client(key).get("/api/v1/account/ledger"))["items"]
        self.assertEqual(len(ledger), 1, ledger)


class Refusing(ClusterCase):
    def refused(self, text, **settings):
        process = self.cluster.add("refused", "api", **settings).launch()
        self.assertEqual(process.process.wait(60), EXIT_CANNOT_START, process.log())
        self.assertIn(text, process.log())
        del self.cluster.processes["refused"]

    def test_a_role_without_its_servers_says_what_is_missing(self):
        self.refused("REDIS_URL is not set", redis_url="")
        self.refused("needs journal = postgres", journal="file")

    def test_a_redis_of_another_exchange_or_schema_is_refused(self):
        identity = "perpetua:identity"
        for field, value, text in (("cluster", "ab" * 16, "belongs to the exchange abab"),
                                   ("schema", "1" * 16, "runs schema 1111111111111111")):
            kept = self.cluster.redis.cli("HGET", identity, field)
            self.cluster.redis.cli("HSET", identity, field, value)
            try:
                self.refused(text)
            finally:
                self.cluster.redis.cli("HSET", identity, field, kept)


class Together(unittest.TestCase):
    def test_one_process_may_have_all_the_roles(self):
        cluster = Cluster()
        self.addCleanup(cluster.close)
        one = cluster.add("one", "api,ws,engine,projector").start()
        reply = one.client().post("/api/v1/agents", {"wallet": "alone", "display_name": "alone"})
        key = reply.body["api_key"]
        self.assertEqual(one.client(key).post("/api/v1/account/deposit", {"amount": "5"}).status,
                         200)
        names = [line.split()[2] for line in one.metrics().splitlines()
                 if line.startswith("# TYPE")]
        self.assertEqual(len(names), len(set(names)), "a name stands twice")
        self.assertIn("perpetua_cluster_leader", names)
        self.assertEqual(one.stop(), 0)
        one.start()
        self.assertEqual(float(one.client(key).get("/api/v1/account").body["free"]), 5)
        self.assertEqual(one.stop(), 0)


if __name__ == "__main__":
    unittest.main()
