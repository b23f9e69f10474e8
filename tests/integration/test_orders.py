"""Orders: every kind, every refusal, amend, cancel, lists. One market, mark 60000."""
import time
import unittest
from decimal import Decimal

from api_case import ApiTest, order, unique, until

OPEN_ORDERS_MAX = 1_000
ORDERS = "/api/v1/orders"


def in_an_hour():
    return int(time.time() * 1000) + 3_600_000


class PlacingOrders(ApiTest):
    def test_a_resting_order_shows_everywhere_with_all_it_was_given(self):
        agent, expires_at = self.agent(), in_an_hour()
        placed = self.place(agent, "sell", "0.5", "61000", post_only="reject", leverage=3,
                            client_id="mine", expires_at=expires_at,
                            self_trade_prevention="cancel_both")
        self.assertEqual((placed["status"], placed["remaining"]), ("open", "0.5"))
        shown = self.ok(agent.get(f"{ORDERS}/{placed['order_id']}"))
        expected = {"client_id": "mine", "side": "sell", "kind": "limit", "price": "61000",
                    "time_in_force": "gtd", "post_only": "reject", "leverage": 3, "size": "0.5",
                    "self_trade_prevention": "cancel_both", "expires_at": expires_at,
                    "filled": "0", "reduce_only": False, "is_intent": False}
        self.assertEqual({name: shown[name] for name in expected}, expected)
        self.assertEqual(self.ok(agent.get(f"{ORDERS}/by-client-id/mine")), shown)
        self.assertEqual(self.ok(agent.get(ORDERS))["items"], [shown])
        self.assertEqual(self.ok(agent.get(f"{ORDERS}/history"))["items"], [shown])
        self.refused(self.agent().get(f"{ORDERS}/{placed['order_id']}"), "order_not_found")
        self.refused(agent.get(f"{ORDERS}/by-client-id/none"), "order_not_found", "client_id")

    def test_fills_are_at_the_makers_price_in_price_time_order(self):
        maker, taker = self.agent(), self.agent()
        worse = self.place(maker, "sell", "0.1", "60002")
        first = self.place(maker, "sell", "0.1", "60001")
        second = self.place(maker, "sell", "0.1", "60001")
        taken = self.place(taker, "buy", "0.15", "60005")
        self.assertEqual((taken["status"], taken["filled"], taken["average_price"]),
                         ("filled", "0.15", "60001"))
        left = {o["order_id"]: o["remaining"] for o in self.ok(maker.get(ORDERS))["items"]}
        self.assertEqual(left, {second["order_id"]: "0.05", worse["order_id"]: "0.1"})
        fills = self.ok(taker.get("/api/v1/fills"))["items"]
        self.assertEqual([f["size"] for f in fills], ["0.05", "0.1"])
        self.assertEqual({f["liquidity"] for f in fills}, {"taker"})
        self.assertEqual(Decimal(fills[1]["fee"]), Decimal("60001") * Decimal("0.1") * 5 / 10000)
        done = self.ok(maker.get(f"{ORDERS}/{first['order_id']}"))
        self.assertEqual((done["status"], done["filled_usdc"]), ("filled", "6000.1"))

    def test_market_orders_fill_within_their_slippage_bound(self):
        maker, taker = self.agent(), self.agent()
        self.place(maker, "sell", "0.1", "60100")
        self.place(maker, "sell", "0.1", "60900")
        taken = self.place(taker, "buy", "0.2", None, kind="market", max_slippage="0.01")
        self.assertEqual((taken["status"], taken["close_reason"], taken["filled"]),
                         ("cancelled", "ioc_remainder", "0.1"))
        spent = self.place(taker, "buy", None, None, kind="market", size_usdc="609",
                           max_slippage="0.02")
        self.assertEqual((spent["filled"], spent["filled_usdc"]), ("0.01", "609"))

    def test_what_cannot_fill_at_once_is_cancelled_or_refused(self):
        maker, taker = self.agent(), self.agent()
        self.place(maker, "sell", "0.1", "60100")
        partly = self.place(taker, "buy", "0.3", "60100", time_in_force="ioc")
        self.assertEqual((partly["status"], partly["filled"]), ("cancelled", "0.1"))
        self.place(maker, "sell", "0.1", "60100")
        reply = taker.post(ORDERS, order("buy", "0.3", "60100", time_in_force="fok"))
        self.refused(reply, "fok_unfillable", "size")
        whole = self.place(taker, "buy", "0.1", "60100", time_in_force="fok")
        self.assertEqual(whole["status"], "filled")

    def test_post_only_is_refused_or_slides_behind_the_touch(self):
        maker, other = self.agent(), self.agent()
        self.place(maker, "sell", "0.1", "60100")
        reply = other.post(ORDERS, order("buy", "0.1", "60200", post_only="reject"))
        self.assertEqual(self.refused(reply, "would_cross")["touching_price"], "60100")
        slid = self.place(other, "buy", "0.1", "60200", post_only="slide")
        self.assertEqual((slid["status"], slid["price"]), ("open", "60099"))

    def test_an_agent_never_trades_with_itself(self):
        for mode, own, taken in (("cancel_newest", "open", "cancelled"),
                                 ("cancel_oldest", "cancelled", "open"),
                                 ("cancel_both", "cancelled", "cancelled")):
            agent = self.agent()
            self.ok(agent.put("/api/v1/positions/BTC-PERP/netting", {"netting": True}))
            resting = self.place(agent, "sell", "0.1", "60000")
            crossing = self.place(agent, "buy", "0.1", "60000", self_trade_prevention=mode)
            self.assertEqual(crossing["status"], taken, mode)
            shown = self.ok(agent.get(f"{ORDERS}/{resting['order_id']}"))
            self.assertEqual(shown["status"], own, mode)
            closed = crossing if taken == "cancelled" else shown
            self.assertEqual(closed["close_reason"], "self_trade_prevention")
            self.assertEqual(self.ok(agent.get("/api/v1/fills"))["items"], [])
            self.ok(agent.post(f"{ORDERS}/cancel-all"))

    def test_a_gtd_order_expires(self):
        agent = self.agent()
        placed = self.place(agent, expires_at=int(time.time() * 1000) + 1_000)

        def is_expired():  # an order leaves with the first batch behind its end
            self.exchange.push_prices(ETH="3000")
            return self.ok(agent.get(f"{ORDERS}/{placed['order_id']}"))["status"] == "expired"
        until(is_expired, "the order expires")
        self.assertEqual(self.ok(agent.get("/api/v1/account"))["reserved"], "0")

    def test_fields_that_do_not_fit_are_named(self):
        agent = self.agent()
        market = {"kind": "market", "price": None}
        for field, fields in (
                ("price", {"price": "60000.5"}), ("size", {"size": "0.0000001"}),
                ("price", {"kind": "market"}),
                ("time_in_force", {**market, "time_in_force": "gtc"}),
                ("price", {"price": "-1"}), ("max_slippage", {"max_slippage": "0.1"}),
                ("post_only", {"post_only": "reject", "time_in_force": "ioc"}),
                ("expires_at", {"expires_at": in_an_hour(), "time_in_force": "gtc"}),
                ("side", {"side": "up"}), ("leverage", {"leverage": 0}),
                ("leverage", {"leverage": "3"}), ("client_id", {"client_id": "x" * 37}),
                ("client_id", {"client_id": "a b"}), ("size", {"size": 0.1}),
                ("reduce_only", {"reduce_only": "yes"})):
            self.refused(agent.post(ORDERS, order(**fields)), "invalid_field", field)
        for field, fields in (("price", {"price": None}), ("expires_at", {"time_in_force": "gtd"})):
            self.refused(agent.post(ORDERS, order(**fields)), "missing_field", field)
        error = self.refused(agent.post(ORDERS, order(price="60000.7")), "invalid_field")
        self.assertEqual((error["nearest_below"], error["nearest_above"]), ("60000", "60001"))
        self.assertEqual(self.ok(agent.get(ORDERS))["items"], [])


class OpenOrderLimit(ApiTest):
    def test_an_agent_holds_a_bounded_number_of_open_orders(self):
        agent = self.agent("100000000")
        rows = [order("buy", "0.001", str(50_000 + n)) for n in range(100)]
        ids = []
        for _ in range(OPEN_ORDERS_MAX // 100):
            results = self.ok(agent.post(f"{ORDERS}/batch", {"orders": rows}))["results"]
            ids += [r["order_id"] for r in results]
        self.assertEqual(len(set(ids)), OPEN_ORDERS_MAX)
        error = self.refused(agent.post(ORDERS, order()), "too_many_open_orders")
        self.assertEqual((error["open_orders"], error["maximum"]), ("1000", "1000"))
        batch = self.ok(agent.post(f"{ORDERS}/batch", {"orders": [order()]}))
        self.assertEqual(batch["results"][0]["error"]["code"], "too_many_open_orders")
        intent = {"market": "BTC-PERP", "direction": "long", "size_usdc": "100",
                  "limit_price": "50000"}
        self.refused(agent.post("/api/v1/intents", intent), "too_many_open_orders")
        paged = self.all_pages(agent, ORDERS, 300)
        self.assertEqual([o["order_id"] for o in paged], sorted(ids, key=int, reverse=True))
        self.assertEqual(self.ok(agent.post(f"{ORDERS}/cancel-all"))["cancelled_orders"], 1000)
        self.assertEqual(self.ok(agent.get("/api/v1/account"))["reserved"], "0")


class ChangingOrders(ApiTest):
    def amend(self, agent, placed, **fields):
        return agent.patch(f"{ORDERS}/{placed['order_id']}", fields)

    def test_a_smaller_size_keeps_its_place_a_larger_one_loses_it(self):
        first, second, taker = self.agent(), self.agent(), self.agent()
        mine = self.place(first, "sell", "0.2", "60100")
        self.place(second, "sell", "0.1", "60100")
        smaller = self.ok(self.amend(first, mine, size="0.1"))
        self.assertEqual((smaller["remaining"], smaller["order_id"]), ("0.1", mine["order_id"]))
        self.place(taker, "buy", "0.05", "60100")
        self.assertEqual(self.ok(first.get(ORDERS))["items"][0]["filled"], "0.05")
        self.ok(self.amend(first, mine, size="0.3"))
        self.place(taker, "buy", "0.1", "60100")
        self.assertEqual(self.ok(second.get(ORDERS))["items"], [])
        self.assertEqual(self.ok(first.get(ORDERS))["items"][0]["remaining"], "0.25")

    def test_an_amend_that_crosses_trades(self):
        maker, taker = self.agent(), self.agent()
        self.place(maker, "sell", "0.1", "60100")
        resting = self.place(taker, "buy", "0.2", "59000", client_id="move-me")
        path = f"{ORDERS}/by-client-id/move-me?market=BTC-PERP"
        moved = self.ok(taker.patch(path, {"price": "60100"}))
        self.assertEqual((moved["status"], moved["filled"], moved["remaining"]),
                         ("partially_filled", "0.1", "0.1"))
        self.assertEqual(moved["order_id"], resting["order_id"])

    def test_cancel_by_id_and_by_client_id_once(self):
        agent = self.agent()
        one, two = self.place(agent), self.place(agent, client_id="two")
        cancelled = self.ok(agent.delete(f"{ORDERS}/{one['order_id']}"))
        self.assertEqual((cancelled["status"], cancelled["cancelled"]), ("cancelled", "0.01"))
        self.refused(agent.delete(f"{ORDERS}/{one['order_id']}"), "order_not_found")
        self.refused(self.agent().delete(f"{ORDERS}/{two['order_id']}"), "order_not_found")
        self.ok(agent.delete(f"{ORDERS}/by-client-id/two"))
        self.refused(agent.delete(f"{ORDERS}/by-client-id/two"), "order_not_found")
        self.refused(agent.delete(f"{ORDERS}/by-client-id/two?market=ETH-PERP"),
                     "order_not_found")

    def test_batches_answer_for_each_entry(self):
        agent = self.agent()
        rows = [order(client_id=unique("c")), order(price="1000"), order(client_id=unique("c"))]
        first, refused, last = self.ok(agent.post(f"{ORDERS}/batch", {"orders": rows}))["results"]
        self.assertEqual((first["status"], last["status"]), ("open", "open"))
        self.assertEqual(refused["error"]["code"], "price_out_of_band")
        ids = [first["order_id"], "4299999999"]
        done, unknown = self.ok(agent.post(f"{ORDERS}/cancel", {"order_ids": ids}))["results"]
        self.assertEqual((done["status"], unknown["error"]["code"]),
                         ("cancelled", "order_not_found"))
        body = {"client_ids": [rows[2]["client_id"]], "market": "BTC-PERP"}
        self.ok(agent.post(f"{ORDERS}/cancel", body))
        self.assertEqual(self.ok(agent.get(ORDERS))["items"], [])
        for orders in ([], [order()] * 101, [7]):
            self.refused(agent.post(f"{ORDERS}/batch", {"orders": orders}), "invalid_field")
        broken = {"orders": [order(), order(size="abc")]}
        self.refused(agent.post(f"{ORDERS}/batch", broken), "invalid_field", "orders[1].size")

    def test_cancel_then_place_in_one_burst_finds_the_freed_collateral(self):
        agent = self.agent("1000")
        placed = self.place(agent, "buy", "0.013", "60000")
        self.refused(agent.post(ORDERS, order("buy", "0.013", "59000")), "insufficient_margin")
        self.ok(agent.delete(f"{ORDERS}/{placed['order_id']}"))
        self.place(agent, "buy", "0.013", "59000")

    def test_cancel_all_takes_one_market_or_all(self):
        agent = self.agent()
        self.place(agent)
        eth = {"market": "ETH-PERP", "size": "0.1", "price": "2900"}
        self.place(agent, **eth)
        body = {"market": "ETH-PERP"}
        self.assertEqual(self.ok(agent.post(f"{ORDERS}/cancel-all", body))["cancelled_orders"], 1)
        self.assertEqual(len(self.ok(agent.get(f"{ORDERS}?market=BTC-PERP"))["items"]), 1)
        self.assertEqual(self.ok(agent.post(f"{ORDERS}/cancel-all"))["cancelled_orders"], 1)
        self.assertEqual(self.ok(agent.post(f"{ORDERS}/cancel-all"))["cancelled_orders"], 0)

    def test_history_pages_hold_every_order_once(self):
        agent = self.agent()
        ids = [self.place(agent, price=str(50_000 + n))["order_id"] for n in range(7)]
        for order_id in ids[::2]:
            self.ok(agent.delete(f"{ORDERS}/{order_id}"))
        shown = self.all_pages(agent, f"{ORDERS}/history")
        self.assertEqual(sorted(o["order_id"] for o in shown), sorted(ids))
        status = {o["order_id"]: o["status"] for o in shown}
        self.assertEqual([status[i] for i in ids], ["cancelled", "open"] * 3 + ["cancelled"])


if __name__ == "__main__":
    unittest.main()
