"""The exchange as scripts/run starts it: moving prices, house quotes, a newcomer's first trade."""
import unittest
from decimal import Decimal

from api_case import MARK, ApiTest, unique, until
from ws_client import Book, Socket


class SandboxMarket(ApiTest):
    settings = {"prices": "replay", "liquidity": "on", "replay_speed": 100, "start_balance": 10_000,
                "insurance_fund": 1_000_000}
    has_prices = False

    def market(self, name):
        return self.ok(self.guest.get(f"/api/v1/markets/{name}"))

    def quoted(self, name):
        def both_sides():
            market = self.market(name)
            return market if market["best_bid"] and market["best_ask"] else None
        return until(both_sides, f"{name} is quoted")

    def test_every_market_is_quoted_around_its_index(self):
        for name in MARK:
            market = self.quoted(name)
            bid, ask, index = (Decimal(market[n]) for n in ("best_bid", "best_ask", "index_price"))
            self.assertLess(bid, ask)
            self.assertLess(abs((bid + ask) / 2 / index - 1), Decimal("0.01"), market)
            book = self.ok(self.guest.get(f"/api/v1/markets/{name}/book"))
            self.assertGreaterEqual(min(len(book["bids"]), len(book["asks"])), 3)

    def test_a_newcomers_first_order_fills(self):
        for name in MARK:
            self.quoted(name)
            agent = self.agent(None)
            path = f"/api/v1/positions/{name}"
            placed = self.ok(agent.post("/api/v1/intents", {
                "market": name, "direction": "long", "size_usdc": "1000", "leverage": 5,
                "reason": "my first trade"}))
            self.assertGreater(Decimal(placed["filled_usdc"]), 950, placed)
            position = self.ok(agent.get(path))
            self.assertEqual((position["side"], position["size"]), ("long", placed["filled"]))
            closed = self.ok(agent.post(f"{path}/close"))
            self.assertEqual(closed["status"], "filled", closed)
            self.assertIsNone(self.ok(agent.get(path))["side"])
            equity = Decimal(self.ok(agent.get("/api/v1/account"))["equity"])
            self.assertTrue(9_950 < equity < 10_050, equity)

    def test_prices_move(self):
        before = {name: self.quoted(name)["index_price"] for name in MARK}
        for name in MARK:
            until(lambda n=name: self.market(n)["index_price"] != before[n], f"{name} moves")

    def test_the_house_trades_so_there_are_candles(self):
        def candles():
            return self.ok(self.guest.get("/api/v1/markets/BTC-PERP/candles"))["items"]
        candle = until(candles, "a first trade", 30)[-1]
        self.assertLessEqual(Decimal(candle["low"]), Decimal(candle["high"]))

    def test_a_moving_book_can_be_followed(self):
        self.quoted("BTC-PERP")
        with Socket(self.exchange.port) as ws:
            ws.call("subscribe", channel="book", market="BTC-PERP")
            book = Book(ws.next_of("book"))
            while book.deltas < 15:
                book.apply(ws.next_of("book"))
            ids = [0]
            ws.call("subscribe", channel="trades", market="BTC-PERP")
            while len(ids) < 3:
                ids += [int(t["trade_id"]) for t in ws.next_of("trades")["trades"]]
            self.assertEqual(ids[1:], list(range(ids[1], ids[1] + len(ids) - 1)))

    def test_every_market_has_an_insurance_fund_paid_in_once(self):
        def cash():
            return [self.ok(self.guest.get(f"/api/v1/markets/{name}/insurance"))["cash"]
                    for name in MARK]
        self.assertEqual(cash(), ["1000000"] * len(MARK))
        self.assertEqual(self.exchange.stop(), 0, self.exchange.log())
        self.exchange.start()
        self.assertEqual(cash(), ["1000000"] * len(MARK))
        self.assertEqual(self.ok(self.guest.get("/api/v1/solvency"))["verdict"], "ok")

    def test_newcomers_find_the_house_after_a_restart(self):
        self.quoted("BTC-PERP")
        agents = len(self.all_pages(self.guest, "/api/v1/agents", 100))
        self.exchange.kill()
        self.exchange.start()
        self.quoted("BTC-PERP")
        self.assertEqual(len(self.all_pages(self.guest, "/api/v1/agents", 100)), agents)
        reply = self.guest.post("/api/v1/agents", {"wallet": unique("w")})
        agent = self.exchange.client(self.ok(reply)["api_key"])
        body = {"market": "BTC-PERP", "direction": "short", "size_usdc": "500"}

        def is_filled():  # the house takes back its old quotes before it quotes anew
            return Decimal(self.ok(agent.post("/api/v1/intents", body))["filled_usdc"]) > 450
        until(is_filled, "an order fills")


if __name__ == "__main__":
    unittest.main()
