"""Positions with isolated margin, settings per market, and intents. One market, mark 60000."""
import time
import unittest
from decimal import Decimal

from api_case import ApiTest, order

POSITIONS = "/api/v1/positions"
BTC = f"{POSITIONS}/BTC-PERP"
INTENTS = "/api/v1/intents"


def decimals(row, *names):
    return tuple(Decimal(row[name]) for name in names)


class Positions(ApiTest):
    def position(self, agent):
        return self.ok(agent.get(BTC))

    def test_a_position_is_valued_at_the_mark(self):
        buyer, seller = self.agent("10000"), self.agent("10000")
        self.ok(buyer.put(f"{BTC}/leverage", {"leverage": 10}))
        self.trade(buyer, seller, "0.1", "60500")
        long, short = self.position(buyer), self.position(seller)
        self.assertEqual((long["side"], long["size"], long["entry_price"]),
                         ("long", "0.1", "60500"))
        self.assertEqual((short["side"], short["leverage"], short["leverage_setting"]),
                         ("short", "1", 1))
        self.ok(buyer.put(f"{BTC}/leverage", {"leverage": 20}))
        after = self.position(buyer)
        self.assertEqual((after["leverage"], after["leverage_setting"]), ("10", 20))
        self.ok(buyer.put(f"{BTC}/leverage", {"leverage": 10}))
        self.assertEqual(decimals(long, "notional", "margin", "unrealised_pnl"),
                         (Decimal(6000), Decimal(605), Decimal(-50)))
        self.assertEqual(Decimal(short["unrealised_pnl"]), Decimal(50))
        self.assertTrue(54000 < Decimal(long["liquidation_price"]) < 60000, long)
        self.assertGreater(Decimal(long["liquidation_price"]), Decimal(long["bankruptcy_price"]))
        account = self.ok(buyer.get("/api/v1/account"))
        self.assertEqual(Decimal(account["equity"]), Decimal(account["collateral"]) - 50)
        listed = self.ok(buyer.get(POSITIONS))["items"]
        self.assertEqual(listed, [long])
        self.assertEqual(self.ok(self.agent().get(POSITIONS))["items"], [])

    def test_closing_realises_the_profit_to_the_micro(self):
        buyer, seller = self.agent("10000"), self.agent("10000")
        self.trade(buyer, seller, "0.1", "60000")
        self.place(seller, "buy", "0.1", "60100", reduce_only=True)
        closed = self.ok(buyer.post(f"{BTC}/close"))
        self.assertEqual((closed["status"], closed["filled"], closed["average_price"]),
                         ("filled", "0.1", "60100"))
        position = self.position(buyer)
        self.assertEqual((position["side"], position["realised_pnl"]), (None, "10"))
        self.assertEqual((position["size"], position["margin"]), ("0", "0"))
        # 10,000 + 10 - fees of 5 bps on 6,000 and 6,010
        self.assertEqual(self.ok(buyer.get("/api/v1/account"))["free"], "10003.995")
        # the seller was maker on both sides: -10 and 2 bps
        self.assertEqual(self.ok(seller.get("/api/v1/account"))["free"], "9987.598")
        self.refused(buyer.post(f"{BTC}/close"), "no_position", "market")

    def test_a_close_has_a_slippage_bound(self):
        buyer, seller = self.agent("10000"), self.agent("10000")
        self.trade(buyer, seller, "0.1", "60000")
        self.refused(buyer.post(f"{BTC}/close", {"max_slippage": "0.5"}), "invalid_slippage")
        self.place(seller, "buy", "0.1", "59000", reduce_only=True)
        missed = self.ok(buyer.post(f"{BTC}/close", {"max_slippage": "0.001"}))
        self.assertEqual((missed["status"], missed["filled"]), ("cancelled", "0"))
        self.assertEqual(self.position(buyer)["size"], "0.1")
        self.ok(buyer.post(f"{BTC}/close", {"max_slippage": "0.05"}))
        self.assertIsNone(self.position(buyer)["side"])

    def test_reduce_only_never_turns_a_position_around(self):
        buyer, seller = self.agent("50000"), self.agent("50000")
        self.trade(buyer, seller, "0.1", "60000")
        self.place(seller, "buy", "0.3", "60000", reduce_only=True)
        sold = self.place(buyer, "sell", "0.3", "60000", reduce_only=True, time_in_force="ioc")
        self.assertEqual(sold["filled"], "0.1")
        self.assertEqual([self.position(a)["side"] for a in (buyer, seller)], [None, None])
        self.assertEqual(self.ok(seller.get("/api/v1/orders"))["items"], [])

    def test_the_other_side_needs_netting(self):
        buyer, seller = self.agent("50000"), self.agent("50000")
        self.trade(buyer, seller, "0.1", "60000")
        self.place(seller, "buy", "0.25", "60000", reduce_only=True)
        other = self.agent("50000")
        self.place(other, "buy", "0.15", "59900")
        body = order("sell", "0.25", "59900", time_in_force="ioc")
        error = self.refused(buyer.post("/api/v1/orders", body), "conflicting_position", "side")
        self.assertEqual(error["position_size"], "0.1")
        self.assertTrue(self.ok(buyer.put(f"{BTC}/netting", {"netting": True}))["netting"])
        self.assertEqual(self.ok(buyer.post("/api/v1/orders", body))["filled"], "0.25")
        flipped = self.position(buyer)
        self.assertEqual((flipped["side"], flipped["size"]), ("short", "0.15"))
        self.place(buyer, "buy", "0.1", "50000")
        self.refused(buyer.put(f"{BTC}/netting", {"netting": False}), "conflicting_position")

    def test_leverage_is_a_setting_of_the_market(self):
        agent = self.agent("1000")
        self.assertEqual(self.ok(agent.put(f"{BTC}/leverage", {"leverage": 20}))["leverage"], 20)
        shown = self.position(agent)
        self.assertEqual((shown["leverage"], shown["leverage_setting"]), (None, 20))
        self.assertEqual(self.ok(agent.get(f"{POSITIONS}/ETH-PERP"))["leverage_setting"], 1)
        error = self.refused(agent.put(f"{BTC}/leverage", {"leverage": 21}), "leverage_too_high")
        self.assertEqual((error["given"], error["allowed"]), ("21", "20"))
        for leverage in (0, 101, "5", 2.5):
            self.refused(agent.put(f"{BTC}/leverage", {"leverage": leverage}), "invalid_field")

    def test_collateral_is_conserved(self):
        agents = [self.agent("5000") for _ in range(4)]
        buyer, seller, second, third = agents
        self.trade(buyer, seller, "0.05", "60100")
        self.trade(second, third, "0.03", "59900")
        self.place(second, "sell", "0.03", "60050", reduce_only=True)
        self.place(seller, "buy", "0.03", "60050", reduce_only=True)
        accounts = [self.ok(a.get("/api/v1/account")) for a in agents]
        fees = sum(Decimal(f["fee"]) for a in agents
                   for f in self.ok(a.get("/api/v1/fills"))["items"])
        self.assertEqual(sum(Decimal(a["equity"]) for a in accounts) + fees, Decimal(20000))


class Intents(ApiTest):
    def intent(self, agent, **fields):
        body = {"market": "BTC-PERP", "direction": "long", "size_usdc": "600", **fields}
        return self.ok(agent.post(INTENTS, body))

    def test_an_intent_becomes_a_position_and_keeps_its_reason(self):
        maker, agent = self.agent(), self.agent("1000")
        self.place(maker, "sell", "1", "60000")
        placed = self.intent(agent, leverage=5, reason="Momentum — ½ size", client_id="one")
        self.assertEqual((placed["status"], placed["filled"]), ("filled", "0.01"))
        shown = self.ok(agent.get(f"{INTENTS}/{placed['intent_id']}"))
        self.assertEqual((shown["reason"], shown["direction"], shown["size_usdc"],
                          shown["leverage"], shown["limit_price"], shown["agent_id"]),
                         ("Momentum — ½ size", "long", "600", 5, None, agent.agent_id))
        position = self.ok(agent.get(BTC))
        self.assertEqual((position["side"], position["size"], position["margin"]),
                         ("long", "0.01", "120"))

    def test_a_limit_intent_rests_and_can_be_cancelled(self):
        agent = self.agent()
        expires_at = int(time.time() * 1000) + 3_600_000
        placed = self.intent(agent, direction="short", limit_price="61000", expires_at=expires_at)
        self.assertEqual(placed["status"], "open")
        listed = self.ok(agent.get(f"{INTENTS}?status=open"))["items"]
        self.assertEqual([i["intent_id"] for i in listed], [placed["intent_id"]])
        self.assertEqual((listed[0]["expires_at"], listed[0]["limit_price"]),
                         (expires_at, "61000"))
        path = f"{INTENTS}/{placed['intent_id']}"
        self.refused(self.agent().delete(path), "order_not_found", "intent_id")
        self.ok(agent.delete(path))
        self.refused(agent.delete(path), "order_not_found", "intent_id")
        self.assertEqual(self.ok(agent.get(path))["status"], "cancelled")
        self.assertEqual(self.ok(agent.get(f"{INTENTS}?status=open"))["items"], [])

    def test_lists_of_intents_hold_no_plain_orders(self):
        agent = self.agent()
        ids = [self.intent(agent, limit_price=str(50_000 + n))["intent_id"] for n in range(5)]
        plain = self.place(agent)["order_id"]
        shown = [i["intent_id"] for i in self.all_pages(agent, INTENTS)]
        self.assertEqual(shown, ids[::-1])
        self.refused(agent.get(f"{INTENTS}/{plain}"), "order_not_found", "intent_id")
        self.refused(agent.delete(f"{INTENTS}/{plain}"), "order_not_found", "intent_id")
        self.ok(agent.delete(f"/api/v1/orders/{plain}"))

    def test_fields_that_do_not_fit_are_named(self):
        agent = self.agent()
        body = {"market": "BTC-PERP", "direction": "long", "size_usdc": "600"}
        for field, fields in (
                ("direction", {"direction": "up"}), ("size_usdc", {"size_usdc": 600}),
                ("reason", {"reason": "x" * 8001}), ("limit_price", {"limit_price": "0.5"}),
                ("max_slippage", {"limit_price": "60000", "max_slippage": "0.01"}),
                ("max_slippage", {"max_slippage": "0"})):
            self.refused(agent.post(INTENTS, {**body, **fields}), "invalid_field", field)


if __name__ == "__main__":
    unittest.main()
