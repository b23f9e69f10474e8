"""Status of markets, margin of positions, liquidations, insurance, solvency, and the preview."""
import unittest
from decimal import Decimal

from api_case import ApiTest, order, until

ORDERS, BTC = "/api/v1/orders", "/api/v1/positions/BTC-PERP"
MARKET = "/api/v1/markets/BTC-PERP"
OPERATOR = "/api/v1/operator/markets/BTC-PERP"
FRESH_PRICES = 3  # that open a market again


class PerpetualTest(ApiTest):
    def setUp(self):
        for _ in range(FRESH_PRICES):  # a test before may have waited for the index to be stale
            self.exchange.push_prices()

    def set_mode(self, mode):
        return self.ok(self.operator.post(f"{OPERATOR}/mode", {"mode": mode}))

    def status(self):
        return self.ok(self.guest.get(MARKET))["exchange_status"]

    def solvent(self):
        report = self.ok(self.guest.get("/api/v1/solvency"))
        self.assertEqual((report["verdict"], report["money"]["difference"]), ("ok", "0"), report)
        return report


class Status(PerpetualTest):
    def tearDown(self):
        self.set_mode("open")
        super().tearDown()

    def test_every_way_to_order_is_refused_while_the_operator_has_closed_the_market(self):
        buyer, seller = self.agent(), self.agent()
        self.trade(buyer, seller, "0.1", "60000")
        kept = self.place(seller, "buy", "0.01", "59000", client_id="kept", reduce_only=True)
        self.assertEqual(self.set_mode("cancel_only")["mode"], "cancel_only")
        self.assertFalse(self.status()["accepts_orders"])
        overall = self.ok(self.guest.get("/api/v1/status"))
        self.assertEqual(overall["status"], "partly_open")
        intent = {"market": "BTC-PERP", "direction": "long", "size_usdc": "10"}
        ways = {
            "place": buyer.post(ORDERS, order()),
            "intent": buyer.post("/api/v1/intents", intent),
            "close": buyer.post(f"{BTC}/close"),
            "amend": seller.patch(f"{ORDERS}/{kept['order_id']}", {"price": "58000"}),
            "by name": seller.patch(f"{ORDERS}/by-client-id/kept?market=BTC-PERP",
                                    {"price": "58000"}),
            "margin": buyer.post(f"{BTC}/margin", {"action": "remove", "amount": "1"}),
        }
        for way, reply in ways.items():
            with self.subTest(way=way):
                error = self.refused(reply, "market_closed", "market")
                self.assertEqual((reply.status, error["mode"]), (409, "cancel_only"))
                self.assertIn("operator", error["hint"])
        batch = self.ok(buyer.post(f"{ORDERS}/batch", {"orders": [order()]}))
        self.assertEqual(batch["results"][0]["error"]["code"], "market_closed")
        preview = self.ok(buyer.post(f"{ORDERS}/preview", order()))
        self.assertEqual(preview["verdict"], "market_closed")
        self.ok(seller.delete(f"{ORDERS}/{kept['order_id']}"))
        self.ok(buyer.post(f"{BTC}/margin", {"action": "add", "amount": "1"}))
        self.set_mode("open")
        self.place(buyer, "buy", "0.01", "59000")

    def test_a_stale_index_closes_the_market_until_the_third_fresh_price(self):
        agent = self.agent()

        def is_closed():
            reply = agent.post(ORDERS, order(price="50000"))
            return reply if reply.code == "market_closed" else None
        error = until(is_closed, "the index is stale", 20).body
        self.assertEqual((error["mode"], error["is_stale"]), ("open", "true"))
        self.assertTrue(self.status()["is_stale"])
        self.exchange.push_prices(BTC="60000")
        self.exchange.push_prices(BTC="60000")
        self.assertTrue(self.status()["is_stale"])
        self.exchange.push_prices(BTC="60000")
        self.assertTrue(self.status()["accepts_orders"])
        self.place(agent, "buy", "0.01", "50000")

    def test_modes_and_amounts_that_do_not_exist(self):
        self.refused(self.operator.post(f"{OPERATOR}/mode", {"mode": "shut"}), "invalid_field")
        for amount in ("0", "1000000000.000001"):
            body = {"amount": amount}
            self.refused(self.operator.post(f"{OPERATOR}/insurance", body), "invalid_amount")


class Delisting(PerpetualTest):
    def test_a_delisted_market_pays_everybody_out_at_the_mark(self):
        buyer, seller = self.agent("10000"), self.agent("10000")
        self.trade(buyer, seller, "0.1", "60100")
        self.place(seller, "sell", "0.01", "61000")
        self.set_mode("settled")
        for agent, profit in ((buyer, "-10"), (seller, "10")):
            account = self.ok(agent.get("/api/v1/account"))
            self.assertEqual((account["reserved"], account["position_margin"]), ("0", "0"))
            change = self.ok(agent.get("/api/v1/account/position-changes"))["items"][0]
            self.assertEqual((change["cause"], change["amount"], change["side"]),
                             ("settled", profit, None))
        closed = self.ok(seller.get(f"{ORDERS}/history"))["items"]
        self.assertIn("market_settled", [o["close_reason"] for o in closed])
        self.refused(self.operator.post(f"{OPERATOR}/mode", {"mode": "open"}), "market_closed")
        self.solvent()


class Margin(PerpetualTest):
    def margin(self, agent, action, amount):
        return agent.post(f"{BTC}/margin", {"action": action, "amount": amount})

    def test_margin_moves_the_liquidation_price_and_comes_back(self):
        buyer, seller = self.agent("10000"), self.agent("100000")
        self.ok(buyer.put(f"{BTC}/leverage", {"leverage": 20}))
        self.trade(buyer, seller, "0.1", "60000")
        before = self.ok(buyer.get(BTC))
        self.assertEqual((before["health"], before["margin_ratio"]), ("healthy", "2"))
        added = self.ok(self.margin(buyer, "add", "300"))
        self.assertEqual((added["margin"], added["amount"]), ("600", "300"))
        after = self.ok(buyer.get(BTC))
        self.assertLess(Decimal(after["liquidation_price"]), Decimal(before["liquidation_price"]))
        error = self.refused(self.margin(buyer, "remove", "300.000001"), "insufficient_margin",
                             "amount")
        self.assertEqual((error["needed"], error["available"]), ("300.000001", "300"))
        self.ok(self.margin(buyer, "remove", "300"))
        self.assertEqual(self.ok(buyer.get(BTC)), before)
        self.refused(self.margin(buyer, "add", "1000000"), "insufficient_margin", "amount")
        self.refused(self.margin(buyer, "add", "0"), "invalid_amount", "amount")
        self.refused(self.margin(buyer, "give", "1"), "invalid_field", "action")
        self.refused(self.margin(self.agent(), "add", "1"), "no_position", "market")


class Liquidations(PerpetualTest):
    settings = {"start_balance": 0}

    def fall_to(self, price, start=60000):
        mark = Decimal(start)
        while mark > price:
            mark = max(Decimal(price), mark - mark // 100)
            self.exchange.push_prices(BTC=str(mark))

    def test_from_the_warning_to_the_insurance_fund(self):
        owner, other, bidder = self.agent("10000"), self.agent("1000000"), self.agent("1000000")
        self.ok(owner.put(f"{BTC}/leverage", {"leverage": 20}))
        self.trade(owner, other, "1", "60000")
        self.ok(self.operator.post(f"{OPERATOR}/insurance", {"amount": "5000"}))
        self.fall_to(59000)
        self.assertEqual(self.ok(owner.get(BTC))["health"], "warning")
        alerts = self.ok(owner.get("/api/v1/account/alerts"))["items"]
        self.assertEqual([a["kind"] for a in alerts], ["margin_warning"])
        self.place(bidder, "buy", "0.4", "58000")
        self.fall_to(56000, 59000)
        self.check_history(owner)
        self.assertIsNone(self.ok(owner.get(BTC))["side"])
        report = self.ok(self.guest.get(f"{MARKET}/insurance"))
        self.assertGreaterEqual(len(report["recent_changes"]), 2)
        changes = self.all_pages(self.guest, f"{MARKET}/insurance/history")
        self.assertEqual(changes[:len(report["recent_changes"])], report["recent_changes"])
        money = self.solvent()
        self.assertEqual(money["money"]["deposits"], "2015000")
        kinds = {a["kind"] for a in self.ok(owner.get("/api/v1/account/alerts"))["items"]}
        self.assertGreaterEqual(kinds, {"margin_warning", "liquidated"})

        metrics = self.guest.get("/metrics").text
        self.assertIn("perpetua_solvent 1", metrics)
        self.assertIn('perpetua_market_accepts_orders{market="ETH-PERP"} 1', metrics)

    def check_history(self, owner):
        own = self.all_pages(owner, "/api/v1/account/liquidations")
        steps = {step["step"] for step in own}
        self.assertIn("book", steps)
        everybody = self.all_pages(self.guest, f"{MARKET}/liquidations")
        self.assertEqual([s for s in everybody if s["agent_id"] == owner.agent_id], own)
        sold = sum(Decimal(s["size"]) for s in own)
        self.assertEqual(sold, 1)
        fills = self.ok(owner.get("/api/v1/fills"))["items"]
        forced = [f for f in fills if f["cause"] == "liquidation"]
        self.assertEqual({f["order_id"] for f in forced}, {None})
        trades = self.ok(self.guest.get(f"{MARKET}/trades"))["items"]
        self.assertEqual(trades[0]["cause"], "liquidation")


class Funding(PerpetualTest):
    def test_the_hour_in_hand_is_shown_before_any_is_settled(self):
        funding = self.ok(self.guest.get(f"{MARKET}/funding"))
        self.assertEqual(funding["next_settlement"] % 3_600_000, 0)
        self.assertEqual(funding["samples_needed"], 360)
        self.assertEqual(self.ok(self.guest.get(f"{MARKET}/funding/history"))["items"], [])
        self.assertEqual(self.ok(self.agent().get("/api/v1/account/funding"))["items"], [])


class Preview(PerpetualTest):
    def preview(self, agent, *arguments, **fields):
        return self.ok(agent.post(f"{ORDERS}/preview", order(*arguments, **fields)))

    def test_a_preview_costs_nothing_and_comes_true(self):
        maker, agent = self.agent(), self.agent("10000")
        self.place(maker, "sell", "0.05", "60010")
        self.place(maker, "sell", "0.05", "60030")
        seen = self.preview(agent, "buy", "0.1", "60050", leverage=10, time_in_force="ioc")
        self.assertEqual((seen["verdict"], seen["estimated_fill"]["average_price"]),
                         ("ok", "60020"))
        self.assertEqual(self.ok(agent.get(f"{ORDERS}/history"))["items"], [])
        self.place(agent, "buy", "0.1", "60050", leverage=10, time_in_force="ioc")
        position = self.ok(agent.get(BTC))
        for field, value in seen["position_after"].items():
            self.assertEqual(position[field], value, field)

    def test_the_verdict_names_what_the_order_would_hear(self):
        poor = self.agent("10")
        seen = self.preview(poor, "buy", "1", "60000")
        self.assertEqual((seen["verdict"], seen["available"]), ("insufficient_margin", "8"))
        self.assertEqual(seen["margin"], "60030")
        self.assertIn("deposit", seen["hint"])
        rich = self.agent("90000000")
        self.assertEqual(self.preview(rich, "buy", "10", "60000", leverage=20)["verdict"],
                         "leverage_too_high")
        for fields, code in (({"price": "90000"}, "price_out_of_band"),
                             ({"reduce_only": True}, "reduce_only_would_increase")):
            self.assertEqual(self.preview(rich, **fields)["verdict"], code)
        self.refused(rich.post(f"{ORDERS}/preview", order(size="0")), "invalid_quantity")


class NoPrices(ApiTest):
    settings = {"prices": "off"}
    has_prices = False

    def test_a_market_without_a_mark_cannot_be_settled(self):
        reply = self.operator.post(f"{OPERATOR}/mode", {"mode": "settled"})
        self.refused(reply, "price_unavailable")
        status = self.ok(self.guest.get("/api/v1/status"))
        self.assertIn("no index price", status["markets"][0]["text"])
        self.assertEqual(self.ok(self.guest.get("/api/v1/solvency"))["verdict"], "ok")

    def test_time_passes_without_prices_and_without_commands(self):
        def batch():
            return int(self.ok(self.guest.get("/api/v1/status"))["applied_batch"])
        before = batch()
        until(lambda: batch() >= before + 2, "two ticks")


class PricesStop(ApiTest):
    def test_a_market_is_closed_by_time_alone(self):
        def status():
            return self.ok(self.guest.get("/api/v1/status"))["markets"][0]
        self.assertTrue(status()["accepts_orders"])
        until(lambda: status()["is_stale"], "no price for ten seconds", 20)
        self.assertFalse(status()["accepts_orders"])


class FullOfMoney(ApiTest):
    def test_deposits_into_a_fund_count_against_what_the_exchange_takes(self):
        body = {"amount": "1000000000"}
        for _ in range(1_100):
            reply = self.operator.post(f"{OPERATOR}/insurance", body)
            if reply.status != 200:
                break
        self.refused(reply, "deposit_limit", "amount")


if __name__ == "__main__":
    unittest.main()
