"""Base of the tests of the root API: plain clients, as agents of the former hub are."""
import itertools
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import exchange as harness  # noqa: E402

OPERATOR_KEY = "operator-key-of-the-integration-tests"
SETTINGS = {"rate_agent": 0, "rate_global": 0, "rate_reads": 0, "rate_registrations": 0,
            "prices": "push", "liquidity": "off", "insurance_fund": 0,
            "operator_key": OPERATOR_KEY}
_wallets = itertools.count(1)


class HubTest(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.exchange = harness.Exchange(**{**SETTINGS, **cls.settings})
        cls.addClassCleanup(cls.exchange.close)
        cls.exchange.start()
        cls.guest = cls.exchange.client()
        cls.operator = cls.exchange.client(OPERATOR_KEY)
        cls.push_prices()

    @classmethod
    def push_prices(cls, **prices):
        prices = prices or {"BTC": "60000", "ETH": "3000", "SOL": "150"}
        reply = cls.operator.post("/api/v1/prices", {"prices": [
            {"market": f"{name}-PERP", "price": price} for name, price in prices.items()]})
        assert reply.status == 200 and "error" not in reply.text, reply

    @classmethod
    def settle_prices(cls):
        """Back to the first prices, from wherever a test has left them: an index moves 1 % at
        most with each."""
        for _ in range(50):
            cls.push_prices()
            prices = cls.guest.get("/prices").body["prices"]
            if prices["BTC"]["price"] == 60000.0 and prices["BTC"]["index_price"] == 60000.0:
                return
        raise AssertionError(f"the mark does not come back: {prices['BTC']}")

    @classmethod
    def agent(cls, fund=10_000):
        """A registered agent with money; the client knows its id."""
        client = cls.exchange.client()
        reply = client.post("/agents/register",
                            {"wallet_address": f"0x{next(_wallets):040x}"})
        assert reply.status == 200, reply
        client.key, client.agent_id = reply.body["api_key"], reply.body["agent"]["agent_id"]
        if fund:
            funded = client.post("/deposit", {"agent_id": client.agent_id, "amount": fund})
            assert funded.status == 200, funded
        return client

    def ok(self, reply):
        self.assertEqual(reply.status, 200, reply)
        return reply.body

    def refused(self, reply, status, code):
        """The error's body: `detail` is always one string."""
        self.assertEqual((reply.status, reply.code), (status, code), reply)
        self.assertIsInstance(reply.body["detail"], str)
        self.assertTrue(reply.body["request_id"])
        return reply.body

    def quote(self, maker, side, price, size, market="BTC-PERP", **fields):
        """A resting order of the native API."""
        return self.ok(maker.post("/api/v1/orders", {
            "market": market, "side": side, "size": size, "price": price, "leverage": 5,
            **fields}))

    def intend(self, agent, intent_type="long", **fields):
        return agent.post("/intents", {"agent_id": agent.agent_id, "intent_type": intent_type,
                                       "asset": "BTC-PERP", "size_usdc": 1000, "leverage": 5,
                                       **fields})

    def position(self, agent):
        rows = self.ok(agent.get(f"/positions/{agent.agent_id}"))["positions"]
        self.assertEqual(len(rows), 1, rows)
        return rows[0]
