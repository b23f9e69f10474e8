"""What the Cluster drill asks of the exchange: durable commands, each repeated until answered.

Every command carries an idempotency key, so after the run each must have taken effect exactly
once, whatever was answered in between. Savers deposit one micro-USDC at a time; their balance
counts executions. Traders place orders that cross each other's, and orders that rest and that they
cancel.
"""
import asyncio
import collections

from drill_load import NO_REPLY, Caller, repeat

COMMAND, PRICES = "command", "prices"
# After these nothing was done, and the same request may be sent again (docs/api.md).
RETRYABLE = ("overloaded", "exchange_unavailable")
RETRY_PAUSE_S = 0.05
PRICES_EVERY_S = 2.0
MARKET = "BTC-PERP"
TRADE_PRICE, REST_PRICE, SIZE = "60000", "55000", "0.001"

Plan = collections.namedtuple("Plan", "port operator_key prices savers traders rate")


class Agent:
    def __init__(self, tally, port, name, key):
        self.tally, self.name, self.caller = tally, name, Caller(tally, port, key)
        self.number = 0

    async def command(self, method, path, body, due=None):
        """The reply that decided it; None: it was refused for good."""
        self.number += 1
        headers = [f"Idempotency-Key: {self.name}-{self.number}"]
        while True:
            status, reply = await self.caller.call(COMMAND, method, path, body, due, headers)
            due = None
            if status == 200:
                return reply
            code = reply.get("code") if reply else NO_REPLY
            if code not in (*RETRYABLE, NO_REPLY):
                self.tally.fail(f"{method} {path}: {reply}")
                return None
            await asyncio.sleep(RETRY_PAUSE_S)


class Saver(Agent):
    async def act(self, due):
        if await self.command("POST", "/api/v1/account/deposit", {"amount": "0.000001"}, due):
            self.tally.notes["deposits"][self.name] += 1


class Trader(Agent):
    """In turn: an order that rests, its cancel, an order at the price of all the others'."""

    def __init__(self, tally, port, name, key, is_seller):
        super().__init__(tally, port, name, key)
        self.is_seller = is_seller
        self.rounds = 0
        self.orders = tally.notes["orders"].setdefault(name, [])
        self.cancelled = tally.notes["cancelled"].setdefault(name, [])

    async def place(self, side, price, due=None):
        reply = await self.command("POST", "/api/v1/orders", {
            "market": MARKET, "side": side, "price": price, "size": SIZE}, due)
        if reply is None:
            return None
        self.orders.append(reply["order_id"])
        return reply["order_id"]

    async def act(self, due):
        self.rounds += 1
        if self.rounds % 3 == 1:
            self.resting = await self.place("buy", REST_PRICE, due)
        elif self.rounds % 3 == 2:
            if self.resting and await self.command(
                    "DELETE", f"/api/v1/orders/{self.resting}", None, due):
                self.cancelled.append(self.resting)
        else:
            sells = self.is_seller == (self.rounds % 2 == 0)
            await self.place("sell" if sells else "buy", TRADE_PRICE, due)


async def program(tally, plan):
    tally.notes.update(deposits=collections.Counter(), orders={}, cancelled={})
    operator = Caller(tally, plan.port, plan.operator_key)

    async def push_prices(due):
        await operator.call(PRICES, "POST", "/api/v1/prices", plan.prices, due)

    agents = [Saver(tally, plan.port, name, key) for name, key in plan.savers.items()]
    for number, (name, key) in enumerate(plan.traders.items()):
        agents.append(Trader(tally, plan.port, name, key, number % 2 == 0))
    tasks = [repeat(tally, PRICES_EVERY_S, 0, push_prices)]
    for number, agent in enumerate(agents):
        tasks.append(repeat(tally, len(agents) / plan.rate, number / len(agents), agent.act))
    await asyncio.gather(*tasks)
