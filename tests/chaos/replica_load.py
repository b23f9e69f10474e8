"""What the replica drill asks of the exchange: durable orders, and reads that judge the answers.

Pairs of agents trade, each pair in a market of its own, so the trades of a market, and of each of
its agents, are numbered without a gap: a list of them is right if its numbers are consecutive and
begin no earlier than any answer that had come before it was asked for. Other reads have one right
answer for ever (pages of agents that have ended), or must show what was just acknowledged.
"""
import asyncio
import collections
import itertools
import random
import time

from drill_load import Caller, repeat

# Kinds of calls. `fresh_ledger` needs the history to have what was acknowledged a moment ago.
READS = ("archive", "trades", "candles", "fills", "own_fill", "own_orders", "old_order")
ORDER, DEPOSIT, FRESH_LEDGER, PRICES = "order", "deposit", "fresh_ledger", "prices"

READERS = 6
DEPOSIT_EVERY_S = 0.25
PRICES_EVERY_S = 2.0

Plan = collections.namedtuple(
    "Plan", "port operator_key prices pairs archive saver order_rate read_rate old_s")
Pair = collections.namedtuple("Pair", "maker taker market price size")  # keys of its agents
Page = collections.namedtuple("Page", "key path body")                  # its only right answer


class Floors:
    """The newest number that any answer has shown, by list."""

    def __init__(self, tally):
        self.tally, self.newest = tally, collections.Counter()

    def check(self, name, floor, numbers):
        """`floor`: newest[name] when the list was asked for."""
        if floor > 0 and (not numbers or numbers[0] < floor):
            self.tally.fail(f"{name}: was at {floor}, then at {numbers[:1]}")
        if any(a - b != 1 for a, b in itertools.pairwise(numbers)):
            self.tally.fail(f"{name}: not consecutive: {numbers}")
        self.newest[name] = max(self.newest[name], *numbers, 0)


class Trader:
    """A pair: an order that rests, one that takes it, and what its owner then sees."""

    def __init__(self, tally, plan, pair, floors):
        self.tally, self.pair, self.floors = tally, pair, floors
        self.maker = Caller(tally, plan.port, pair.maker)
        self.taker = Caller(tally, plan.port, pair.taker)
        self.filled = collections.deque()  # (when, order id) of the taker, oldest first
        self.acknowledged = tally.notes.setdefault("orders", [])
        self.rounds = 0

    async def place(self, caller, side, due=None):
        status, reply = await caller.call(ORDER, "POST", "/api/v1/orders", {
            "market": self.pair.market, "side": side, "price": self.pair.price,
            "size": self.pair.size}, due)
        if status != 200:
            return None
        self.acknowledged.append(int(reply["order_id"]))
        return reply

    async def act(self, due):
        self.rounds += 1
        sides = ("sell", "buy") if self.rounds % 2 else ("buy", "sell")
        if await self.place(self.maker, sides[0], due) is None:
            return
        taken = await self.place(self.taker, sides[1])
        if taken is None:
            return
        if taken["status"] != "filled":
            self.tally.fail(f"a taker alone in its market: {taken}")
        self.filled.append((time.monotonic(), taken["order_id"]))
        await (self.see_fill if self.rounds % 4 < 2 else self.see_order)(taken["order_id"])

    async def see_fill(self, order_id):
        name = f"fills of {self.pair.market}"
        floor = self.floors.newest[name]
        status, reply = await self.taker.call("own_fill", "GET", "/api/v1/fills?limit=20")
        if status != 200:
            return
        self.floors.check(name, floor, [int(row["trade_id"]) for row in reply["items"]])
        if reply["items"][0]["order_id"] != order_id:
            self.tally.fail(f"own fill of {order_id} is not there: {reply['items'][0]}")

    async def see_order(self, order_id):
        status, reply = await self.taker.call("own_orders", "GET",
                                              "/api/v1/orders/history?limit=20")
        if status == 200 and reply["items"][0]["order_id"] != order_id:
            self.tally.fail(f"own order {order_id} is not there: {reply['items'][0]}")

    def old_order(self, age_s):
        """An order that was filled so long ago, and that memory is not likely to have."""
        found = None
        while self.filled and self.filled[0][0] < time.monotonic() - age_s:
            found = self.filled.popleft()[1]
        return found


class Reader:
    def __init__(self, tally, plan, traders, floors, number):
        self.tally, self.plan, self.traders, self.floors = tally, plan, traders, floors
        self.random = random.Random(number)
        self.callers = {}

    def caller(self, key):
        if key not in self.callers:
            self.callers[key] = Caller(self.tally, self.plan.port, key)
        return self.callers[key]

    async def act(self, due):
        read = self.random.choice((self.archive, self.archive, self.archive, self.trades,
                                   self.candles, self.fills, self.old_order))
        await read(due)

    async def archive(self, due):
        page = self.random.choice(self.plan.archive)
        status, reply = await self.caller(page.key).call("archive", "GET", page.path, due=due)
        if status == 200 and reply != page.body:
            self.tally.fail(f"{page.path} has changed: {reply}")

    async def numbered(self, kind, name, path, key, due):
        floor = self.floors.newest[name]
        status, reply = await self.caller(key).call(kind, "GET", path, due=due)
        if status == 200:
            self.floors.check(name, floor, [int(row["trade_id"]) for row in reply["items"]])

    async def trades(self, due):
        pair = self.random.choice(self.traders).pair
        await self.numbered("trades", f"trades of {pair.market}",
                            f"/api/v1/markets/{pair.market}/trades?limit=50", None, due)

    async def fills(self, due):
        pair = self.random.choice(self.traders).pair
        await self.numbered("fills", f"fills of {pair.market}", "/api/v1/fills?limit=50",
                            pair.taker, due)

    async def candles(self, due):
        market = self.random.choice(self.traders).pair.market
        name = f"candles of {market}"
        floor = self.floors.newest[name]
        status, reply = await self.caller(None).call(
            "candles", "GET", f"/api/v1/markets/{market}/candles?limit=500", due=due)
        if status == 200:
            self.floors.check(name, floor, [sum(row["trades"] for row in reply["items"])])

    async def old_order(self, due):
        trader = self.random.choice(self.traders)
        order_id = trader.old_order(self.plan.old_s)
        if order_id is None:
            return
        status, reply = await self.caller(trader.pair.taker).call(
            "old_order", "GET", f"/api/v1/orders/{order_id}", due=due)
        if status == 200 and reply["status"] != "filled":
            self.tally.fail(f"order {order_id} was filled: {reply}")
        if status == 404:
            self.tally.fail(f"order {order_id} is gone")


class Saver:
    """Deposits, and must find each in its ledger."""

    def __init__(self, tally, plan):
        self.tally, self.caller = tally, Caller(tally, plan.port, plan.saver)

    async def act(self, _):
        status, paid = await self.caller.call(DEPOSIT, "POST", "/api/v1/account/deposit",
                                              {"amount": "1"})
        if status != 200:
            return
        status, reply = await self.caller.call(FRESH_LEDGER, "GET",
                                               "/api/v1/account/ledger?limit=5")
        if status == 200 and reply["items"][0]["free_after"] != paid["free"]:
            self.tally.fail(f"deposit {paid} is not in the ledger: {reply['items'][0]}")


async def program(tally, plan):
    floors = Floors(tally)
    operator = Caller(tally, plan.port, plan.operator_key)

    async def push_prices(due):
        await operator.call(PRICES, "POST", "/api/v1/prices", plan.prices, due)

    traders = [Trader(tally, plan, pair, floors) for pair in plan.pairs]
    readers = [Reader(tally, plan, traders, floors, number) for number in range(READERS)]
    tasks = [repeat(tally, PRICES_EVERY_S, 0, push_prices),
             repeat(tally, DEPOSIT_EVERY_S, 0, Saver(tally, plan).act)]
    for number, trader in enumerate(traders):
        tasks.append(repeat(tally, 2 * len(traders) / plan.order_rate, number / len(traders),
                            trader.act))
    for number, reader in enumerate(readers):
        tasks.append(repeat(tally, READERS / plan.read_rate, number / READERS, reader.act))
    await asyncio.gather(*tasks)
