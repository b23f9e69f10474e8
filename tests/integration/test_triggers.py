"""Triggers, brackets, protection of positions, and the life of an intent. The operator moves the
mark; steps stay below 1 %, so that no clamp gets in the way."""
import unittest
from decimal import Decimal

from api_case import ApiTest, order, until

TRIGGERS, INTENTS, ORDERS = "/api/v1/triggers", "/api/v1/intents", "/api/v1/orders"
BTC = "/api/v1/positions/BTC-PERP"
MODE = "/api/v1/operator/markets/BTC-PERP/mode"
ENTRY = {"reduce_only": False, "side": "buy", "size": "0.5"}
FRESH_PRICES = 3  # that open a market again


def trigger(**fields):
    return {"market": "BTC-PERP", **fields}


class TriggerTest(ApiTest):
    def setUp(self):
        for _ in range(FRESH_PRICES):
            self.exchange.push_prices()
        until(self.is_home, "the mark is back from where a test before left it")

    def is_home(self):
        self.exchange.push_prices()
        return self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))["mark_price"] == "60000"

    def long(self, size="1"):
        """(an agent long `size` at 60000 with leverage 5, a market maker)"""
        owner, maker = self.agent(), self.agent("10000000")
        self.ok(owner.put(f"{BTC}/leverage", {"leverage": 5}))
        self.trade(owner, maker, size, "60000")
        return owner, maker

    def set(self, agent, **fields):
        return self.ok(agent.post(TRIGGERS, trigger(**fields)))

    def shown(self, agent, trigger_id):
        return self.ok(agent.get(f"{TRIGGERS}/{trigger_id}"))

    def live(self, agent):
        return self.ok(agent.get(TRIGGERS))["items"]

    def mark(self, price):
        self.exchange.push_prices(BTC=str(price))

    def bid(self, maker, price, size="1"):
        return self.place(maker, "buy", size, price, reduce_only=True)


class Protective(TriggerTest):
    def test_a_stop_fires_and_closes_its_partner(self):
        owner, maker = self.long()
        placed = self.set(owner, stop="59700", take_profit="60400")
        self.assertEqual((placed["stop"], placed["take_profit"]), ("59700", "60400"))
        self.assertEqual(len(self.live(owner)), 2)
        self.bid(maker, "59600")
        self.mark(59700)
        stop = self.shown(owner, placed["trigger_id"])
        self.assertEqual((stop["status"], stop["close_reason"]), ("closed", "triggered"))
        self.assertEqual(self.shown(owner, placed["partner_id"])["close_reason"], "other_fired")
        self.assertIsNone(self.ok(owner.get(BTC))["side"])
        sent = self.ok(owner.get(f"{ORDERS}/{stop['order_id']}"))
        self.assertEqual((sent["side"], sent["status"], sent["reduce_only"]),
                         ("sell", "filled", True))
        history = self.all_pages(owner, f"{TRIGGERS}/history", limit=1)
        self.assertEqual([t["trigger_id"] for t in history],
                         [placed["trigger_id"], placed["partner_id"]])
        self.assertEqual(history[0], stop)
        self.assertEqual(self.live(owner), [])

    def test_a_trailing_stop_follows_and_fires(self):
        owner, maker = self.long()
        placed = self.set(owner, trail="300")
        self.mark(60500)
        self.assertEqual(self.shown(owner, placed["trigger_id"])["trigger_price"], "60200")
        self.mark(60300)
        self.assertEqual(self.shown(owner, placed["trigger_id"])["trigger_price"], "60200")
        self.bid(maker, "60100")
        self.mark(60200)
        self.assertEqual(self.shown(owner, placed["trigger_id"])["close_reason"], "triggered")
        self.assertEqual(self.ok(owner.get("/api/v1/fills"))["items"][0]["price"], "60100")

    def test_a_stop_limit_of_a_part_rests_at_its_limit(self):
        owner, _ = self.long()
        self.set(owner, stop="59800", stop_limit="59900", size="0.25", max_slippage="0.01")
        self.mark(59800)
        resting = self.ok(owner.get(ORDERS))["items"]
        self.assertEqual([(o["price"], o["remaining"]) for o in resting], [("59900", "0.25")])

    def test_a_market_trigger_without_a_book_stays_until_it_is_done(self):
        owner, maker = self.long()
        placed = self.set(owner, stop="59700")
        self.mark(59700)
        self.assertEqual(self.shown(owner, placed["trigger_id"])["status"], "fired")
        self.bid(maker, "59600")
        self.mark(59690)
        self.assertIsNone(self.ok(owner.get(BTC))["side"])
        self.assertEqual(self.live(owner), [])

    def test_a_replacement_and_a_closed_position_end_what_was_there(self):
        owner, maker = self.long()
        first = self.set(owner, stop="59000")["trigger_id"]
        self.set(owner, stop="59100", replace=True)
        self.assertEqual(self.shown(owner, first)["close_reason"], "replaced")
        second = self.ok(owner.put(f"{BTC}/protection", {"stop_loss": "59200",
                                                         "take_profit": "61000"}))
        self.assertEqual([t["size"] for t in self.live(owner)], [None, None])
        trail = self.ok(owner.put(f"{BTC}/protection", {"trail": "500"}))
        self.assertEqual(self.shown(owner, second["trigger_id"])["close_reason"], "replaced")
        self.bid(maker, "59990")
        self.ok(owner.post(f"{BTC}/close"))
        self.assertEqual(self.shown(owner, trail["trigger_id"])["close_reason"],
                         "position_closed")

    def test_a_trigger_is_cancelled_once_and_only_by_its_owner(self):
        owner, other = self.long()
        placed = self.set(owner, stop="59000")["trigger_id"]
        path = f"{TRIGGERS}/{placed}"
        self.refused(other.delete(path), "order_not_found", "trigger_id")
        self.refused(other.get(path), "order_not_found", "trigger_id")
        self.assertEqual(self.ok(owner.delete(path))["close_reason"], "cancelled")
        self.refused(owner.delete(path), "order_not_found", "trigger_id")
        self.assertEqual(self.ok(owner.get(path))["close_reason"], "cancelled")
        self.refused(owner.get(f"{TRIGGERS}/7"), "order_not_found", "trigger_id")
        by_name = self.set(owner, stop="59000")["trigger_id"]
        batch = self.ok(owner.post(f"{ORDERS}/cancel", {"order_ids": [by_name]}))
        self.assertEqual(batch["results"][0]["status"], "cancelled")

    def test_scopes_of_cancel_all(self):
        owner, _ = self.long()
        self.set(owner, stop="59000")
        self.place(owner, "buy", "0.01", "59000")
        self.set(owner, **ENTRY, stop="61000")

        def cancel(**fields):
            return self.ok(owner.post(f"{ORDERS}/cancel-all", fields))["cancelled_orders"]
        self.assertEqual(cancel(market="BTC-PERP"), 2)
        self.place(owner, "buy", "0.01", "59000")
        self.assertEqual(cancel(scope="triggers"), 1)
        self.set(owner, stop="59000")
        self.assertEqual(cancel(scope="everything"), 2)
        self.refused(owner.post(f"{ORDERS}/cancel-all", {"scope": "all"}), "invalid_field",
                     "scope")


class Entries(TriggerTest):
    def test_an_entry_reserves_and_trades_when_the_mark_comes(self):
        agent, maker = self.agent(), self.agent()
        placed = self.set(agent, **ENTRY, stop="60300", leverage=5)
        shown = self.shown(agent, placed["trigger_id"])
        self.assertEqual((shown["reduce_only"], shown["side"], shown["size"], shown["leverage"]),
                         (False, "buy", "0.5", 5))
        self.assertEqual(self.ok(agent.get("/api/v1/account"))["reserved"], shown["reserved"])
        self.place(maker, "sell", "1", "60310")
        self.mark(60300)
        self.assertEqual(self.ok(agent.get(BTC))["size"], "0.5")
        self.assertEqual(self.shown(agent, placed["trigger_id"])["close_reason"], "triggered")

    def test_an_entry_whose_order_is_refused_says_with_what(self):
        agent, maker = self.agent(), self.agent()
        placed = self.set(agent, **ENTRY, take_profit="59700")["trigger_id"]
        self.trade(maker, agent, "0.01", "60000")  # short: an order to buy would conflict
        self.mark(59700)
        shown = self.shown(agent, placed)
        self.assertEqual((shown["close_reason"], shown["refusal"]),
                         ("refused", "conflicting_position"))
        self.assertEqual(shown["closed_at_mark"], "59700")


class Refusals(TriggerTest):
    def test_every_refusal_of_a_trigger_names_its_field_and_numbers(self):
        owner, _ = self.long()
        cases = [
            ({}, "missing_field", "stop"),
            ({"stop": "59000", "trail": "1"}, "invalid_field", "trail"),
            ({"stop": "59000", "side": "buy"}, "invalid_field", "side"),
            ({"stop": "59000.5"}, "invalid_field", "stop"),
            ({"stop": "59000", "size": "0"}, "invalid_quantity", "size"),
            ({"stop": "59000", "max_slippage": "0.9"}, "invalid_slippage", "max_slippage"),
            ({"trail": "70000"}, "price_out_of_band", "trail"),
            ({"stop": "60001"}, "trigger_wrong_side", "stop"),
            ({"take_profit": "59999"}, "trigger_wrong_side", "take_profit"),
            ({"stop": "59000", "size": "90000000000"}, "size_too_large", "size"),
            ({**ENTRY, "stop": "59000"}, "trigger_wrong_side", "stop"),
            ({**ENTRY, "stop": "61000", "leverage": 100}, "leverage_too_high", "leverage"),
            ({**ENTRY, "stop": "61000", "size": "0.00001"}, "size_too_small", "size"),
            ({**ENTRY, "stop": "61000", "size": "900"}, "insufficient_margin", "size"),
            ({**ENTRY, "trail": "100"}, "invalid_field", "trail"),
        ]
        for fields, code, field in cases:
            with self.subTest(fields=fields):
                self.refused(owner.post(TRIGGERS, trigger(**fields)), code, field)
        error = owner.post(TRIGGERS, trigger(stop="60001")).body
        self.assertEqual((error["trigger_price"], error["reference_price"]), ("60001", "60000"))
        self.refused(self.agent().post(TRIGGERS, trigger(stop="59000")), "no_position", "market")
        self.assertEqual(self.live(owner), [])

    def test_every_refusal_of_a_protection(self):
        owner, _ = self.long()
        cases = [({}, "missing_field", "stop_loss"),
                 ({"stop_loss": "60001"}, "trigger_wrong_side", "stop_loss"),
                 ({"trail": "70000"}, "price_out_of_band", "trail"),
                 ({"trail": "100", "max_slippage": "0.9"}, "invalid_slippage", "max_slippage")]
        for body, code, field in cases:
            self.refused(owner.put(f"{BTC}/protection", body), code, field)
        self.refused(self.agent().put(f"{BTC}/protection", {"trail": "100"}), "no_position")

    def test_the_hundred_and_first_trigger_of_a_market_is_refused(self):
        owner, _ = self.long()
        for _ in range(100):
            self.set(owner, stop="59000", size="0.01")
        error = self.refused(owner.post(TRIGGERS, trigger(stop="59000")), "too_many_triggers",
                             "market")
        self.assertEqual((error["triggers"], error["maximum"]), ("100", "100"))
        self.assertEqual(len(self.all_pages(owner, TRIGGERS, limit=30)), 100)
        self.ok(owner.post(f"{ORDERS}/cancel-all", {"scope": "triggers"}))

    def test_a_closed_market_takes_no_triggers_but_cancels(self):
        owner, _ = self.long()
        placed = self.set(owner, stop="59000")["trigger_id"]
        self.ok(self.operator.post(MODE, {"mode": "cancel_only"}))
        try:
            self.refused(owner.post(TRIGGERS, trigger(stop="59000")), "market_closed", "market")
            self.refused(owner.put(f"{BTC}/protection", {"trail": "100"}), "market_closed")
            self.ok(owner.delete(f"{TRIGGERS}/{placed}"))
        finally:
            self.ok(self.operator.post(MODE, {"mode": "open"}))


class WithoutPrice(ApiTest):
    has_prices = False

    def test_a_market_without_a_mark_takes_no_triggers(self):
        agent = self.agent()
        self.refused(agent.post(TRIGGERS, trigger(stop="59000")), "price_unavailable")
        self.refused(agent.put(f"{BTC}/protection", {"trail": "100"}), "price_unavailable")


class Brackets(TriggerTest):
    def test_a_bracket_is_armed_by_the_first_fill_and_closes_the_position(self):
        owner, maker = self.agent(), self.agent("10000000")
        placed = self.place(owner, "buy", "1", "60000", leverage=5, stop_loss="59500",
                            take_profit="60400")
        shown = self.ok(owner.get(f"{ORDERS}/{placed['order_id']}"))
        self.assertEqual((shown["stop_loss"], shown["take_profit"]), ("59500", "60400"))
        self.assertEqual(self.live(owner), [])
        self.place(maker, "sell", "0.4", "60000")
        legs = self.live(owner)
        self.assertEqual({t["bracket_of"] for t in legs}, {placed["order_id"]})
        self.assertEqual({t["kind"] for t in legs}, {"stop", "take_profit"})
        self.ok(owner.post(f"{ORDERS}/cancel-all"))
        self.bid(maker, "60390")
        self.mark(60400)
        self.assertIsNone(self.ok(owner.get(BTC))["side"])
        reasons = {t["kind"]: t["close_reason"]
                   for t in self.all_pages(owner, f"{TRIGGERS}/history")}
        self.assertEqual(reasons, {"take_profit": "triggered", "stop": "other_fired"})

    def test_a_bracket_on_the_wrong_side_is_refused_everywhere(self):
        agent = self.agent()
        wrong = order(stop_loss="60000")
        self.refused(agent.post(ORDERS, wrong), "trigger_wrong_side", "stop_loss")
        batch = self.ok(agent.post(f"{ORDERS}/batch", {"orders": [wrong]}))
        self.assertEqual(batch["results"][0]["error"]["code"], "trigger_wrong_side")
        preview = self.ok(agent.post(f"{ORDERS}/preview", wrong))
        self.assertEqual(preview["verdict"], "trigger_wrong_side")
        intent = {"market": "BTC-PERP", "direction": "long", "size_usdc": "600",
                  "take_profit": "59000"}
        self.refused(agent.post(INTENTS, intent), "trigger_wrong_side", "take_profit")
        self.refused(agent.post(ORDERS, order(reduce_only=True, stop_loss="59000")),
                     "invalid_field", "stop_loss")


class Lives(TriggerTest):
    """What an intent says of itself, from the first fill to the end of its position."""

    def intent(self, agent, **fields):
        body = {"market": "BTC-PERP", "direction": "long", "size_usdc": "6000", "leverage": 5,
                "reason": "momentum", "stop_loss": "59500", "take_profit": "60400", **fields}
        return self.ok(agent.post(INTENTS, body))["intent_id"]

    def life(self, agent, intent_id):
        detail = self.ok(agent.get(f"{INTENTS}/{intent_id}"))
        listed = {i["intent_id"]: i for i in self.ok(agent.get(INTENTS))["items"]}
        alone = ("fills", "triggers", "realised_pnl")
        row = {name: value for name, value in detail.items() if name not in alone}
        self.assertEqual(listed[intent_id], row)
        return detail

    def test_from_resting_to_protected_to_closed_by_its_stop_loss(self):
        owner, maker = self.agent(), self.agent("10000000")
        intent_id = self.intent(owner, limit_price="60000")
        self.assertEqual(self.life(owner, intent_id)["status"], "open")
        self.place(maker, "sell", "0.04", "60000")
        part = self.life(owner, intent_id)
        self.assertEqual((part["status"], part["filled"], len(part["triggers"])),
                         ("partially_filled", "0.04", 2))
        self.place(maker, "sell", "0.06", "60000")
        whole = self.life(owner, intent_id)
        self.assertEqual((whole["status"], whole["order_status"], len(whole["fills"])),
                         ("protected", "filled", 2))
        self.bid(maker, "59480")
        self.mark(59500)
        closed = self.life(owner, intent_id)
        self.assertEqual((closed["status"], closed["closed_by"], closed["realised_pnl"]),
                         ("closed_by_stop_loss", "stop_loss", "-52"))
        states = {t["kind"]: t["close_reason"] for t in closed["triggers"]}
        self.assertEqual(states, {"stop": "triggered", "take_profit": "other_fired"})
        self.assertEqual(self.ok(owner.get(f"{ORDERS}/{closed['closing_order_id']}"))["filled"],
                         "0.1")

    def test_a_take_profit_and_a_close_by_hand(self):
        owner, maker = self.agent(), self.agent("10000000")
        self.place(maker, "sell", "1", "60000")
        won = self.intent(owner)
        self.assertEqual(self.life(owner, won)["status"], "protected")
        self.ok(maker.post(f"{ORDERS}/cancel-all"))
        self.bid(maker, "60380", "0.1")
        self.mark(60400)
        self.assertEqual(self.life(owner, won)["status"], "closed_by_take_profit")
        self.assertEqual(self.life(owner, won)["realised_pnl"], "38")
        self.place(maker, "sell", "1", "60400")
        by_hand = self.intent(owner, stop_loss=None, take_profit=None)
        self.assertEqual(self.life(owner, by_hand)["status"], "active")
        self.ok(maker.post(f"{ORDERS}/cancel-all"))
        self.bid(maker, "60390", "0.05")
        self.bid(maker, "60380", "0.04")
        self.bid(maker, "60370", "0.03")
        self.ok(owner.post(f"{BTC}/close"))
        self.assertEqual(self.life(owner, by_hand)["status"], "closed")
        self.assertEqual(self.life(owner, won)["status"], "closed_by_take_profit")

    def test_cancelled_and_liquidated(self):
        owner, maker = self.agent("1000"), self.agent("10000000")
        resting = self.intent(owner, limit_price="59000", stop_loss="58000", leverage=20,
                              take_profit=None, size_usdc="60")
        self.ok(owner.delete(f"{INTENTS}/{resting}"))
        self.assertEqual(self.life(owner, resting)["status"], "cancelled")
        self.place(maker, "sell", "1", "60000")
        held = self.intent(owner, stop_loss=None, take_profit=None, leverage=20,
                           size_usdc="12000")
        self.ok(maker.post(f"{ORDERS}/cancel-all"))
        price = Decimal(60000)
        while price > 55000:
            price -= price // 100
            self.mark(price)
        self.assertEqual(self.life(owner, held)["status"], "liquidated")
        self.assertEqual(self.life(owner, held)["closed_by"], "liquidation")


class Restart(TriggerTest):
    def test_triggers_brackets_and_lives_are_there_after_a_crash(self):
        owner, maker = self.long()
        self.set(owner, stop="59000")
        gone = self.set(owner, take_profit="61000")["trigger_id"]
        self.ok(owner.delete(f"{TRIGGERS}/{gone}"))
        other = self.agent()
        waiting = self.place(other, "buy", "0.1", "59900", stop_loss="59000")
        second, third = self.agent(), self.agent()
        self.place(maker, "sell", "1", "60000")
        intent = {"market": "BTC-PERP", "direction": "long", "size_usdc": "6000",
                  "stop_loss": "59000"}
        held = self.ok(second.post(INTENTS, intent))["intent_id"]
        closed = self.ok(third.post(INTENTS, intent))["intent_id"]
        self.ok(maker.post(f"{ORDERS}/cancel-all"))
        self.bid(maker, "59990", "0.1")
        self.ok(third.post(f"{BTC}/close"))

        def everything():
            return [self.live(owner), self.ok(owner.get(f"{TRIGGERS}/history"))["items"],
                    self.shown(owner, gone), self.ok(second.get(f"{INTENTS}/{held}")),
                    self.ok(third.get(f"{INTENTS}/{closed}")),
                    self.ok(other.get(f"{ORDERS}/{waiting['order_id']}"))]
        before = everything()
        self.assertEqual((before[3]["status"], before[4]["status"]), ("protected", "closed"))
        self.exchange.kill()
        self.exchange.start()
        self.assertEqual(everything(), before)


if __name__ == "__main__":
    unittest.main()
