#!/usr/bin/env python3
"""Agents of the old hub, all day: orders, reads and sockets mixed over the root API.

    bench/hub_agents.py [--url http://127.0.0.1:8082] [--agents 50] [--seconds 60] [--rate 5]

Every agent registers, claims the faucet, opens a plain socket and then acts `rate` times a second
on an open-loop schedule: latencies count from the time an action was due. Refusals with a code of
the contract are counted by code; anything else (no reply, a 500, a reply without JSON, a code that
the contract does not know, a broken socket) is an error. Prints a table and one line of JSON, ends
by itself, exits with 1 if there was an error. Needs Debian's python3-websockets.
"""
import argparse
import asyncio
import collections
import json
import random
import sys
import time
import urllib.parse
from pathlib import Path

import websockets

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
from async_http import AsyncConnection  # noqa: E402

REFUSALS = {
    "insufficient_balance", "insufficient_margin", "position_closed", "own_signal",
    "already_matched", "self_transfer", "trigger_wrong_side", "intent_not_open",
    "conflicting_position", "limit_exceeded", "no_liquidity", "price_out_of_band",
    "rate_limited", "cooldown", "not_found", "market_halted", "price_unavailable"}
ASSETS = ("BTC", "ETH", "SOL", "DOGE", "PEPE", "WIF", "ARB", "OP", "SUI", "AVAX", "LINK", "AAVE")
TIMEOUT_S = 10
PING_EVERY_S = 5


class Tally:
    def __init__(self):
        self.latencies_ms = collections.defaultdict(list)
        self.refusals = collections.Counter()
        self.errors = collections.Counter()
        self.messages = collections.Counter()

    def percentile(self, share):
        every = sorted(x for rows in self.latencies_ms.values() for x in rows)
        return every[min(len(every) - 1, int(len(every) * share))] if every else 0.0


class Agent:
    def __init__(self, number, options, tally):
        url = urllib.parse.urlsplit(options.url)
        self.http = AsyncConnection(url.hostname, url.port or 80)
        self.ws_url = f"ws://{url.netloc}/ws"
        self.number, self.options, self.tally = number, options, tally
        self.random = random.Random(options.seed * 100_003 + number)
        self.id = self.key = None
        self.positions = {}
        self.peer = None

    async def call(self, name, method, path, body=None, due=None):
        """The reply's JSON on 200, None after a refusal or an error; both are counted."""
        due = time.monotonic() if due is None else due
        try:
            status, text = await self.http.request(method, path, body, self.key)
            reply = json.loads(text)
        except (OSError, ValueError, EOFError, asyncio.TimeoutError) as error:
            self.tally.errors[f"{name}: {type(error).__name__}"] += 1
            return None
        self.tally.latencies_ms[name].append((time.monotonic() - due) * 1000)
        if status == 200:
            return reply
        code = reply.get("code")
        is_contract = code in REFUSALS and isinstance(reply.get("detail"), str)
        (self.tally.refusals if is_contract else self.tally.errors)[
            str(code) if is_contract else f"{name}: {status} {reply}"[:200]] += 1
        return None

    async def start(self):
        # Letters only make the wallet unlike those of earlier runs.
        wallet = f"0x{random.SystemRandom().getrandbits(160):040x}"
        reply = await self.call("register", "POST", "/agents/register",
                                {"wallet_address": wallet, "display_name": f"soak {self.number}"})
        if reply is None:
            raise RuntimeError(f"agent {self.number} cannot register: {self.tally.errors}")
        self.id, self.key = reply["agent"]["agent_id"], reply["api_key"]
        await self.call("faucet", "POST", "/faucet")

    async def intent(self, due):
        asset = self.random.choice(ASSETS)
        held = self.positions.get(f"{asset}-PERP")
        kind = held["side"] if held else self.random.choice(("long", "short"))
        reply = await self.call("POST /intents", "POST", "/intents", {
            "agent_id": self.id, "intent_type": kind, "asset": f"{asset}-PERP",
            "size_usdc": self.random.randint(20, 200), "leverage": self.random.randint(1, 10),
            "max_slippage": 0.02, "reason": "soak: momentum"}, due)
        if reply is not None:
            position = reply["position"]
            self.positions[position["asset"]] = position

    async def close(self, due):
        if not self.positions:
            return await self.read(due)
        asset = self.random.choice(list(self.positions))
        position = self.positions.pop(asset)
        await self.call("POST close", "POST", f"/positions/{position['position_id']}/close",
                        due=due)

    async def protect(self, due):
        if not self.positions:
            return await self.read(due)
        position = self.random.choice(list(self.positions.values()))
        away = 0.8 if position["side"] == "long" else 1.2
        await self.call("POST stop-loss", "POST", f"/positions/{position['position_id']}/stop-loss",
                        {"price": float(f"{position['entry_price'] * away:.4g}")}, due)

    async def speak(self, due):
        await self.call("POST thought", "POST", "/chat/thought",
                        {"content": "the book leans <b>long</b>"}, due)

    async def pay(self, due):
        await self.call("POST transfer", "POST", "/transfer",
                        {"from_agent": self.id, "to_agent": self.peer, "amount": 1.25}, due)

    async def read(self, due):
        asset = self.random.choice(ASSETS)
        path = self.random.choice((
            "/prices", f"/prices/{asset}", f"/balance/{self.id}", f"/positions/{self.id}",
            f"/portfolio/{self.id}", f"/agents/{self.id}", f"/intents?asset={asset}-PERP",
            "/matches", "/leaderboard", f"/candles/{asset}?interval=1m", f"/funding/{asset}",
            "/thoughts/feed", "/stats", f"/risk/{self.id}", f"/alerts/{self.id}", "/me"))
        await self.call(f"GET /{path.split('/')[1].split('?')[0]}", "GET", path, due=due)

    async def act(self, due):
        actions = (self.intent, self.read, self.close, self.protect, self.speak, self.pay)
        await self.random.choices(actions, weights=(30, 50, 10, 5, 3, 2))[0](due)

    async def follow(self, end):
        """A plain socket: `connected` first, pong for every ping, until the run ends."""
        try:
            async with websockets.connect(self.ws_url, open_timeout=TIMEOUT_S) as socket:
                first = json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT_S))
                if first.get("type") != "connected":
                    self.tally.errors[f"socket: first frame {first.get('type')}"] += 1
                await self.listen(socket, end)
        except (OSError, ValueError, asyncio.TimeoutError,
                websockets.exceptions.WebSocketException) as error:
            self.tally.errors[f"socket: {type(error).__name__} {error}"[:200]] += 1

    async def listen(self, socket, end):
        pings, next_ping = 0, time.monotonic()
        while (now := time.monotonic()) < end:
            if now >= next_ping:
                await socket.send('{"type":"ping"}')
                pings, next_ping = pings + 1, now + PING_EVERY_S
            try:
                wait = max(0.01, min(next_ping, end) - now)
                message = json.loads(await asyncio.wait_for(socket.recv(), wait))
            except asyncio.TimeoutError:
                continue
            self.tally.messages[message.get("type")] += 1
            pings -= message.get("type") == "pong"
        if pings > 1:
            self.tally.errors["socket: pings without pong"] += 1

    async def live(self, start, end):
        interval = 1 / self.options.rate
        due = start + self.random.random() * interval
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self.act(due)
            due += interval
        self.http.close()


async def run(options):
    tally = Tally()
    agents = [Agent(number, options, tally) for number in range(options.agents)]
    for agent in agents:  # one after the other: registrations have a budget
        await agent.start()
        await asyncio.sleep(options.register_pause)
    for agent, peer in zip(agents, agents[1:] + agents[:1]):
        agent.peer = peer.id
    tally.latencies_ms.clear()
    start = time.monotonic() + 0.2
    end = start + options.seconds
    await asyncio.gather(*(a.live(start, end) for a in agents), *(a.follow(end) for a in agents))
    return tally


def report(tally, options):
    print(f"{'action':<22}{'count':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name, rows in sorted(tally.latencies_ms.items()):
        rows.sort()
        p50, p99 = rows[len(rows) // 2], rows[min(len(rows) - 1, int(len(rows) * 0.99))]
        print(f"{name:<22}{len(rows):>8}{p50:>9.2f}{p99:>9.2f}{rows[-1]:>9.2f}")
    for title, counter in (("refused", tally.refusals), ("messages", tally.messages),
                           ("ERROR", tally.errors)):
        for name, count in counter.most_common():
            print(f"{title}: {name} {count}")
    print(json.dumps({
        "agents": options.agents, "seconds": options.seconds,
        "requests": sum(map(len, tally.latencies_ms.values())),
        "p50_ms": round(tally.percentile(0.5), 2), "p99_ms": round(tally.percentile(0.99), 2),
        "refused": sum(tally.refusals.values()), "messages": sum(tally.messages.values()),
        "errors": sum(tally.errors.values())}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8082")
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5, help="actions a second of each agent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--register-pause", type=float, default=0.0,
                        help="seconds between registrations")
    options = parser.parse_args()
    host = urllib.parse.urlsplit(options.url).hostname
    if host not in ("127.0.0.1", "localhost", "::1"):
        parser.error("only this machine is a target")
    tally = asyncio.run(run(options))
    report(tally, options)
    sys.exit(1 if tally.errors else 0)


if __name__ == "__main__":
    main()
