"""The real binary with a real Redis: what HTTP tells is in Redis when it tells it, whatever happens
to either of them."""
import itertools
import json
import subprocess
import threading
import unittest
from pathlib import Path

from api_case import NO_LIMITS, QUIET, ApiExchange, ApiTest, order, unique, until
import exchange as harness
from postgres_server import PostgresServer
from redis_servers import RedisCluster, RedisServer

READS = ("/api/v1/account", "/api/v1/positions", "/api/v1/positions/BTC-PERP",
         "/api/v1/positions/ETH-PERP", "/api/v1/intents?status=open", "/api/v1/intents")
ROOT_READS = ("/balance/{}", "/positions/{}", "/portfolio/{}", "/agents/{}", "/pnl/{}")


def root_name(client):
    return f"agent_{int(client.agent_id):04d}"


class RedisCase(unittest.TestCase):
    """One Redis and one exchange for each test."""
    settings = {**NO_LIMITS, **QUIET}

    def setUp(self):
        self.redis = RedisServer()
        self.addCleanup(self.redis.close)
        self.exchange = ApiExchange(redis_url=self.redis.url, **self.settings)
        self.addCleanup(self.exchange.close)
        self.exchange.start()
        self.wait_for_redis()
        self.exchange.push_prices()

    def wait_for_redis(self):
        until(lambda: self.degraded() is None, "redis is whole", 60)

    def degraded(self):
        return self.exchange.client().get("/readyz").body["degraded"]

    def agent(self, fund="1000000"):
        agent_id, client = self.exchange.register(unique("agent"), fund)
        client.agent_id = agent_id
        return client

    def verify(self):
        return self.exchange.tool("redis", "verify")

    def hash(self, key):
        lines = self.redis.cli("HGETALL", key).splitlines()
        return dict(zip(lines[::2], lines[1::2]))

    def trade(self, taker, maker, size="0.01", price="60000"):
        for client, side in ((maker, "sell"), (taker, "buy")):
            reply = client.post("/api/v1/orders", order(side, size, price))
            self.assertEqual(reply.status, 200, reply)

    def intent(self, client, price="55000"):
        reply = client.post("/api/v1/intents", {
            "market": "BTC-PERP", "direction": "long", "size_usdc": "500",
            "reason": "cheap: \"50\"", "limit_price": price, "stop_loss": "50000"})
        self.assertEqual(reply.status, 200, reply)
        return reply.body["intent_id"]

    def shown(self, client):
        shown = {}
        root = self.root(client)
        for path in (*READS, *(path.format(root_name(client)) for path in ROOT_READS)):
            reply = (client if path in READS else root).get(path)
            self.assertEqual(reply.status, 200, (path, reply))
            shown[path] = reply.text
        root.close()
        return shown

    def root(self, client):
        """Its plain twin: the root API is not in the native API's document."""
        return harness.Client(self.exchange.port, client.key)


class WhatRedisHolds(RedisCase):
    def test_every_reply_is_in_redis_when_it_arrives(self):
        agent = self.agent(fund="1")
        for number in range(60):
            reply = agent.post("/api/v1/account/deposit", {"amount": "1.5"})
            self.assertEqual(reply.status, 200)
            balance = self.redis.cli("GET", f"balance:{{{agent.agent_id}}}").strip()
            self.assertEqual(balance, reply.body["free"], number)
        self.assertEqual(self.hash(f"agent:{{{agent.agent_id}}}")["free"], balance)

    def test_the_root_api_tells_and_shows_what_redis_holds(self):
        agent, maker = self.agent(fund="1000"), self.agent()
        name, root = root_name(agent), self.root(agent)
        self.addCleanup(root.close)
        for number in range(40):
            deposit = root.post("/deposit", {"agent_id": name, "amount": 2})
            self.assertEqual(deposit.status, 200, deposit)
            balance = self.redis.cli("GET", f"balance:{{{agent.agent_id}}}").strip()
            self.assertEqual(float(balance), deposit.body["new_balance"], number)
            shown = root.get(f"/balance/{name}").body
            self.assertEqual(shown, deposit.body["balance"], number)
        self.assertEqual(maker.post("/api/v1/orders", order("sell", "0.01", "60000")).status, 200)
        intent = root.post("/intents", {"agent_id": name, "intent_type": "long", "asset": "BTC",
                                        "size_usdc": 300, "leverage": 3})
        self.assertEqual(intent.status, 200, intent)
        position = intent.body["position"]
        row = self.hash(f"position:{{{agent.agent_id}}}:BTC-PERP")
        self.assertEqual(float(row["margin"]), position["margin"])
        self.assertEqual(root.get(f"/positions/{name}").body["positions"], [position])
        number = int(intent.body["intent"]["intent_id"].removeprefix("int_"), 16)
        self.assertEqual(self.hash(f"intent:{{{agent.agent_id}}}:{number}")["status"], "filled")
        self.assertEqual(root.get(f"/intents/{intent.body['intent']['intent_id']}").body,
                         intent.body["intent"])
        self.assertIsNone(self.degraded(), "none of this was read from memory")

    def test_positions_intents_keys_and_prices_by_their_documented_names(self):
        taker, maker = self.agent(), self.agent()
        self.trade(taker, maker)
        intent = self.intent(taker)
        name = taker.agent_id
        position = self.hash(f"position:{{{name}}}:BTC-PERP")
        self.assertEqual((position["size"], position["side"]), ("0.01", "long"))
        shown = taker.get("/api/v1/positions/BTC-PERP").body
        self.assertEqual(position["margin"], shown["margin"])
        self.assertEqual(self.redis.cli("SMEMBERS", f"agent_positions:{{{name}}}").split(),
                         ["BTC-PERP"])
        self.assertEqual(self.redis.cli("LRANGE", f"agent_intents:{{{name}}}", "0", "-1").split(),
                         [intent])
        row = self.hash(f"intent:{{{name}}}:{intent}")
        self.assertEqual((row["status"], row["reason"], row["bracket"]),
                         ("open", "cheap: \"50\"", '{"stop_loss":"50000"}'))
        self.assertEqual(self.hash("price:{BTC-PERP}")["index"], "60000")
        self.assertIn(name, self.redis.cli("SMEMBERS", "agents:{0}").split())
        self.assertEqual(taker.delete(f"/api/v1/intents/{intent}").status, 200)
        self.assertEqual(self.hash(f"intent:{{{name}}}:{intent}")["status"], "cancelled")

    def test_keys_come_and_go_with_their_replies(self):
        agent = self.agent()
        created = agent.post("/api/v1/keys", {"scopes": ["read"]})
        self.assertEqual(created.status, 200, created)
        reader = self.exchange.client(created.body["api_key"])
        count = len(self.redis.cli("SMEMBERS", "apikeys:{0}").split())
        self.assertEqual(reader.get("/api/v1/account").status, 200)
        self.assertEqual(agent.delete(f"/api/v1/keys/{created.body['key_id']}").status, 200)
        self.assertEqual(reader.get("/api/v1/account").status, 401)
        self.assertEqual(len(self.redis.cli("SMEMBERS", "apikeys:{0}").split()), count - 1)

    def test_memory_gives_the_same_bytes_as_redis(self):
        taker, maker = self.agent(), self.agent()
        for number in range(5):
            self.trade(taker, maker, price=str(60_000 + number))
            self.intent(taker, str(55_000 + number))
        self.intent(taker, "61000")  # takes the maker's place and stays as a position or an order
        shown = [self.shown(client) for client in (taker, maker)]
        self.assertIsNone(self.degraded())
        self.redis.pause()
        self.assertEqual(taker.post("/api/v1/account/deposit", {"amount": "1"}).status, 200)
        self.assertIn("redis", self.degraded())
        self.redis.resume()
        self.wait_for_redis()
        from_redis = self.shown(taker)
        self.redis.kill()
        until(lambda: self.degraded() is not None, "degraded", 60)
        self.assertEqual(self.shown(taker), from_redis)
        self.assertEqual(self.shown(maker), shown[1])


class PatientGate(RedisCase):
    settings = {**RedisCase.settings, "redis_write_timeout_ms": 10_000}

    def test_a_reply_of_the_root_api_leaves_when_redis_shows_it_and_not_before(self):
        agent = self.agent(fund="1")
        root = self.root(agent)
        self.addCleanup(root.close)
        body, replies = {"agent_id": root_name(agent), "amount": 5}, []
        sender = threading.Thread(target=lambda: replies.append(root.post("/deposit", body)))
        self.redis.pause()
        sender.start()
        sender.join(1)
        self.assertEqual(replies, [])
        self.redis.resume()
        sender.join(60)
        self.assertEqual(replies[0].body["new_balance"], 6)
        balance = self.redis.cli("GET", f"balance:{{{agent.agent_id}}}").strip()
        self.assertEqual(balance, "6")


class WhatHappensToRedis(RedisCase):
    def check(self, clients, shown):
        """Redis is whole again, and the exchange shows what it showed."""
        self.wait_for_redis()
        for client, before in zip(clients, shown):
            self.assertEqual(self.shown(client), before)
            row = self.hash(f"agent:{{{client.agent_id}}}")
            self.assertEqual(row["free"], client.get("/api/v1/account").body["free"])
            self.assertEqual(row["agent_id"], client.agent_id)
        solvency = self.exchange.client().get("/api/v1/solvency")
        self.assertEqual(solvency.body["verdict"], "ok", solvency)

    def clients(self):
        clients = [self.agent(), self.agent()]
        self.trade(*clients)
        self.intent(clients[0])
        self.intent(clients[0], "54000")
        self.assertEqual(clients[0].delete(
            f"/api/v1/intents/{self.intent(clients[0], '53000')}").status, 200)
        return clients, [self.shown(client) for client in clients]

    def test_flushall(self):
        clients, shown = self.clients()
        intents = self.redis.cli("LRANGE", f"agent_intents:{{{clients[0].agent_id}}}", "0", "-1")
        for _ in range(3):
            self.redis.cli("FLUSHALL")
            key = f"agent:{{{clients[0].agent_id}}}"
            until(lambda: self.redis.cli("EXISTS", key).strip() == "1", "the agent is back", 60)
            self.check(clients, shown)
        again = self.redis.cli("LRANGE", f"agent_intents:{{{clients[0].agent_id}}}", "0", "-1")
        self.assertEqual(again, intents)

    def test_kill_and_an_empty_start(self):
        clients, shown = self.clients()
        self.redis.kill()
        self.assertEqual(clients[1].post("/api/v1/orders", order("sell", "0.01", "65000")).status,
                         200, "nothing waits for ever")
        self.redis.start()
        shown[1] = self.shown(clients[1])
        self.check(clients, shown)

    def test_the_journal_verifies_redis(self):
        clients, _ = self.clients()
        self.exchange.stop()
        self.assertEqual(self.verify()[0], 0, self.verify())
        self.redis.cli("SET", f"balance:{{{clients[0].agent_id}}}", "1")
        self.redis.cli("HSET", f"agent:{{{clients[0].agent_id}}}", "free", "1")
        code, text = self.verify()
        self.assertEqual(code, 1, text)
        self.assertIn(f"agent:{{{clients[0].agent_id}}} free: Redis has 1, the exchange", text)
        self.assertIn(f"balance:{{{clients[0].agent_id}}}: Redis has 1, the exchange", text)
        self.exchange.start()
        self.wait_for_redis()
        self.exchange.stop()
        self.assertEqual(self.verify()[0], 0, self.verify())
        self.redis.kill()
        self.assertEqual(self.verify()[0], 2)

    def test_everything_under_load(self):
        """No order fails, and what is there in the end is what the journal says."""
        load = subprocess.Popen(
            [harness.BINARY, "load", "--agents", "20", "--rate", "200", "--duration", "8",
             "--url", f"http://127.0.0.1:{self.exchange.port}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(load.stdout.close)
        acts = itertools.cycle((lambda: self.redis.cli("FLUSHALL"), self.redis.kill,
                                self.redis.start, self.redis.pause, self.redis.resume))
        for act in acts:
            act()
            try:
                load.wait(timeout=0.4)
            except subprocess.TimeoutExpired:
                continue
            break
        self.redis.resume()
        if not self.redis.is_running():
            self.redis.start()
        result = json.loads(load.stdout.read().splitlines()[-1])
        self.assertEqual((result["errors"], result["connected"]), (0, 20), result)
        self.assertGreater(result["ok"], 0)
        # Written by a repair alone: the last loss has been noticed.
        until(lambda: self.redis.cli("EXISTS", "groups") == "1", "repaired", 60)
        self.wait_for_redis()
        self.assertEqual(self.exchange.client().get("/api/v1/solvency").body["verdict"], "ok")
        self.exchange.stop()
        self.assertEqual(self.verify()[0], 0, self.verify())

    def test_kill_of_the_exchange(self):
        clients, shown = self.clients()
        self.exchange.kill()
        self.redis.cli("FLUSHALL")
        self.exchange.start()
        self.check(clients, shown)
        self.exchange.kill()
        self.exchange.start()
        self.check(clients, shown)

    def test_a_redis_that_stands_still_delays_one_reply_and_loses_none(self):
        clients, _ = self.clients()
        self.redis.pause()
        for number in range(20):
            reply = clients[1].post("/api/v1/orders", order("sell", "0.01", str(65_000 + number)))
            self.assertEqual(reply.status, 200, reply)
        self.assertEqual(len(clients[1].get("/api/v1/orders").body["items"]), 20)
        self.assertIn("redis", self.degraded())
        shown = [self.shown(client) for client in clients]
        self.redis.resume()
        self.check(clients, shown)


class AJournalTable(RedisCase):
    """The journal is in PostgreSQL: `redis verify` reads it there."""

    def setUp(self):
        database = PostgresServer()
        self.addCleanup(database.close)
        self.settings = {**self.settings, "journal": "postgres", "journal_url": database.url}
        super().setUp()

    def test_the_table_verifies_redis(self):
        agent = self.agent()
        self.exchange.stop()
        code, text = self.verify()
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"^batch [1-9]\d*: [1-9]\d* keys, 0 differences\n$")
        self.redis.cli("HSET", f"agent:{{{agent.agent_id}}}", "free", "1")
        code, text = self.verify()
        self.assertEqual((code, "free: Redis has 1" in text), (1, True), text)
        code, text = self.exchange.tool("redis", "verify", "--journal", "file")
        self.assertEqual(code, 2, text)
        self.assertIn("perpetua redis: ", text)


class Start(unittest.TestCase):
    def test_without_redis_the_exchange_starts_and_fills_it_later(self):
        redis = RedisServer()
        self.addCleanup(redis.close)
        redis.kill()
        exchange = ApiExchange(redis_url=redis.url, **NO_LIMITS, **QUIET)
        self.addCleanup(exchange.close)
        exchange.start()
        agent_id, client = exchange.register(unique("agent"), "5")
        self.assertEqual(client.get("/api/v1/account").body["free"], "5")
        self.assertIn("redis", client.get("/readyz").body["degraded"])
        redis.start()
        until(lambda: client.get("/readyz").body["degraded"] is None, "redis is whole", 60)
        self.assertEqual(redis.cli("GET", f"balance:{{{agent_id}}}").strip(), "5")

    def test_budgets_are_kept_in_redis_and_the_headers_tell_them(self):
        with RedisServer() as redis:
            settings = {**QUIET, "rate_agent": 1, "rate_agent_burst": 20, "rate_reads": 0,
                        "rate_registrations": 0, "rate_global": 0}
            exchange = ApiExchange(redis_url=redis.url, **settings)
            self.addCleanup(exchange.close)
            exchange.start()
            until(lambda: exchange.client().get("/readyz").body["degraded"] is None,
                  "redis is whole", 60)
            agent_id, client = exchange.register(unique("agent"))
            left = []
            for _ in range(30):
                reply = client.post("/api/v1/account/deposit", {"amount": "1"})
                if reply.status != 200:
                    break
                left.append(int(reply.headers["ratelimit-remaining"]))
            self.assertEqual(reply.code, "rate_limited")
            self.assertEqual(left[0], 19)
            self.assertTrue(all(a - 1 <= b <= a for a, b in zip(left, left[1:])), left)
            self.assertEqual(redis.cli("EXISTS", f"rate:{{{agent_id}:mutations}}").strip(), "1")

    def test_the_documented_rights_are_enough(self):
        """The ACL line of docs/redis.md, with another user for the checks of this test."""
        document = (Path(__file__).resolve().parents[2] / "docs" / "redis.md").read_text()
        line = document.split("ACL SETUSER perpetua ")[1].split("ACL SETUSER")[0]
        with RedisServer() as redis:
            redis.cli("ACL", "SETUSER", "perpetua", *line.replace("PASSWORD", "sesame").split())
            url = redis.url.replace("redis://", "redis://perpetua:sesame@")
            exchange = ApiExchange(redis_url=url, **QUIET)
            self.addCleanup(exchange.close)
            exchange.start()
            until(lambda: exchange.client().get("/readyz").body["degraded"] is None,
                  "redis is whole", 60)
            agent_id, client = exchange.register(unique("agent"), "5")
            self.assertEqual(client.get("/api/v1/account").status, 200)
            self.assertEqual(redis.cli("GET", f"balance:{{{agent_id}}}").strip(), "5")
            self.assertEqual(redis.cli("ACL", "LOG").strip(), "", "nothing was denied")

    def test_a_url_that_is_none_is_told_without_the_password(self):
        exchange = ApiExchange(redis_url="redis://user:sesame@", **QUIET)
        self.addCleanup(exchange.close)
        with self.assertRaises(RuntimeError) as failed:
            exchange.start()
        self.assertIn("exit code 3", str(failed.exception))
        self.assertIn("redis_url", str(failed.exception))
        self.assertNotIn("sesame", str(failed.exception))


class Cluster(unittest.TestCase):
    def test_a_master_dies_under_load(self):
        with RedisCluster() as cluster:
            exchange = ApiExchange(redis_url=cluster.url, **NO_LIMITS, **QUIET)
            self.addCleanup(exchange.close)
            exchange.start()
            until(lambda: exchange.client().get("/readyz").body["degraded"] is None,
                  "redis is whole", 60)
            agents = [exchange.register(unique("agent"), "10") for _ in range(12)]
            cluster.masters()[0].kill()
            for _ in range(10):
                for _, client in agents:
                    self.assertEqual(
                        client.post("/api/v1/account/deposit", {"amount": "1"}).status, 200)
            until(lambda: exchange.client().get("/readyz").body["degraded"] is None,
                  "redis is whole", 60)
            for agent_id, client in agents:
                self.assertEqual(client.get("/api/v1/account").body["free"], "20")
                self.assertEqual(cluster.live()[0].cli(
                    "-c", "GET", f"balance:{{{agent_id}}}").strip(), "20")


if __name__ == "__main__":
    unittest.main()
