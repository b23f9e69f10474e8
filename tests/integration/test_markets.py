"""Public market data over HTTP, and the operator's prices."""
import time
import unittest
from decimal import Decimal

from api_case import MARK, QUIET, ApiTest, order

MINUTE_MS = 60_000


class Markets(ApiTest):
    def test_all_markets_with_contract_and_prices(self):
        markets = {m["market"]: m for m in self.ok(self.guest.get("/api/v1/markets"))["items"]}
        self.assertEqual(set(markets), set(MARK))
        for name, market in markets.items():
            one = self.ok(self.guest.get(f"/api/v1/markets/{name}"))
            self.assertEqual(one["tick_size"], market["tick_size"])
            self.assertEqual(one["maker_fee"], "0.0002")
            self.assertEqual(one["taker_fee"], "0.0005")
            unit = Decimal(one["tick_size"]) * Decimal(one["lot_size"])
            self.assertEqual(unit, Decimal("0.000001"))

    def test_unknown_markets_are_not_found(self):
        for path in ("", "/book", "/trades", "/candles"):
            reply = self.guest.get(f"/api/v1/markets/NONE-PERP{path}")
            self.refused(reply, "market_not_found", "market")

    def test_the_book_shows_levels_best_first(self):
        agent = self.agent()
        for price in ("50001", "50003", "50002"):
            self.place(agent, "buy", "0.01", price)
        self.place(agent, "buy", "0.02", "50003")
        book = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/book?depth=2"))
        self.assertEqual(book["bids"], [["50003", "0.03", 2], ["50002", "0.01", 1]])
        self.assertEqual(book["asks"], [])
        self.assertEqual(self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))["best_bid"], "50003")
        for depth in ("0", "1001", "-1", "x", "1.5"):
            reply = self.guest.get(f"/api/v1/markets/BTC-PERP/book?depth={depth}")
            self.refused(reply, "invalid_field", "depth")

    def test_the_book_sequence_rises_with_each_change(self):
        agent, sequences = self.agent(), []
        for price in ("51000", "51001", "51002"):
            self.place(agent, "buy", "0.01", price)
            book = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/book"))
            sequences.append(int(book["sequence"]))
        self.assertEqual(sequences, sorted(set(sequences)))

    def test_trades_and_candles_follow_fills_at_the_makers_price(self):
        buyer, seller = self.agent(), self.agent()
        for price in ("60010", "60030", "60020"):
            self.place(seller, "sell", "0.1", price)
            self.place(buyer, "buy", "0.1", "60050", time_in_force="ioc")
        trades = self.all_pages(self.guest, "/api/v1/markets/BTC-PERP/trades")
        self.assertEqual([t["price"] for t in trades[:3]], ["60020", "60030", "60010"])
        self.assertEqual({t["side"] for t in trades}, {"buy"})
        ids = [int(t["trade_id"]) for t in trades]
        self.assertEqual(ids, list(range(len(ids), 0, -1)))
        candles = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/candles?interval=1d"))["items"]
        day = candles[-1]
        self.assertEqual((day["open"], day["high"], day["low"], day["close"]),
                         ("60010", "60030", "60010", "60020"))
        self.assertEqual((day["volume"], day["trades"]), ("0.3", 3))
        self.assertEqual(Decimal(day["volume_usdc"]), Decimal("18006"))
        self.check_candles_agree(trades)
        market = self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))
        self.assertEqual((market["last_price"], market["open_interest"]), ("60020", "0.3"))

    def check_candles_agree(self, trades):
        minutes = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/candles"))["items"]
        self.assertEqual(sum(c["trades"] for c in minutes), len(trades))
        times = [c["open_time"] for c in minutes]
        self.assertEqual(times, sorted(set(times)))
        self.assertEqual([t % MINUTE_MS for t in times], [0] * len(times))
        newest = times[-1]
        path = "/api/v1/markets/BTC-PERP/candles?"
        self.assertEqual(len(self.ok(self.guest.get(f"{path}from={newest}"))["items"]), 1)
        before = self.ok(self.guest.get(f"{path}to={newest}"))["items"]
        self.assertEqual(len(before), len(minutes) - 1)
        for query in ("interval=2m", "from=-1", "limit=0", "limit=501", "from=x"):
            self.refused(self.guest.get(path + query), "invalid_field", query.split("=")[0])


class PushedPrices(ApiTest):
    def push(self, *rows):
        return self.operator.post("/api/v1/prices", {"prices": list(rows)})

    def price_of(self, market):
        rows = self.ok(self.guest.get("/api/v1/prices"))["items"]
        return next(r for r in rows if r["market"] == market)

    def test_a_pushed_price_is_index_and_mark(self):
        self.ok(self.push({"market": "ETH-PERP", "price": "3001.5"}))
        row = self.price_of("ETH-PERP")
        self.assertEqual((row["index_price"], row["mark_price"]), ("3001.5", "3001.5"))
        self.assertLess(abs(row["price_time"] - time.time() * 1000), 60_000)

    def test_one_update_moves_the_index_by_one_percent_at_most(self):
        for price, accepted in (("300", "148.5"), ("100", "147.01"), ("147.01", "147.01")):
            before = Decimal(self.price_of("SOL-PERP")["index_price"])
            result = self.ok(self.push({"market": "SOL-PERP", "price": price}))["results"][0]
            after = Decimal(result["index_price"])
            step = (before * Decimal("0.01")).quantize(Decimal("0.01"), "ROUND_DOWN")
            low, high = before - step, before + step
            self.assertEqual(after, min(max(Decimal(price), low), high), accepted)

    def test_prices_that_cannot_be_right_never_get_in(self):
        before = self.price_of("BTC-PERP")
        now_ms = int(time.time() * 1000)
        cases = (({"price": "0"}, "price_invalid"), ({"price": "999"}, "price_invalid"),
                 ({"price": "10000001"}, "price_invalid"), ({"price": "-5"}, "price_invalid"),
                 ({"price": "60001", "source_time": now_ms - 60_000}, "price_stale"))
        for fields, code in cases:
            result = self.ok(self.push({"market": "BTC-PERP", **fields}))["results"][0]
            self.assertEqual(result["error"]["code"], code, fields)
        self.refused(self.push({"market": "BTC-PERP", "price": "60000.5"}), "invalid_field")
        self.refused(self.push({"market": "BTC-PERP", "price": 60001}), "invalid_field")
        self.refused(self.push(), "invalid_field", "prices")
        self.assertEqual(self.price_of("BTC-PERP"), before)

    def test_agents_cannot_push_prices(self):
        body = {"prices": [{"market": "BTC-PERP", "price": "60001"}]}
        self.refused(self.agent().post("/api/v1/prices", body), "forbidden", "operator")


class NoPrices(ApiTest):
    settings = {"prices": "off"}
    has_prices = False

    def test_without_a_price_nothing_trades(self):
        agent = self.agent()
        self.assertIsNone(self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))["mark_price"])
        self.refused(agent.post("/api/v1/orders", order()), "price_unavailable")
        batch = self.ok(agent.post("/api/v1/orders/batch", {"orders": [order(), order()]}))
        self.assertEqual({r["error"]["code"] for r in batch["results"]}, {"price_unavailable"})
        self.refused(agent.post("/api/v1/positions/BTC-PERP/close"), "price_unavailable")
        intent = {"market": "BTC-PERP", "direction": "long", "size_usdc": "10"}
        self.refused(agent.post("/api/v1/intents", intent), "price_unavailable")

    def test_prices_are_posted_only_where_the_setting_says_push(self):
        post = {"prices": [{"market": "BTC-PERP", "price": "60000"}]}
        self.refused(self.operator.post("/api/v1/prices", post), "not_in_this_mode", "prices")
        self.assertIsNone(self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))["index_price"])


class SystemPages(ApiTest):
    settings = QUIET

    def test_pages_for_people_programs_and_probes(self):
        self.assertIn("BTC-PERP", self.ok_text("/"))
        self.assertIn("openapi", self.ok_text("/docs").lower())
        self.assertEqual(self.ok(self.guest.get("/healthz"))["status"], "alive")
        self.assertEqual(self.ok(self.guest.get("/readyz"))["status"], "ready")
        limits = self.ok(self.guest.get("/api/v1/limits"))
        self.assertEqual((limits["mode"], limits["orders_per_request"]), ("sandbox", 100))

    def test_metrics_count_requests_in_prometheus_text(self):
        self.ok(self.guest.get("/api/v1/markets"))
        text = self.ok_text("/metrics")
        samples = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.assertGreater(len(samples), 20)
        for line in samples:
            float(line.rsplit(" ", 1)[1])
        self.assertTrue(any("perpetua" in line and "listMarkets" in line for line in samples))

    def ok_text(self, path):
        reply = self.guest.get(path)
        self.assertEqual(reply.status, 200, reply)
        return reply.text


if __name__ == "__main__":
    unittest.main()
