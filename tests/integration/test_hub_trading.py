#!/usr/bin/python3
"""Trading over the root API: intents, matches, positions, market data, risk, funding."""
import re
import threading
import unittest

from api_case import until
from hub_case import HubTest

AGENT_FIELDS = set("agent_id wallet_address created_at status twitter_handle twitter_verified "
                   "moltbook_handle total_trades total_volume pnl reputation_score display_name "
                   "bio verified nonce_created_at".split())
INTENT_FIELDS = set("intent_id agent_id intent_type asset size_usdc leverage max_slippage "
                    "min_counterparty_reputation expires_at status created_at matched_with "
                    "matched_at execution_price tx_signature source_platform".split())
MATCH_FIELDS = set("match_id intent_a_id intent_b_id agent_a_id agent_b_id asset size_usdc price "
                   "created_at executed_at tx_signature".split())
POSITION_FIELDS = set("position_id agent_id vault_id asset side direction size_usdc margin "
                      "margin_ratio entry_price leverage current_price unrealized_pnl "
                      "unrealized_pnl_pct realized_pnl liquidation_price stop_loss take_profit "
                      "is_open close_price close_reason created_at closed_at".split())
PRICE_FIELDS = set("asset price change_24h volume_24h timestamp source last_update mark_price "
                   "index_price".split())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")


class TradingTest(HubTest):
    """Every test has makers and takers of its own; what rests is cancelled after it."""

    def setUp(self):
        self.settle_prices()
        self.maker, self.buyer = self.agent(100_000), self.agent(100_000)
        for agent in (self.maker, self.buyer):
            self.ok(agent.post(f"/risk/{agent.agent_id}/limits", {
                "max_position_size": 10_000_000, "max_total_exposure": 50_000_000}))

    def tearDown(self):
        for agent in (self.maker, self.buyer):
            self.ok(agent.post("/api/v1/orders/cancel-all"))

    def offer(self, price="60000", size="0.1", side="sell", market="BTC-PERP"):
        return self.quote(self.maker if side == "sell" else self.buyer, side, price, size, market)


class Intents(TradingTest):
    def test_the_worked_example_of_the_contract(self):
        taker = self.agent()
        self.offer()
        body = self.ok(self.intend(taker, reason="momentum"))
        self.assertIs(body["success"], True)
        intent = body["intent"]
        self.assertEqual(set(intent), INTENT_FIELDS)
        self.assertEqual(intent["size_usdc"], 1000.0)
        self.assertEqual(intent["status"], "matched")
        self.assertEqual(intent["execution_price"], 60000.0)
        self.assertTrue(intent["matched_with"].startswith("int_"))
        self.assertRegex(intent["matched_at"], TIME)
        self.assertEqual(body["routing"], {
            "total_size": 1000.0, "internal_filled": 999.96, "external_filled": 0.0,
            "internal_rate": "100.0%", "fee_saved": 0.25, "total_fee": 0.49998})
        fees = body["fees"]
        self.assertEqual((fees["protocol_fee"], fees["taker_rate"], fees["maker_rate"]),
                         (0.49998, "0.05%", "0.02%"))
        self.assertEqual([(row["type"], row["amount_usdc"], row["trade_size"])
                          for row in fees["records"]],
                         [("taker", 0.49998, 999.96), ("maker", 0.199992, 999.96)])
        match = body["internal_match"]
        self.assertEqual(set(match), MATCH_FIELDS)
        self.assertEqual(match["agent_a_id"], taker.agent_id)
        self.assertEqual(match["agent_b_id"], self.maker.agent_id)
        self.assertEqual(match["intent_b_id"], intent["matched_with"])
        self.assertEqual(body["external_fills"], [])
        position = body["position"]
        self.assertEqual(set(position), POSITION_FIELDS)
        expected = {"side": "long", "size_usdc": 999.96, "margin": 199.992, "margin_ratio": 0.2,
                    "entry_price": 60000.0, "leverage": 5, "liquidation_price": 49231.0,
                    "stop_loss": 54000.0, "take_profit": 72000.0, "is_open": True}
        self.assertEqual({name: position[name] for name in expected}, expected)
        self.assertEqual(self.position(taker), position)
        self.assertEqual(self.ok(self.guest.get(f"/intents/{intent['intent_id']}")), intent)
        self.assertEqual(self.ok(self.guest.get(f"/matches/{match['match_id']}")), match)
        balance = self.ok(taker.get(f"/balance/{taker.agent_id}"))
        self.assertEqual(balance["locked"], 199.992)
        self.assertEqual(balance["balance"], 10_000 - 0.49998)

    def test_numbers_on_the_wire_have_no_exponent_and_a_point(self):
        taker = self.agent()
        self.offer()
        text = self.intend(taker).text
        self.assertIn('"size_usdc":1000.0', text)
        self.assertIn('"liquidation_price":49231.0', text)
        self.assertNotRegex(text, r"[0-9]e[+-]?[0-9]")

    def test_a_short_is_guarded_the_other_way_round(self):
        taker = self.agent()
        self.offer(side="buy")
        position = self.ok(self.intend(taker, "SHORT", asset="btc"))["position"]
        self.assertEqual((position["stop_loss"], position["take_profit"]), (66000.0, 48000.0))

    def test_a_partial_fill_is_a_success(self):
        taker = self.agent()
        self.offer(size="0.01")
        body = self.ok(self.intend(taker))
        self.assertEqual(body["routing"]["internal_filled"], 600.0)
        self.assertEqual(body["routing"]["total_size"], 1000.0)
        self.assertEqual(body["intent"]["status"], "matched")
        self.assertEqual(body["position"]["size_usdc"], 600.0)

    def test_nothing_to_fill_with_costs_nothing(self):
        taker = self.agent()
        body = self.refused(self.intend(taker), 422, "no_liquidity")
        self.assertEqual(body["intent_status"], "expired")
        intent = self.ok(self.guest.get(f"/intents/{body['intent_id']}"))
        self.assertEqual(intent["status"], "expired")
        self.assertIsNone(intent["execution_price"])
        self.assertEqual(self.ok(taker.get(f"/fees/{taker.agent_id}"))["total_paid"], 0.0)
        self.assertEqual(self.ok(taker.get(f"/positions/{taker.agent_id}"))["total"], 0)

    def test_the_slippage_bound_holds(self):
        taker = self.agent()
        self.offer(price="60301")
        self.refused(self.intend(taker), 422, "no_liquidity")
        self.refused(self.intend(taker, max_slippage=0), 422, "no_liquidity")
        body = self.ok(self.intend(taker, max_slippage=0.01))
        self.assertEqual(body["intent"]["execution_price"], 60301.0)
        self.assertEqual(body["intent"]["max_slippage"], 0.01)

    def test_the_same_side_adds_to_the_position(self):
        taker = self.agent()
        self.offer(size="0.5")
        first = self.ok(self.intend(taker))["position"]
        self.push_prices(BTC="60300")  # who holds a position keeps its guards
        second = self.ok(self.intend(taker, size_usdc=500))["position"]
        self.assertEqual(first["position_id"], second["position_id"])
        self.assertEqual(second["size_usdc"], 1499.94)
        self.assertEqual(second["stop_loss"], 54000.0)

    def test_the_opposite_side_conflicts(self):
        taker = self.agent()
        self.offer()
        self.ok(self.intend(taker))
        body = self.refused(self.intend(taker, "short"), 422, "conflicting_position")
        self.assertIn("/close", body["detail"])

    def test_too_little_money(self):
        taker = self.agent(fund=0)
        self.offer()
        body = self.refused(self.intend(taker), 400, "insufficient_balance")
        self.assertEqual(body["detail"],
                         "Insufficient balance: required 200.50 USDC, available 0.00 USDC")
        rich = self.agent(fund=1_000)
        body = self.refused(self.intend(rich, size_usdc=4_500), 400, "insufficient_margin")
        self.assertIn("Insufficient margin", body["detail"])

    def test_a_risk_limit_refuses_with_its_name(self):
        taker = self.agent()
        self.offer()
        limits = self.ok(taker.post(f"/risk/{taker.agent_id}/limits",
                                    {"max_position_size": 500, "max_leverage": 3}))["limits"]
        self.assertEqual((limits["max_position_size"], limits["max_leverage"]), (500.0, 3))
        body = self.refused(self.intend(taker), 422, "limit_exceeded")
        self.assertEqual((body["name"], body["limit"], body["value"]), ("max_leverage", 3, 5))
        body = self.refused(self.intend(taker, leverage=1), 422, "limit_exceeded")
        self.assertEqual(body["name"], "max_position_size")
        native = taker.post("/api/v1/orders", {"market": "BTC-PERP", "side": "buy", "leverage": 4,
                                               "size": "0.01", "price": "60000"}).body
        self.assertEqual([native[name] for name in ("code", "field", "given", "allowed")],
                         ["limit_exceeded", "max_leverage", "4", "3"])
        rows = self.ok(taker.get(f"/risk/{taker.agent_id}/violations"))["violations"]
        self.assertEqual([row["type"] for row in rows],
                         ["leverage", "position_size", "leverage"])
        self.assertTrue(rows[0]["violation_id"].startswith("viol_"))
        self.assertEqual(self.ok(taker.get(f"/risk/{taker.agent_id}/limits")), limits)

    def test_checks_come_in_their_order(self):
        taker, other = self.agent(), self.agent()
        self.assertEqual(self.guest.post("/intents", {}).status, 401)
        reply = taker.post("/intents", {"agent_id": other.agent_id, "leverage": 99})
        self.assertIn("another agent", self.refused(reply, 403, "forbidden")["detail"])
        body = self.refused(self.intend(taker, leverage=99, size_usdc=0, asset="BTC"), 422,
                            "validation_failed")
        self.assertEqual({row["loc"][1] for row in body["errors"]}, {"leverage", "size_usdc"})
        self.refused(self.intend(taker, asset="NOPE"), 422, "validation_failed")
        self.refused(self.intend(taker, size_usdc=0.004), 422, "validation_failed")

    def test_a_limit_price_rests_and_is_cancelled_once(self):
        taker, other = self.agent(), self.agent()
        body = self.ok(self.intend(taker, limit_price=59000))
        self.assertEqual(body["intent"]["status"], "open")
        self.assertIsNone(body["position"])
        path = f"/intents/{body['intent']['intent_id']}"
        listed = self.ok(self.guest.get("/intents?asset=BTC"))["intents"]
        self.assertIn(body["intent"], listed)
        self.refused(other.delete(path), 403, "forbidden")
        self.assertEqual(self.ok(taker.delete(path)), {"success": True})
        self.assertEqual(self.ok(taker.delete(path)), {"success": True})
        self.assertEqual(self.ok(self.guest.get(path))["status"], "cancelled")
        self.refused(taker.delete("/intents/int_ffffffffffff"), 404, "not_found")
        self.refused(taker.delete("/intents/..%2F'x"), 404, "not_found")

    def test_a_filled_intent_stays_filled(self):
        taker = self.agent()
        self.offer()
        path = f"/intents/{self.ok(self.intend(taker))['intent']['intent_id']}"
        body = self.refused(taker.delete(path), 400, "intent_not_open")
        self.assertIn("matched", body["detail"])
        self.assertEqual(self.ok(self.guest.get(path))["status"], "matched")

    def test_a_repeat_is_the_same_intent(self):
        taker = self.agent()
        self.offer(size="0.5")
        key = {"Idempotency-Key": "once-" + taker.agent_id}
        body = {"agent_id": taker.agent_id, "intent_type": "long", "asset": "BTC",
                "size_usdc": 1000, "reason": "again"}
        first = self.ok(taker.post("/intents", body, **key))
        self.push_prices(BTC="60300")  # another default bracket
        second = self.ok(taker.post("/intents", body, **key))
        self.assertEqual(first["intent"], second["intent"])
        self.assertEqual(self.position(taker)["size_usdc"], 999.96)
        self.refused(taker.post("/intents", {**body, "size_usdc": 7}, **key), 409,
                     "idempotency_conflict")
        named = {**body, "client_order_id": "mine-" + taker.agent_id}
        first = self.ok(taker.post("/intents", named))
        self.assertEqual(first["intent"], self.ok(taker.post("/intents", named))["intent"])

    def test_many_at_once_each_get_their_own_answer(self):
        self.offer(size="2")
        takers = [self.agent() for _ in range(8)]
        answers = []

        def trade(taker, size):
            for _ in range(5):
                answers.append((taker, size, self.intend(taker, size_usdc=size)))

        threads = [threading.Thread(target=trade, args=(taker, 600 + 60 * n))
                   for n, taker in enumerate(takers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(answers), 40)
        seen = {}
        for taker, size, reply in answers:
            body = self.ok(reply)
            self.assertEqual(body["routing"]["internal_filled"], size)
            self.assertEqual(body["position"]["agent_id"], taker.agent_id)
            seen.setdefault(taker.agent_id, []).append(body["position"]["size_usdc"])
        for n, taker in enumerate(takers):
            size = 600 + 60 * n
            self.assertEqual(seen[taker.agent_id], [size * k for k in range(1, 6)])

    def test_figures_are_real(self):
        taker = self.agent()
        self.offer(size="0.5")
        before, stats_before = (self.ok(self.guest.get(path)) for path in
                                ("/intents/stats", "/stats"))
        self.ok(self.intend(taker))
        self.refused(self.intend(taker, size_usdc=100, asset="SOL"), 422, "no_liquidity")
        after, stats = (self.ok(self.guest.get(path)) for path in ("/intents/stats", "/stats"))
        self.assertEqual(after["total_intents"] - before["total_intents"], 2)
        self.assertEqual(after["filled"] - before["filled"], 1)
        self.assertEqual(stats["total_matches"] - stats_before["total_matches"], 1)
        self.assertAlmostEqual(stats["total_volume"] - stats_before["total_volume"], 999.96)
        fees, fees_before = stats["protocol_fees"], stats_before["protocol_fees"]
        self.assertEqual(fees, self.ok(self.guest.get("/fees")))
        self.assertAlmostEqual(fees["total_collected"] - fees_before["total_collected"],
                               0.49998 + 0.199992)
        self.assertEqual(fees["config"], {"taker_rate": "0.050%", "maker_rate": "0.020%",
                                          "liquidation_rate": "0.50%"})
        own = self.ok(self.guest.get(f"/fees/{taker.agent_id}"))
        self.assertEqual((own["total_paid"], len(own["records"])), (0.49998, 1))

    def test_sentences_become_fields(self):
        def parse(text):
            return self.ok(self.guest.post("/intents/parse", {"text": text}))["parsed"]
        parsed = parse("Long BTC $1,000 10x")
        self.assertEqual((parsed["action"], parsed["market"], parsed["size"], parsed["leverage"]),
                         ("long", "BTC-PERP", 1000.0, 10))
        self.assertEqual(parsed["raw_command"], "Long BTC $1,000 10x")
        self.assertEqual(parse("close my sol long")["action"], "close")
        alert = parse("alert me when eth hits 4k")
        self.assertEqual((alert["action"], alert["price"]), ("alert", 4000.0))
        self.assertEqual(parse("what?")["action"], "unknown")
        self.refused(self.guest.post("/intents/parse", {"text": ""}), 422, "validation_failed")


class WithoutPrices(HubTest):
    @classmethod
    def push_prices(cls, **prices):
        super().push_prices(BTC="60000")

    def test_no_price_is_told_before_anything_is_sequenced(self):
        taker = self.agent()
        before = self.ok(self.guest.get("/intents/stats"))
        body = self.refused(self.intend(taker, asset="SOL"), 503, "price_unavailable")
        self.assertIn("Price feed unavailable for SOL-PERP", body["detail"])
        self.assertEqual(self.ok(self.guest.get("/intents/stats")), before)
        self.refused(self.guest.get("/prices/SOL"), 503, "price_unavailable")
        self.assertEqual(list(self.ok(self.guest.get("/prices"))["prices"]), ["BTC"])

    def test_a_halted_market_is_told_before_anything_is_sequenced(self):
        taker = self.agent()
        mode = "/api/v1/operator/markets/BTC-PERP/mode"
        self.ok(self.operator.post(mode, {"mode": "halted"}))
        self.refused(self.intend(taker), 503, "market_halted")
        self.ok(self.operator.post(mode, {"mode": "open"}))
        self.refused(self.intend(taker), 422, "no_liquidity")


class Positions(TradingTest):
    def open_long(self, **fields):
        taker = self.agent()
        self.offer()
        return taker, self.ok(self.intend(taker, **fields))["position"]

    def test_stop_and_take_profit_are_moved_apart(self):
        taker, position = self.open_long()
        path = f"/positions/{position['position_id']}"
        moved = self.ok(taker.post(path + "/stop-loss", {"price": 1, "stop_loss_price": 59000}))
        self.assertEqual((moved["position"]["stop_loss"], moved["position"]["take_profit"]),
                         (59000.0, 72000.0))
        for price in ("61000", "62000"):
            moved = self.ok(taker.post(path + "/take-profit", {"price": price}))
            self.assertEqual((moved["position"]["stop_loss"], moved["position"]["take_profit"]),
                             (59000.0, float(price)))
        self.refused(taker.post(path + "/stop-loss", {"price": 60001}), 400, "trigger_wrong_side")
        self.refused(taker.post(path + "/stop-loss", {"price": 0}), 422, "validation_failed")
        self.refused(taker.post(path + "/stop-loss"), 422, "validation_failed")
        self.assertEqual(self.position(taker)["stop_loss"], 59000.0)
        other = self.agent()
        body = self.refused(other.post(path + "/stop-loss", {"price": 0}), 403, "forbidden")
        self.assertIn("don't own", body["detail"])
        self.refused(taker.post("/positions/pos_000000ffffff/stop-loss"), 404, "not_found")

    def test_a_stop_closes_and_tells(self):
        taker, position = self.open_long()
        self.ok(taker.post(f"/positions/{position['position_id']}/stop-loss", {"price": 59800}))
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.offer(side="buy", price="59700")
        self.push_prices(BTC="59750")
        rows = self.ok(taker.get(f"/positions/{taker.agent_id}?include_closed=TRUE"))["positions"]
        closed = rows[0]
        self.assertEqual(closed["position_id"], position["position_id"])
        self.assertIs(closed["is_open"], False)
        self.assertEqual((closed["close_reason"], closed["close_price"]), ("stop_loss", 59700.0))
        self.assertAlmostEqual(closed["realized_pnl"], -4.9998)
        self.assertEqual(closed["size_usdc"], 999.96)
        alerts = self.ok(taker.get(f"/alerts/{taker.agent_id}"))["alerts"]
        self.assertEqual([row["type"] for row in alerts], ["stop_loss_triggered"])
        path = f"/alerts/{alerts[0]['alert_id']}/ack"
        self.refused(self.agent().post(path), 403, "forbidden")
        self.ok(taker.post(path))
        self.ok(taker.post(path))
        self.assertEqual(self.ok(taker.get(f"/alerts/{taker.agent_id}"))["alerts"], [])
        self.refused(taker.post("/alerts/alert_00000001/ack"), 404, "not_found")

    def test_a_stop_fires_over_an_own_intent(self):
        taker, position = self.open_long()
        self.ok(taker.post(f"/positions/{position['position_id']}/stop-loss", {"price": 59800}))
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.ok(self.intend(taker, limit_price=59745))
        self.offer(side="buy", price="59740")
        self.push_prices(BTC="59750")
        rows = self.ok(taker.get(f"/positions/{taker.agent_id}?include_closed=1"))["positions"]
        self.assertEqual([(row["is_open"], row["close_price"]) for row in rows],
                         [(False, 59740.0)])
        self.assertEqual(self.ok(self.guest.get("/intents"))["intents"], [])

    def test_closing(self):
        taker, position = self.open_long()
        path = f"/positions/{position['position_id']}/close"
        self.refused(taker.post(path), 422, "no_liquidity")
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.quote(self.maker, "buy", "60060", "0.016666", reduce_only=True)
        body = self.ok(taker.post(path))
        self.assertEqual(body["result"], {"entry_price": 60000.0, "exit_price": 60060.0,
                                          "realized_pnl": 0.99996, "size_usdc": 999.96})
        self.assertEqual((body["close_price"], body["pnl"]), (60060.0, 0.99996))
        self.assertEqual(body["position"]["close_reason"], "manual")
        self.refused(taker.post(path), 400, "position_closed")
        pnl = self.ok(self.guest.get(f"/pnl/{taker.agent_id}"))
        self.assertEqual((pnl["realized_pnl"], pnl["position_count"], pnl["win_rate"]),
                         (0.99996, 0, 1.0))
        self.assertEqual(pnl["history"][0]["asset"], "BTC-PERP")
        portfolio = self.ok(taker.get(f"/portfolio/{taker.agent_id}"))
        self.assertEqual((portfolio["open_positions"], portfolio["daily_pnl"]), (0, 0.99996))
        agent = self.ok(self.guest.get(f"/agents/{taker.agent_id}"))
        self.assertEqual((agent["total_trades"], agent["pnl"], agent["open_position_count"]),
                         (2, 0.99996, 0))

    def test_an_own_intent_in_the_way_does_not_keep_a_position_open(self):
        taker, position = self.open_long()
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        resting = self.ok(self.intend(taker, limit_price=59900))["intent"]
        self.offer(side="buy", price="59800")
        body = self.ok(taker.post(f"/positions/{position['position_id']}/close"))
        self.assertEqual((body["close_price"], body["position"]["is_open"]), (59800.0, False))
        shown = self.ok(self.guest.get(f"/intents/{resting['intent_id']}"))
        self.assertEqual(shown["status"], "expired")

    def test_health_and_the_views_of_a_position(self):
        taker, position = self.open_long()
        path = f"/positions/{position['position_id']}/health"
        health = self.ok(taker.get(path))
        self.assertEqual((health["health_ratio"], health["health_status"]), (1.0, "safe"))
        self.assertEqual(health["distance_to_liquidation"], "-17.94%")
        self.assertIs(health["will_liquidate"], False)
        self.push_prices(BTC="60600")
        shown = self.position(taker)
        self.assertEqual((shown["current_price"], shown["unrealized_pnl"]), (60600.0, 9.9996))
        self.assertEqual(shown["unrealized_pnl_pct"], 5.0)
        portfolio = self.ok(taker.get(f"/portfolio/{taker.agent_id}"))
        self.assertEqual((portfolio["total_size"], portfolio["total_margin"]), (999.96, 199.992))
        self.assertEqual(portfolio["positions"], [shown])
        pnl = self.ok(self.guest.get(f"/pnl/{taker.agent_id}"))
        self.assertEqual((pnl["total_unrealized_pnl"], pnl["average_leverage"]), (9.9996, 5.0))
        self.assertTrue(pnl["positions"][0]["match_id"].startswith("match_"))
        self.refused(self.guest.get(path), 401, "authentication_required")
        self.refused(self.agent().get(f"/portfolio/{taker.agent_id}"), 403, "forbidden")

    def test_a_liquidation_is_told_to_all(self):
        taker, position = self.open_long(leverage=20)
        path = f"/positions/{position['position_id']}"
        self.ok(taker.post(path + "/stop-loss", {"price": 50000}))
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.offer(side="buy", price="57600")
        for price in ("59400", "58806", "58300", "58000"):
            self.push_prices(BTC=price)
        listed = until(lambda: [row for row in self.ok(self.guest.get("/liquidations"))["recent"]
                                if row["agent_id"] == taker.agent_id], "a liquidation")
        row = listed[0]
        self.assertTrue(row["liquidation_id"].startswith("liq_"))
        self.assertEqual((row["side"], row["status"], row["entry_price"]),
                         ("long", "executed", 60000.0))
        self.assertLess(row["pnl"], 0)
        self.assertEqual(row["position_id"], position["position_id"])
        self.settle_prices()
        self.ok(taker.post("/deposit", {"agent_id": taker.agent_id, "amount": 1_000}))
        self.offer()
        self.ok(self.intend(taker))  # the next position takes nothing from what was
        again = [row for row in self.ok(self.guest.get("/liquidations"))["recent"]
                 if row["agent_id"] == taker.agent_id]
        self.assertEqual(again, listed)
        stats = self.ok(self.guest.get("/liquidations/stats"))
        self.assertGreaterEqual(stats["executed"], 1)
        self.assertEqual((stats["fee_rate"], stats["maintenance_margin"]), ("0.5%", "2.5%"))
        types = {row["type"] for row in self.ok(taker.get(f"/alerts/{taker.agent_id}"))["alerts"]}
        self.assertEqual(types, {"liquidation_warning"})

    def test_risk_is_a_score_of_shares(self):
        taker, _ = self.open_long()
        self.ok(taker.post(f"/risk/{taker.agent_id}/limits",
                           {"max_total_exposure": 2000, "max_leverage": 10}))
        risk = self.ok(taker.get(f"/risk/{taker.agent_id}"))
        self.assertEqual(risk["breakdown"]["leverage"], 50.0)
        self.assertAlmostEqual(risk["breakdown"]["exposure"], 49.99, delta=0.02)
        self.assertEqual(risk["level"], "low")
        path = f"/risk/{taker.agent_id}/limits"
        self.refused(taker.post(path, {"max_leverage": 0}), 422, "validation_failed")
        self.refused(self.agent().post(path, {"max_leverage": 0}), 403, "forbidden")


class FirstRiskLimits(HubTest):
    settings = {"risk_position_max": 5_000, "risk_exposure_max": 0, "risk_daily_loss_max": 300,
                "risk_leverage_max": 7}

    def limits(self):
        agent = self.agent(fund=0)
        limits = self.ok(agent.get(f"/risk/{agent.agent_id}/limits"))
        return [limits[name] for name in ("max_position_size", "max_total_exposure",
                                          "max_daily_loss", "max_leverage", "is_enabled")]

    def test_an_agent_begins_with_those_of_the_first_start(self):
        first = [5000.0, 0.0, 300.0, 7, True]
        self.assertEqual(self.limits(), first)
        self.exchange.stop()
        self.exchange.settings.update(risk_position_max=1, risk_exposure_max=2,
                                      risk_daily_loss_max=3, risk_leverage_max=4)
        code, replayed = self.exchange.tool("journal", "state-hash")
        self.assertEqual((code, replayed.splitlines()[-1]), (0, "equal"), replayed)
        self.exchange.start()
        self.assertEqual(self.limits(), first)

    def test_they_hold(self):
        self.refused(self.intend(self.agent(), leverage=8), 422, "limit_exceeded")


class NoRiskLimits(HubTest):
    settings = {name: 0 for name in FirstRiskLimits.settings}

    def test_zero_is_none(self):
        agent = self.agent(fund=0)
        self.assertFalse(self.ok(agent.get(f"/risk/{agent.agent_id}/limits"))["is_enabled"])


class MarketData(TradingTest):
    def test_prices(self):
        body = self.ok(self.guest.get("/prices"))
        self.assertLessEqual({"BTC", "ETH", "SOL"}, set(body["prices"]))
        self.assertEqual(set(body["prices"]["BTC"]), PRICE_FIELDS)
        self.assertRegex(body["last_update"], TIME)
        for name in ("BTC", "btc-perp", "Btc"):
            self.assertEqual(self.ok(self.guest.get(f"/prices/{name}"))["price"], 60000.0)
        body = self.refused(self.guest.get("/prices/XYZ"), 404, "not_found")
        self.assertEqual(body["detail"], "Asset not found")

    def test_candles(self):
        taker = self.agent()
        self.offer()
        self.ok(self.intend(taker))
        body = self.ok(self.guest.get("/candles/btc?interval=1m&limit=5"))
        self.assertEqual((body["asset"], body["interval"]), ("BTC-PERP", "1m"))
        self.assertEqual(body["count"], len(body["candles"]))
        last = body["candles"][-1]
        self.assertEqual(set(last), {"timestamp", "open", "high", "low", "close", "volume"})
        self.assertEqual(last["close"], 60000.0)
        self.refused(self.guest.get("/candles/XYZ"), 400, "bad_request")
        self.refused(self.guest.get("/candles/BTC?interval=2m"), 422, "validation_failed")
        self.refused(self.guest.get("/candles/BTC?limit=501"), 422, "validation_failed")

    def test_leaderboards_put_winners_first(self):
        winner, loser = self.agent(), self.agent(100_000)
        self.quote(loser, "sell", "60000", "0.016666")
        position = self.ok(self.intend(winner))["position"]
        self.quote(loser, "buy", "60060", "0.016666", reduce_only=True)
        self.ok(winner.post(f"/positions/{position['position_id']}/close"))

        def ranks(path):
            rows = self.ok(self.guest.get(path + "?limit=200"))["leaderboard"]
            ids = [row["agent_id"] for row in rows]
            wanted = [ids.index(agent.agent_id) if agent.agent_id in ids else None
                      for agent in (winner, loser)]
            return wanted if None not in wanted and wanted[0] < wanted[1] else None

        until(lambda: ranks("/leaderboard"), "the winner before the loser")
        until(lambda: ranks("/pnl-leaderboard"), "the winner before the loser")
        row = self.ok(self.guest.get("/leaderboard"))["leaderboard"][0]
        self.assertEqual(set(row), AGENT_FIELDS)
        self.refused(self.guest.get("/leaderboard?limit=201"), 422, "validation_failed")

    def test_thoughts(self):
        taker = self.agent()
        self.offer(size="0.5")
        for n in range(7):
            self.ok(self.intend(taker, size_usdc=60, reason=f"<b>{n}</b>"))
        own = self.ok(self.guest.get(f"/agents/{taker.agent_id}/thoughts?limit=3"))
        self.assertEqual([row["reason"] for row in own["thoughts"]],
                         ["<b>4</b>", "<b>5</b>", "<b>6</b>"])
        self.assertEqual(own["thoughts"][0]["action"], "LONG BTC-PERP")
        feed = self.ok(self.guest.get("/thoughts/feed"))["thoughts"]
        mine = [row["reason"] for row in feed if row["agent_id"] == taker.agent_id]
        self.assertEqual(mine, [f"<b>{n}</b>" for n in (6, 5, 4, 3, 2)])
        self.refused(self.guest.get("/agents/agent_9999/thoughts"), 404, "not_found")

    def test_funding(self):
        body = self.ok(self.guest.get("/funding/btc"))
        self.assertEqual(body["asset"], "BTC-PERP")
        self.assertRegex(body["rate_pct"], r"^-?\d+\.\d{4}%$")
        self.assertRegex(body["next_settlement"], r":00:00\.000000\+00:00$")
        self.assertEqual(self.ok(self.guest.get("/funding/BTC-PERP/history"))["asset"], "BTC-PERP")
        self.refused(self.guest.get("/funding/XYZ"), 404, "not_found")
        taker = self.agent()
        self.offer()
        self.ok(self.intend(taker))
        predicted = self.ok(self.guest.get(f"/funding/predict/{taker.agent_id}"))
        self.assertEqual(predicted["positions"][0]["asset"], "BTC-PERP")
        self.assertEqual(self.ok(self.guest.get(f"/funding/payments/{taker.agent_id}"))["payments"],
                         [])


class Restart(TradingTest):
    def test_everything_is_there_after_a_kill(self):
        taker = self.agent()
        self.offer()
        self.ok(self.intend(taker, reason="before"))
        resting = self.ok(self.intend(taker, limit_price=59000))["intent"]
        position = self.position(taker)
        self.ok(taker.post(f"/positions/{position['position_id']}/stop-loss", {"price": 58000}))
        paths = ["/stats", "/fees", "/intents/stats", "/matches", f"/pnl/{taker.agent_id}",
                 f"/positions/{taker.agent_id}", f"/agents/{taker.agent_id}/thoughts",
                 f"/fees/{taker.agent_id}", f"/intents/{resting['intent_id']}",
                 "/intents?status=matched"]
        before = {path: self.ok(taker.get(path)) for path in paths}
        self.exchange.kill()
        self.exchange.start()
        for client in (taker, self.guest, self.operator, self.maker, self.buyer):
            client.close()  # it connects again with its next request
        for path in paths:
            self.assertEqual(self.ok(taker.get(path)), before[path], path)


if __name__ == "__main__":
    unittest.main()
