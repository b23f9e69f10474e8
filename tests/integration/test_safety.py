"""What guards agents and warns them: limits of keys, the dead-man's switch, changes of a market."""
import time
import unittest

from api_case import MARK, ApiTest, order, unique, until
from ws_client import WebSocketTest

KEYS, ORDERS = "/api/v1/keys", "/api/v1/orders"
SWITCH = "/api/v1/orders/cancel-all-after"
BTC, MARKET = "/api/v1/positions/BTC-PERP", "/api/v1/markets/BTC-PERP"
CHANGE = "/api/v1/operator/markets/BTC-PERP/change"
EVERY_SCOPE = ["read", "trade", "withdraw"]
ANNOUNCED_MS = 60_000


class KeyLimits(ApiTest):
    def limited(self, agent, **limits):
        return self.key_of(agent, *EVERY_SCOPE, limits=limits)

    def refused_by(self, reply, limit, given=None, allowed=None):
        error = self.refused(reply, "key_limited", limit)
        self.assertEqual(reply.status, 403)
        self.assertEqual((error.get("given"), error.get("allowed")), (given, allowed), reply)

    def test_each_limit_refuses_and_tells_its_figures(self):
        agent, maker = self.agent(), self.agent()
        key = self.limited(agent, order_notional_max="500")
        self.refused_by(key.post(ORDERS, order(price="59000")), "order_notional", "590", "500")
        key = self.limited(agent, leverage_max=3)
        self.refused_by(key.post(ORDERS, order(price="59000", leverage=4)), "leverage", "4", "3")
        key = self.limited(agent, reduce_only=True)
        self.refused_by(key.post(ORDERS, order(price="59000")), "reduce_only")
        key = self.limited(agent, markets=["ETH-PERP", "SOL-PERP"])
        self.refused_by(key.post(ORDERS, order(price="59000")), "market", "BTC-PERP")
        key = self.limited(agent, position_notional_max="700")
        first = self.place(key, price="59000")
        error = self.refused(key.post(ORDERS, order(price="59000")), "key_limited",
                             "position_notional")
        self.assertEqual(error["allowed"], "700")
        self.ok(key.delete(f"{ORDERS}/{first['order_id']}"))
        key = self.limited(agent, daily_loss_max="0.1")
        self.trade(key, maker, "0.01", "60000")
        self.refused_by(key.post(ORDERS, order(price="59000")), "daily_loss", "0.3", "0.1")
        self.place(self.agent(), "buy", "0.01", "60000")
        self.ok(key.post(f"{BTC}/close"))

    def test_every_way_to_trade_is_held_to_the_market(self):
        agent, maker = self.agent(), self.agent()
        self.trade(agent, maker, "0.01", "60000")
        resting = self.place(agent, price="50000", client_id="mine")
        key = self.limited(agent, markets=["ETH-PERP"])
        path = f"{ORDERS}/{resting['order_id']}"
        ways = {
            "place": key.post(ORDERS, order()),
            "intent": key.post("/api/v1/intents", {"market": "BTC-PERP", "direction": "long",
                                                   "size_usdc": "10"}),
            "amend": key.patch(path, {"size": "0.02"}),
            "by name": key.patch(f"{ORDERS}/by-client-id/mine?market=BTC-PERP", {"size": "0.02"}),
            "close": key.post(f"{BTC}/close"),
            "leverage": key.put(f"{BTC}/leverage", {"leverage": 2}),
            "netting": key.put(f"{BTC}/netting", {"netting": True}),
            "margin": key.post(f"{BTC}/margin", {"action": "add", "amount": "1"}),
            "trigger": key.post("/api/v1/triggers", {"market": "BTC-PERP", "stop": "59000"}),
            "protection": key.put(f"{BTC}/protection", {"stop_loss": "59000"}),
        }
        for way, reply in ways.items():
            with self.subTest(way=way):
                self.refused_by(reply, "market", "BTC-PERP")
        batch = self.ok(key.post(f"{ORDERS}/batch", {"orders": [order()]}))
        self.assertEqual(batch["results"][0]["error"]["field"], "market")
        self.ok(key.delete(path))
        self.place(key, market="ETH-PERP", size="0.1", price="2900")

    def test_a_key_with_limits_does_not_free_itself_or_money(self):
        agent, other = self.agent(), self.agent()
        key = self.limited(agent, leverage_max=20)
        ways = {
            "create": key.post(KEYS, {"scopes": ["trade"]}),
            "limits": key.put(f"{KEYS}/{key.key_id}/limits", {}),
            "withdraw": key.post("/api/v1/account/withdraw", {"amount": "1"}),
            "transfer": key.post("/api/v1/account/transfer",
                                 {"to_agent_id": other.agent_id, "amount": "1"}),
        }
        for way, reply in ways.items():
            with self.subTest(way=way):
                self.refused_by(reply, "command")

    def test_limits_are_listed_replaced_and_taken_off(self):
        agent = self.agent()
        key = self.key_of(agent, "trade")
        path = f"{KEYS}/{key.key_id}/limits"
        self.place(key, price="59000")
        set_to = self.ok(agent.put(path, {"order_notional_max": "500", "markets": ["BTC-PERP"]}))
        rows = {row["key_id"]: row for row in self.ok(agent.get(KEYS))["items"]}
        self.assertEqual(rows[key.key_id]["limits"], set_to["limits"])
        self.assertEqual(sorted(map(bool, (row["limits"] for row in rows.values()))),
                         [False, True])
        self.refused_by(key.post(ORDERS, order(price="59000")), "order_notional", "590", "500")
        self.assertIsNone(self.ok(agent.put(path, {}))["limits"])
        self.place(key, price="59000")
        self.refused(agent.put(f"{KEYS}/987654/limits", {}), "key_not_found", "key_id")
        self.refused(agent.put(f"{KEYS}/0/limits", {}), "key_not_found", "key_id")
        self.refused(agent.put(path, {"daily_loss_max": "0"}), "invalid_field", "daily_loss_max")

    def test_a_repeat_neither_makes_nor_shows_a_second_key(self):
        agent, headers = self.agent(), {"Idempotency-Key": unique("key")}
        body = {"scopes": ["trade"], "limits": {"reduce_only": True}}
        first = self.ok(agent.post(KEYS, body, **headers))
        again = self.ok(agent.post(KEYS, body, **headers))
        self.assertTrue(first["api_key"])
        self.assertEqual((again["api_key"], again["key_id"], again["replayed"]),
                         (None, first["key_id"], True))
        self.assertEqual(len(self.ok(agent.get(KEYS))["items"]), 2)


class Restarted(WebSocketTest):
    def setUp(self):
        for _ in range(3):  # fresh enough to open the markets again
            self.exchange.push_prices()

    def test_a_stop_of_the_exchange_ends_sockets_and_their_orders(self):
        agent = self.agent()
        placed = self.place(agent, price="59000")
        self.socket().call("auth", key=agent.key, cancel_on_disconnect=True)
        self.exchange.stop()
        self.exchange.start()
        row = self.ok(agent.get(f"{ORDERS}/{placed['order_id']}"))
        self.assertEqual(row["close_reason"], "cancel_all")

    def test_limits_and_switches_outlive_the_process(self):
        agent = self.agent()
        key = self.key_of(agent, *EVERY_SCOPE, limits={"order_notional_max": "500"})
        self.ok(agent.post(SWITCH, {"timeout_ms": 600_000, "scope": "everything"}))
        keys, switches = self.ok(agent.get(KEYS)), self.ok(agent.get(SWITCH))
        self.exchange.stop()
        self.exchange.start()
        self.assertEqual(self.ok(agent.get(KEYS)), keys)
        self.assertEqual(self.ok(agent.get(SWITCH)), switches)
        self.setUp()
        self.refused(key.post(ORDERS, order(price="59000")), "key_limited", "order_notional")


class Switch(ApiTest):
    def order_of(self, agent, placed):
        return self.ok(agent.get(f"{ORDERS}/{placed['order_id']}"))

    def test_it_fires_while_nobody_sends_anything(self):
        agent = self.agent()
        placed = self.place(agent, price="59000")
        kept = self.place(agent, market="ETH-PERP", size="0.1", price="2900")
        armed = self.ok(agent.post(SWITCH, {"timeout_ms": 5000, "market": "BTC-PERP"}))
        self.assertEqual(self.ok(agent.get(SWITCH))["items"],
                         [{"market": "BTC-PERP", "scope": "orders",
                           "deadline": armed["deadline"]}])
        gone = until(lambda: (row := self.order_of(agent, placed))["status"] != "open" and row,
                     "the switch fires", 20)
        self.assertEqual((gone["status"], gone["close_reason"]), ("cancelled", "dead_man"))
        self.assertGreaterEqual(gone["updated_at"], armed["deadline"])
        self.assertEqual(self.ok(agent.get(SWITCH))["items"], [])
        self.assertEqual(self.order_of(agent, kept)["status"], "open")
        history = self.ok(agent.get(f"{ORDERS}/history?market=BTC-PERP"))["items"]
        self.assertEqual(history[0]["close_reason"], "dead_man")

    def test_who_refreshes_it_keeps_the_orders(self):
        agent, silent = self.agent(), self.agent()
        kept, lost = self.place(agent, price="59000"), self.place(silent, price="59000")
        first = self.ok(agent.post(SWITCH, {"timeout_ms": 5000}))["deadline"]
        self.ok(silent.post(SWITCH, {"timeout_ms": 5500}))

        def is_lost():
            self.ok(agent.post(SWITCH, {"timeout_ms": 5000}))
            return self.order_of(silent, lost)["status"] == "cancelled"
        until(is_lost, "the other one's switch fires", 20)
        self.assertEqual(self.order_of(agent, kept)["status"], "open")
        switches = self.ok(agent.get(SWITCH))["items"]
        self.assertEqual(len(switches), len(MARK))
        self.assertGreater(switches[0]["deadline"], first)
        self.assertIsNone(self.ok(agent.post(SWITCH, {"timeout_ms": 0}))["deadline"])
        self.assertEqual(self.ok(agent.get(SWITCH))["items"], [])

    def test_a_timeout_beyond_its_bounds_is_refused(self):
        agent = self.agent()
        for timeout_ms in (1, 4999, 600_001):
            error = self.refused(agent.post(SWITCH, {"timeout_ms": timeout_ms}),
                                 "invalid_timeout", "timeout_ms")
            self.assertEqual((error["given"], error["minimum"], error["maximum"]),
                             (str(timeout_ms), "5000", "600000"))


class Sockets(WebSocketTest):
    def test_a_switch_over_the_socket_is_told_on_the_private_channel(self):
        agent = self.agent()
        ws = self.socket(agent.key)
        self.subscribed(ws, "orders")
        placed = self.place(agent, price="59000")
        reply = ws.call("cancel_all_after", timeout_ms=5000, market="BTC-PERP")
        self.assertTrue(reply["ok"], reply)
        told = [ws.next_of("orders") for _ in range(4)]
        self.assertEqual([m["event"] for m in told], ["accepted", "switch", "closed", "switch"])
        self.assertEqual(told[1]["deadline"], reply["deadline"])
        self.assertEqual((told[2]["order_id"], told[2]["close_reason"]),
                         (placed["order_id"], "dead_man"))
        self.assertIsNone(told[3]["deadline"])

    def test_a_broken_socket_takes_its_agents_orders_with_it(self):
        agent = self.agent()
        placed = self.place(agent, price="59000")
        ws = self.socket()
        answer = ws.call("auth", key=agent.key, cancel_on_disconnect=True)
        self.assertTrue(answer["cancel_on_disconnect"], answer)
        ws.abort()
        row = until(lambda: (row := self.ok(agent.get(f"{ORDERS}/{placed['order_id']}")))["status"]
                    != "open" and row, "the orders are cancelled")
        self.assertEqual(row["close_reason"], "cancel_all")

    def test_limits_hold_over_the_socket(self):
        agent = self.agent()
        key = self.key_of(agent, "trade", limits={"order_notional_max": "500"})
        reply = self.socket(key.key).call("place", **order(price="59000"))
        self.assertEqual((reply["error"]["code"], reply["error"]["allowed"]),
                         ("key_limited", "500"))

    def test_an_announced_change_is_told(self):
        ws = self.socket()
        self.subscribed(ws, "status", market="ETH-PERP")
        effective_at = int(time.time() * 1000) + 10 * ANNOUNCED_MS
        self.ok(self.operator.post("/api/v1/operator/markets/ETH-PERP/change",
                                   {"effective_at": effective_at, "taker_fee": "0.0006"}))
        told = ws.next_of("status")
        while "event" not in told:
            told = ws.next_of("status")
        self.assertEqual((told["event"], told["market"]), ("market_change_scheduled", "ETH-PERP"))
        self.assertEqual((told["change"]["effective_at"], told["change"]["taker_fee"]),
                         (effective_at, "0.0006"))


class MarketChange(ApiTest):
    def change(self, delay_ms, **terms):
        return self.operator.post(CHANGE, {"effective_at": int(time.time() * 1000) + delay_ms,
                                           **terms})

    def test_a_change_is_announced_to_everybody_before_it_holds(self):
        before = self.ok(self.guest.get(MARKET))
        self.assertIsNone(before["pending_change"])
        tiers = [{"from_notional": "0", "max_leverage": 10},
                 {"from_notional": "50000", "max_leverage": 5}]
        reply = self.ok(self.change(10 * ANNOUNCED_MS, taker_fee="0.0007", margin_tiers=tiers))
        after = self.ok(self.guest.get(MARKET))
        self.assertEqual((after["taker_fee"], after["margin_tiers"]),
                         (before["taker_fee"], before["margin_tiers"]))
        pending = after["pending_change"]
        self.assertEqual((pending["effective_at"], pending["taker_fee"], pending["margin_tiers"]),
                         (reply["effective_at"], "0.0007", tiers))
        self.assertEqual(pending["maker_fee"], before["maker_fee"])
        self.ok(self.change(10 * ANNOUNCED_MS))
        rows = self.ok(self.guest.get(f"{MARKET}/changes"))["items"]
        self.assertEqual([(row["taker_fee"], row["applied_at"]) for row in rows],
                         [(before["taker_fee"], None), ("0.0007", None)])
        self.assertEqual([row["taker_fee"] for row in self.all_pages(
            self.guest, f"{MARKET}/changes", 1)], [row["taker_fee"] for row in rows])

    def test_what_is_too_early_or_impossible_is_refused(self):
        self.refused(self.change(ANNOUNCED_MS - 10_000, taker_fee="0.0007"), "invalid_expiry",
                     "effective_at")
        impossible = {"taker_fee": "0.02", "price_band": "0", "min_notional": "0",
                      "max_slippage": "1", "margin_tiers": [{"from_notional": "1",
                                                             "max_leverage": 3}]}
        for field, value in impossible.items():
            with self.subTest(field=field):
                self.refused(self.change(2 * ANNOUNCED_MS, **{field: value}), "invalid_field",
                             field)


if __name__ == "__main__":
    unittest.main()
