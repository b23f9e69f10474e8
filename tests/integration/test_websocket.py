"""Public channels of /ws followed through real trading, and the protocol's edges."""
import socket
import unittest

import websockets

from api_case import harness, order, until
from ws_client import Book, Socket, WebSocketTest

MESSAGE_BYTES_MAX = 64 * 1024
SUBSCRIPTIONS_MAX = 128


class PublicChannels(WebSocketTest):
    def test_the_book_can_be_followed_by_sequence_and_checksum(self):
        maker, taker, ws = self.agent("50000000"), self.agent("50000000"), self.socket()
        self.place(maker, "sell", "0.1", "60500")
        self.subscribed(ws, "book", market="BTC-PERP")
        book = Book(ws.next_of("book"))
        self.assertEqual(book.side("asks"), [("60500", "0.1")])
        for number in range(30):
            self.place(maker, "sell", "0.01", str(60_001 + number % 7))
            placed = self.place(taker, "buy", "0.02", str(59_990 + number % 9), client_id=None)
            if number % 3 == 0:
                self.ok(taker.delete(f"/api/v1/orders/{placed['order_id']}"))
            if number % 5 == 0:
                self.place(taker, "buy", "0.015", "60010", time_in_force="ioc")
            if number % 10 == 0:
                self.follow(ws, book)  # a slow socket's changes are conflated: force some apart
        self.follow(ws, book)
        self.assertGreater(book.deltas, 2)
        self.ok(maker.post("/api/v1/orders/cancel-all"))
        self.ok(taker.post("/api/v1/orders/cancel-all"))
        self.follow(ws, book)
        self.assertEqual((book.side("bids"), book.side("asks")), ([], []))

    def follow(self, ws, book):
        """Until the followed book is the one that HTTP shows."""
        while True:
            shown = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/book?depth=100"))
            same = [[(p, s) for p, s, _ in shown[side]] == book.side(side)
                    for side in ("bids", "asks")]
            if all(same):
                return
            book.apply(ws.next_of("book"))

    def test_status_and_insurance_are_told_as_they_change(self):
        ws, path = self.socket(), "/api/v1/operator/markets/ETH-PERP"
        for channel in ("status", "insurance", "funding", "liquidations"):
            self.subscribed(ws, channel, market="ETH-PERP")
        first = {m["type"]: m for m in ws.drain()}
        self.assertEqual(set(first) - {"connected"}, {"status", "insurance", "funding"})
        self.assertEqual((first["status"]["mode"], first["insurance"]["cash"]), ("open", "0"))
        self.ok(self.operator.post(f"{path}/mode", {"mode": "halted"}))
        told = ws.next_of("status")
        shown = self.ok(self.guest.get("/api/v1/markets/ETH-PERP"))["exchange_status"]
        self.assertEqual({name: told[name] for name in shown}, shown)
        self.assertEqual((told["market"], told["mode"]), ("ETH-PERP", "halted"))
        self.ok(self.operator.post(f"{path}/insurance", {"amount": "12.5"}))
        self.assertEqual(ws.next_of("insurance")["cash"], "12.5")
        self.ok(self.operator.post(f"{path}/mode", {"mode": "open"}))
        self.assertEqual(ws.next_of("status")["mode"], "open")

    def test_only_the_best_hundred_levels_are_shown(self):
        maker, ws = self.agent("50000000"), self.socket()
        rows = [order("sell", "0.001", str(60_100 + n)) for n in range(100)]
        self.ok(maker.post("/api/v1/orders/batch", {"orders": rows}))
        self.place(maker, "sell", "0.001", "60300")
        self.subscribed(ws, "book", market="BTC-PERP")
        book = Book(ws.next_of("book"))
        self.assertEqual(len(book.side("asks")), 100)
        self.place(maker, "sell", "0.001", "60050")
        book.apply(ws.next_of("book"))
        self.assertEqual([book.side("asks")[0][0], book.side("asks")[-1][0]], ["60050", "60198"])
        ids = [o["order_id"] for o in self.ok(maker.get("/api/v1/orders?limit=3"))["items"]]
        self.ok(maker.delete(f"/api/v1/orders/{ids[0]}"))
        book.apply(ws.next_of("book"))
        self.assertEqual(book.side("asks")[-1][0], "60199")

    def test_trades_come_gap_free_and_as_http_shows_them(self):
        maker, taker, ws = self.agent(), self.agent(), self.socket()
        self.subscribed(ws, "trades", market="BTC-PERP")
        for number in range(10):
            self.place(maker, "sell", "0.01", str(60_000 + number))
            self.place(taker, "buy", "0.01", "60100", time_in_force="ioc")
        seen = []
        while len(seen) < 10:
            seen += ws.next_of("trades")["trades"]
        ids = [int(t["trade_id"]) for t in seen]
        self.assertEqual(ids, list(range(ids[0], ids[0] + 10)))
        shown = self.ok(self.guest.get("/api/v1/markets/BTC-PERP/trades?limit=10"))["items"][:10]
        self.assertEqual(seen[::-1], shown)

    def test_ticker_and_candles_follow_trades_and_prices(self):
        maker, taker, ws = self.agent(), self.agent(), self.socket()
        self.subscribed(ws, "ticker", market="ETH-PERP")
        self.assertEqual(ws.next_of("ticker")["mark_price"], "3000")
        self.subscribed(ws, "candles", market="ETH-PERP", interval="1m")
        eth = {"market": "ETH-PERP", "size": "1"}
        self.place(maker, side="sell", price="3003.5", **eth)
        self.place(taker, side="buy", price="3010", time_in_force="ioc", **eth)
        candle = ws.next_of("candles")
        self.assertEqual((candle["close"], candle["volume"], candle["closed"]),
                         ("3003.5", "1", False))
        ws.wait_for(lambda m: m["type"] == "ticker" and m["last_price"] == "3003.5")
        self.exchange.push_prices(ETH="3001")
        ws.wait_for(lambda m: m["type"] == "ticker" and m["index_price"] == "3001")
        self.exchange.push_prices(ETH="3000")

    def test_thoughts_of_all_or_of_one_agent(self):
        first, second = self.agent(), self.agent()
        everybody, one = self.socket(), self.socket()
        self.subscribed(everybody, "thoughts")
        self.subscribed(one, "thoughts", agent_id=second.agent_id)
        for agent, text in ((first, "from the first"), (second, "ünd der zweite")):
            self.ok(agent.post("/api/v1/thoughts", {"text": text, "market": "BTC-PERP"}))
        self.assertEqual([everybody.next_of("thoughts")["text"] for _ in range(2)],
                         ["from the first", "ünd der zweite"])
        message = one.next_of("thoughts")
        self.assertEqual((message["text"], message["agent_id"], message["market"]),
                         ("ünd der zweite", second.agent_id, "BTC-PERP"))
        self.error(one.call("subscribe", channel="thoughts", agent_id="987654"),
                   "agent_not_found")

    def test_unsubscribing_ends_a_channel(self):
        ws, agent = self.socket(), self.agent()
        self.subscribed(ws, "thoughts")
        self.assertEqual(ws.call("unsubscribe", channel="thoughts")["type"], "unsubscribed")
        self.ok(agent.post("/api/v1/thoughts", {"text": "unheard"}))
        self.assertEqual(ws.drain(), [])
        self.error(ws.call("unsubscribe", channel="thoughts"), "invalid_request")


class ProtocolEdges(WebSocketTest):
    def test_the_greeting_says_who_is_there(self):
        agent = self.agent()
        self.assertEqual(self.socket(agent.key).greeting["agent_id"], agent.agent_id)
        guest = self.socket()
        self.assertEqual((guest.greeting["type"], guest.greeting["agent_id"]), ("connected", None))
        wrong = self.socket("th_wrong")
        self.assertIsNone(wrong.greeting["agent_id"])
        self.error(wrong.next_of("error"), "unauthorized")
        answer = wrong.call("auth", key=agent.key)
        self.assertEqual((answer["type"], answer["agent_id"]), ("authenticated", agent.agent_id))
        self.error(wrong.call("auth", key=agent.key), "invalid_request")

    def test_garbage_is_answered_and_the_socket_lives_on(self):
        ws = self.socket()
        for text in ("", "hello", "[]", "7", "{", '{"op":7}', "{}", '{"op":"dance"}',
                     '{"op":"ping","extra":1}', '{"op":"subscribe"}', "[" * 1000,
                     '{"op":"subscribe","channel":"book"}',
                     '{"op":"subscribe","channel":"book","market":"NO-PERP"}',
                     '{"op":"subscribe","channel":"ticker","market":"BTC-PERP","interval":"1m"}',
                     '{"op":"subscribe","channel":"private"}', '{"op":"place"}',
                     '{"op":"auth","key":"th_no"}'):
            ws.send(text)
            self.assertIn(ws.next_of("error", "reply")["error"]["code"],
                          ("malformed_json", "invalid_field", "missing_field", "unauthorized",
                           "market_not_found"), text)
        self.assertEqual(ws.call("ping")["type"], "pong")
        ws.send('{"type":"ping"}')
        self.assertEqual(ws.next_of("pong")["id"], None)

    def test_a_socket_holds_a_bounded_number_of_subscriptions(self):
        ws = self.socket()
        self.subscribed(ws, "book", market="BTC-PERP")
        self.error(ws.call("subscribe", channel="book", market="BTC-PERP"), "invalid_request")
        ids = [self.agent(None).agent_id for _ in range(SUBSCRIPTIONS_MAX)]
        for agent_id in ids[1:]:
            self.subscribe_patiently(ws, agent_id, "subscribed")
        self.subscribe_patiently(ws, ids[0], "error")
        self.error(ws.call("subscribe", channel="thoughts", agent_id=ids[0]), "invalid_request")

    def subscribe_patiently(self, ws, agent_id, expected):
        """Again while the socket's budget of operations is used up."""
        def subscribe():
            answer = ws.call("subscribe", channel="thoughts", agent_id=agent_id)
            is_limited = answer["type"] == "error" and answer["error"]["code"] == "rate_limited"
            return None if is_limited else answer
        self.assertEqual(until(subscribe, "budget")["type"], expected)

    def test_operations_of_a_socket_have_a_budget(self):
        ws = self.socket()
        for number in range(300):
            ws.send({"op": "ping", "id": number})
        answers = [ws.read() for _ in range(300)]
        limited = [a for a in answers if a["type"] == "error"]
        self.assertGreater(len(limited), 100)
        self.assertEqual({a["error"]["code"] for a in limited}, {"rate_limited"})

    def test_what_breaks_the_protocol_is_closed_with_its_code(self):
        for data, code in ((b"\x00\x01", 1003), ("x" * (MESSAGE_BYTES_MAX + 1), 1009)):
            ws = self.socket()
            ws.send(data)
            self.assertEqual(ws.close_code(), code)

    def test_text_that_is_not_utf8_and_unmasked_frames_are_closed(self):
        for frame, code in ((b"\x81\x82\x00\x00\x00\x00\xff\xfe", 1007), (b"\x81\x02hi", 1002),
                            (b"\xf1\x80\x00\x00\x00\x00", 1002)):
            with socket.create_connection(("127.0.0.1", self.exchange.port), 10) as raw:
                raw.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                data = b""
                while b'"agent_id":null}' not in data:
                    data += raw.recv(4096)
                raw.sendall(frame)
                data = data.partition(b'"agent_id":null}')[2]
                while chunk := raw.recv(4096):
                    data += chunk
            self.assertEqual((data[0], int.from_bytes(data[2:4], "big")), (0x88, code))

    def test_sockets_open_at_their_path_only(self):
        reply = harness.Client(self.exchange.port).get("/ws")  # an error of the root API
        self.assertEqual((reply.status, reply.code), (404, "not_found"))
        with self.assertRaises(websockets.InvalidHandshake):
            Socket(self.exchange.port, path="/other")


if __name__ == "__main__":
    unittest.main()
