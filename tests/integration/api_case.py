"""Base of the API tests: one exchange per test class, every HTTP answer recorded and checked."""
import itertools
import sys
import time
import unittest
import weakref
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import exchange as harness  # noqa: E402
from api_coverage import Recorder  # noqa: E402

OPERATOR_KEY = "operator-key-of-the-integration-tests"
MARK = {"BTC-PERP": "60000", "ETH-PERP": "3000", "SOL-PERP": "150", "DOGE-PERP": "0.15",
        "PEPE-PERP": "0.00001", "WIF-PERP": "2.5", "ARB-PERP": "0.55", "OP-PERP": "1.6",
        "SUI-PERP": "1.8", "AVAX-PERP": "26", "LINK-PERP": "11", "AAVE-PERP": "150"}
NO_LIMITS = {"rate_agent": 0, "rate_global": 0, "rate_reads": 0, "rate_registrations": 0}
QUIET = {"prices": "push", "liquidity": "off", "insurance_fund": 0, "operator_key": OPERATOR_KEY}
LONG_AGO = {"valid_until": 1}

recorder = None  # made from the first exchange's own document
_names = itertools.count(1)


class RecordingClient(harness.Client):
    agent_id = None

    def request(self, method, path, body=None, headers=None):
        reply = super().request(method, path, body, headers)
        if recorder is not None:
            recorder.record(method, path, reply)
        return reply

    def put(self, path, body=None, **headers):
        return self.request("PUT", path, {} if body is None else body, headers)

    def patch(self, path, body=None, **headers):
        return self.request("PATCH", path, {} if body is None else body, headers)


class ApiExchange(harness.Exchange):
    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.clients = weakref.WeakSet()

    def client(self, key=None):
        client = RecordingClient(self.port, key)
        self.clients.add(client)
        return client

    def kill(self):
        self.close_clients()
        super().kill()

    def stop(self, *arguments):
        self.close_clients()
        return super().stop(*arguments)

    def close_clients(self):
        """They connect again with their next request."""
        for client in list(self.clients):
            client.close()

    def start(self, *arguments):
        global recorder
        super().start(*arguments)
        if recorder is None:
            recorder = Recorder(self.client().get("/openapi.json").body)
        return self

    def push_prices(self, **prices):
        """prices: BTC="60000"; without any, MARK for every market."""
        rows = {f"{name}-PERP": price for name, price in prices.items()} or MARK
        reply = self.client(OPERATOR_KEY).post("/api/v1/prices", {"prices": [
            {"market": market, "price": price} for market, price in rows.items()]})
        assert reply.status == 200 and "error" not in str(reply.body), reply


def unique(prefix="name"):
    return f"{prefix}-{next(_names)}"


def order(side="buy", size="0.01", price="60000", **more):
    """An order body; None leaves a field out."""
    body = {"market": "BTC-PERP", "side": side, "size": size, "price": price, **more}
    return {name: value for name, value in body.items() if value is not None}


def until(condition, what, deadline_s=10):
    """Polls until condition() is true; returns its value."""
    end = time.monotonic() + deadline_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.01)
    return value


class ApiTest(unittest.TestCase):
    settings = {}
    has_prices = True

    @classmethod
    def setUpClass(cls):
        cls.exchange = ApiExchange(**{**NO_LIMITS, **QUIET, **cls.settings})
        cls.addClassCleanup(cls.exchange.close)
        cls.exchange.start()
        cls.agents = []
        cls.guest = cls.exchange.client()
        cls.operator = cls.exchange.client(OPERATOR_KEY)
        if cls.has_prices:
            cls.exchange.push_prices()

    @classmethod
    def agent(cls, fund="1000000"):
        agent_id, client = cls.exchange.register(unique("wallet"), fund)
        client.agent_id = agent_id
        cls.agents.append(client)
        return client

    def tearDown(self):
        """No order of one test meets those of the next."""
        for agent in self.agents:
            self.ok(agent.post("/api/v1/orders/cancel-all"))
        self.agents.clear()

    @classmethod
    def key_of(cls, agent, *scopes, **fields):
        reply = agent.post("/api/v1/keys", {"scopes": list(scopes), **fields})
        assert reply.status == 200, reply
        client = cls.exchange.client(reply.body["api_key"])
        client.agent_id, client.key_id = agent.agent_id, reply.body["key_id"]
        return client

    def ok(self, reply):
        self.assertEqual(reply.status, 200, reply)
        return reply.body

    def refused(self, reply, code, field=None):
        """The error's body; the recorder has checked that the status is the documented one."""
        self.assertEqual(reply.code, code, reply)
        if field is not None:
            self.assertEqual(reply.body["field"], field, reply)
        return reply.body

    def place(self, agent, *arguments, **fields):
        return self.ok(agent.post("/api/v1/orders", order(*arguments, **fields)))

    def trade(self, buyer, seller, size="0.01", price="60000"):
        """A fill between the two; both answers."""
        resting = self.place(seller, "sell", size, price)
        taken = self.place(buyer, "buy", size, price, time_in_force="ioc")
        self.assertEqual(taken["status"], "filled")
        return taken, resting

    def all_pages(self, client, path, limit=2):
        """Every item of a list, fetched page by page; pages must not overlap."""
        items, cursor = [], None
        joint = "&" if "?" in path else "?"
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.ok(client.get(f"{path}{joint}limit={limit}{more}"))
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items
