"""Private streams and order entry over /ws: gap-free, resumable, fair to everybody else."""
import json
import socket
import time
import unittest
from decimal import Decimal

from api_case import ApiTest, order, unique, until
from ws_client import Socket, WebSocketTest

PRIVATE = ("orders", "fills", "positions", "account")
RESUME_MAX = 1_024
BATCHES_PAST_ANY_BUFFER = 30  # 200 messages each; the server keeps 4,096 at most


def sequences(messages):
    """A fill's number comes twice: on fills and on positions."""
    seen = [m["seq"] for m in messages if m["type"] in PRIVATE]
    return sorted(set(seen)), seen == sorted(seen)


class PrivateStream(WebSocketTest):
    def read_all(self, ws, agent):
        """Every private message up to the agent's newest event: they may follow the reply."""
        newest = int(self.ok(agent.get("/api/v1/account"))["sequence"])
        messages = []
        while not messages or messages[-1]["seq"] < newest:
            messages.append(ws.next_of(*PRIVATE))
        return messages

    def test_it_tells_everything_once_in_order(self):
        maker, agent = self.agent(), self.agent()
        ws = self.socket(agent.key)
        start = self.subscribed(ws, "private")
        self.assertEqual(start["seq"], start["last_seq"])
        self.place(maker, "sell", "0.05", "60000")
        self.place(agent, "buy", "0.1", "60000", client_id="mine")
        shown = self.ok(agent.get("/api/v1/orders"))["items"][0]
        self.ok(agent.patch(f"/api/v1/orders/{shown['order_id']}", {"size": "0.08"}))
        self.ok(agent.delete(f"/api/v1/orders/{shown['order_id']}"))
        self.ok(agent.put("/api/v1/positions/BTC-PERP/leverage", {"leverage": 4}))
        self.ok(agent.post("/api/v1/account/deposit", {"amount": "1.5"}))
        messages = self.read_all(ws, agent)
        seen, is_ordered = sequences(messages)
        self.assertTrue(is_ordered)
        self.assertEqual(seen, list(range(start["seq"] + 1, seen[-1] + 1)))
        account = self.ok(agent.get("/api/v1/account"))
        self.assertEqual(account["sequence"], str(seen[-1]))
        events = [m["event"] for m in messages]
        self.assertEqual([e for e in events if e != "balance"],
                         ["accepted", "fill", "position", "amended", "closed", "settings",
                          "ledger"])
        self.check_contents({m["event"]: m for m in messages}, account)

    def check_contents(self, last, account):
        self.assertEqual((last["accepted"]["client_id"], last["accepted"]["remaining"]),
                         ("mine", "0.05"))
        fill = last["fill"]
        self.assertEqual((fill["price"], fill["size"], fill["liquidity"], fill["order_done"]),
                         ("60000", "0.05", "taker", False))
        self.assertEqual((last["position"]["side"], last["position"]["seq"]), ("long", fill["seq"]))
        self.assertEqual((last["closed"]["close_reason"], last["closed"]["unfilled"]),
                         ("cancelled", "0.03"))
        self.assertEqual((last["settings"]["leverage"], last["ledger"]["amount"]), (4, "1.5"))
        for name in ("free", "reserved", "position_margin", "collateral"):
            self.assertEqual(Decimal(last["balance"][name]), Decimal(account[name]), name)

    def test_one_channel_can_be_had_alone(self):
        maker, agent = self.agent(), self.agent()
        ws = self.socket(agent.key)
        self.subscribed(ws, "fills")
        self.error(ws.call("subscribe", channel="private"), "invalid_request")
        self.trade(agent, maker)
        self.assertEqual(ws.next_of(*PRIVATE)["type"], "fills")
        self.assertEqual(ws.drain(), [])

    def test_a_socket_that_breaks_resumes_without_a_gap(self):
        agent = self.agent()
        ws = self.socket(agent.key)
        self.subscribed(ws, "private")
        seen = set()
        for round_number in range(5):
            for number in range(10):
                self.place(agent, price=str(50_000 + number))
            seen.update(m["seq"] for m in self.read_all(ws, agent))
            ws.abort()
            for number in range(5):  # nobody listens
                self.place(agent, price=str(49_000 + number))
            ws = self.socket(agent.key)
            answer = self.subscribed(ws, "private", resume_from=max(seen))
            self.assertEqual(answer["seq"], max(seen))
            self.assertGreater(answer["last_seq"], max(seen), round_number)
            seen.update(m["seq"] for m in self.read_all(ws, agent))
        self.assertEqual(sorted(seen), list(range(min(seen), max(seen) + 1)))
        self.assertEqual(str(max(seen)), self.ok(agent.get("/api/v1/account"))["sequence"])

    def test_who_was_away_too_long_is_told_to_start_afresh(self):
        agent = self.agent()
        ws = self.socket(agent.key)
        for _ in range(RESUME_MAX // 100 + 1):
            rows = [order(price="50000")] * 50
            self.ok(agent.post("/api/v1/orders/batch", {"orders": rows}))
            self.ok(agent.post("/api/v1/orders/cancel-all"))
        self.error(ws.call("subscribe", channel="private", resume_from=1), "invalid_cursor")
        self.error(ws.call("subscribe", channel="private", resume_from=10**9), "invalid_cursor")
        self.subscribed(ws, "private")

    def test_private_channels_need_the_scope_read(self):
        agent = self.agent()
        self.error(self.socket().call("subscribe", channel="orders"), "unauthorized")
        trader = self.socket(self.key_of(agent, "trade").key)
        self.error(trader.call("subscribe", channel="orders"), "forbidden", "read")

    def test_a_revoked_or_expired_key_ends_them_within_a_second(self):
        agent = self.agent()
        for end in ("revoked", "expired"):
            soon = {"expires_at": int(time.time() * 1000) + 1_000} if end == "expired" else {}
            key = self.key_of(agent, "read", "trade", **soon)
            ws = self.socket(key.key)
            self.subscribed(ws, "private")
            self.subscribed(ws, "ticker", market="SOL-PERP")
            if end == "revoked":
                self.ok(agent.delete(f"/api/v1/keys/{key.key_id}"))
            self.error(ws.next_of("error"), "unauthorized")
            ws.drain()
            self.place(agent)
            self.assertFalse([m for m in ws.drain() if m["type"] in PRIVATE], end)
            self.error(ws.call("place", **order()), "unauthorized")
            self.exchange.push_prices(SOL="150.5")
            self.exchange.push_prices(SOL="150")
            ws.next_of("ticker")

    def test_who_does_not_read_is_closed_and_delays_nobody(self):
        agent, ws = self.agent("50000000"), self.silent_socket()
        ws.sendall(self.masked({"op": "auth", "key": agent.key, "id": 1}))
        ws.sendall(self.masked({"op": "subscribe", "channel": "private", "id": 2}))
        before = self.exchange.client().get("/healthz").status
        rows = [order(price=str(50_000 + n)) for n in range(100)]
        for _ in range(BATCHES_PAST_ANY_BUFFER):
            self.ok(agent.post("/api/v1/orders/batch", {"orders": rows}))
            began = time.monotonic()
            self.ok(agent.post("/api/v1/orders/cancel-all"))
            self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(before, 200)
        data = b""
        while chunk := ws.recv(1 << 16):
            data = (data + chunk)[-4096:]
        reason = data[data.rindex(b"slow consumer"):].decode()
        self.assertIn((4008).to_bytes(2, "big") + b"slow consumer", data)
        self.assertRegex(reason, r"^slow consumer; resume_from \d+$")

    def silent_socket(self):
        ws = socket.socket()
        self.addCleanup(ws.close)
        ws.settimeout(10)
        ws.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ws.connect(("127.0.0.1", self.exchange.port))
        ws.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                   b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        self.assertTrue(ws.recv(64).startswith(b"HTTP/1.1 101"))
        return ws

    def masked(self, message):
        payload = json.dumps(message).encode()
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else (
            b"\xfe" + len(payload).to_bytes(2, "big"))
        return b"\x81" + length + b"\0\0\0\0" + payload


class OrderEntry(WebSocketTest):
    def test_orders_can_be_placed_amended_and_cancelled(self):
        agent = self.agent()
        ws = self.socket(agent.key)
        placed = ws.call("place", **order(client_id="a"))
        self.assertEqual((placed["type"], placed["ok"], placed["status"], placed["replayed"]),
                         ("reply", True, "open", False))
        shown = self.ok(agent.get(f"/api/v1/orders/{placed['order_id']}"))
        self.assertEqual(shown["client_id"], "a")
        amended = ws.call("amend", client_id="a", market="BTC-PERP", size="0.005")
        self.assertEqual((amended["ok"], amended["remaining"]), (True, "0.005"))
        cancelled = ws.call("cancel", order_id=placed["order_id"])
        self.assertEqual((cancelled["ok"], cancelled["cancelled"]), (True, "0.005"))
        intent = ws.call("intent", market="BTC-PERP", direction="long", size_usdc="600",
                         limit_price="50000", reason="dip")
        self.assertEqual(self.ok(agent.get(f"/api/v1/intents/{intent['intent_id']}"))["reason"],
                         "dip")
        self.assertEqual(ws.call("cancel_all")["cancelled_orders"], 1)

    def test_batches_place_and_cancel(self):
        ws = self.socket(self.agent().key)
        answer = ws.call("batch", orders=[order(), order(price="1"), order()])
        self.assertTrue(answer["ok"])
        first, refused, last = answer["results"]
        self.assertEqual(refused["error"]["code"], "price_out_of_band")
        ids = [first["order_id"], last["order_id"], "4299999999"]
        results = ws.call("batch", order_ids=ids)["results"]
        self.assertEqual([r.get("status") for r in results], ["cancelled", "cancelled", None])

    def test_refusals_carry_code_and_numbers(self):
        poor = self.socket(self.agent("1").key)
        error = self.error(poor.call("place", **order()), "insufficient_margin", "size")
        self.assertEqual((error["needed"], error["available"]), ("600.3", "0.8"))
        self.error(poor.call("cancel", order_id="4294967297"), "order_not_found")
        self.error(poor.call("cancel"), "missing_field")
        self.error(poor.call("amend", order_id="4294967297"), "missing_field")
        self.error(poor.call("place", **order(market="NO-PERP")), "market_not_found")
        self.error(poor.call("place", **order(size=0.1)), "invalid_field", "size")
        self.error(self.socket().call("place", **order()), "unauthorized")
        reader = self.socket(self.key_of(self.agent(), "read").key)
        self.error(reader.call("place", **order()), "forbidden", "trade")

    def test_a_repeat_on_another_socket_or_over_http_gives_the_first_result(self):
        agent, key = self.agent(), unique("k")
        first = self.socket(agent.key).call("place", idempotency_key=key, **order())
        again = self.socket(agent.key).call("place", idempotency_key=key, **order())
        self.assertEqual((again["order_id"], again["replayed"]), (first["order_id"], True))
        http = self.ok(agent.post("/api/v1/orders", order(), **{"Idempotency-Key": key}))
        self.assertEqual((http["order_id"], http["replayed"]), (first["order_id"], True))
        conflict = self.socket(agent.key).call("place", idempotency_key=key,
                                               **order(size="0.02"))
        self.error(conflict, "idempotency_conflict")

    def test_a_burst_is_answered_whole_and_executed_in_order(self):
        agent = self.agent()
        ws = self.socket(agent.key)
        for number in range(200):
            ws.send({"op": "place", "id": number, **order(price=str(50_000 + number))})
        answers = {}
        while len(answers) < 200:
            answer = ws.read()
            answers[answer["id"]] = answer
        ids = [int(answers[n]["order_id"]) for n in range(200)]
        self.assertEqual(ids, sorted(ids))

    def test_a_closed_socket_takes_nothing_back(self):
        agent = self.agent()
        ws = Socket(self.exchange.port, agent.key)
        ws.send({"op": "place", **order(client_id="survivor")})
        ws.close()
        until(lambda: agent.get("/api/v1/orders").body["items"], "the order is there")


class OrderEntryLimits(ApiTest):
    settings = {"rate_agent": 1, "rate_agent_burst": 3}

    def test_order_entry_shares_the_budget_of_http(self):
        agent = self.agent("100000")  # the deposit took one
        with Socket(self.exchange.port, agent.key) as ws:
            for _ in range(50):
                answer = ws.call("place", **order())
                if not answer["ok"]:
                    break
            self.assertEqual((answer["error"]["code"], answer["error"]["field"]),
                             ("rate_limited", "agent_mutations"))
            self.assertGreaterEqual(answer["retry_after"], 1)
            self.assertTrue(ws.call("cancel_all")["ok"])


if __name__ == "__main__":
    unittest.main()
