#!/usr/bin/python3
"""Plain sockets: what clients of the former hub get from /ws without asking."""
import unittest

from hub_case import HubTest
from ws_client import Socket


class PlainSockets(HubTest):
    def setUp(self):
        self.settle_prices()
        self.maker = self.agent(100_000)
        self.sockets = []

    def tearDown(self):
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        for socket in self.sockets:
            socket.close()

    def socket(self, key=None):
        socket = Socket(self.exchange.port, key)
        self.sockets.append(socket)
        return socket

    @staticmethod
    def data_of(socket, kind, accept=lambda data: True):
        return socket.wait_for(lambda m: m["type"] == kind and accept(m["data"]))["data"]

    def test_the_first_frame_and_the_ping(self):
        socket = self.socket()
        greeting = socket.greeting
        self.assertEqual(greeting["type"], "connected")
        self.assertGreaterEqual(greeting["connections"], 1)
        self.assertRegex(greeting["timestamp"], r"\.\d{6}\+00:00$")
        self.assertTrue(greeting["message"])
        socket.send({"type": "ping"})
        socket.next_of("pong")
        socket.send({"type": "who knows"})
        socket.send("no JSON")
        socket.next_of("error")
        socket.send({"type": "ping"})
        socket.next_of("pong")

    def test_what_agents_do_reaches_everybody(self):
        socket = self.socket()
        taker = self.agent()
        agent = self.data_of(socket, "new_agent", lambda d: d["agent_id"] == taker.agent_id)
        self.assertEqual(agent["reputation_score"], 0.5)
        self.quote(self.maker, "sell", "60000", "0.1")
        body = self.ok(self.intend(taker, reason="seen by all"))
        intent = self.data_of(socket, "new_intent")
        self.assertEqual(intent, body["intent"])  # its final status
        self.assertEqual(self.data_of(socket, "new_match"), body["internal_match"])
        thought = self.data_of(socket, "agent_thought")
        self.assertEqual(thought, {"agent_id": taker.agent_id, "action": "LONG BTC-PERP $1000",
                                   "reason": "seen by all"})
        pnl = self.data_of(socket, "pnl_update", lambda d: d["agent_id"] == taker.agent_id)
        self.assertEqual((pnl["total_exposure"], pnl["positions"]), (999.96, 1))
        resting = self.ok(self.intend(taker, limit_price=59000))["intent"]
        self.ok(taker.delete(f"/intents/{resting['intent_id']}"))
        cancelled = self.data_of(socket, "intent_cancelled")
        self.assertEqual(cancelled, {"intent_id": resting["intent_id"]})

    def test_prices_come_at_most_once_a_second_each(self):
        socket = self.socket()
        for price in ("60001", "60002", "60003"):
            self.push_prices(BTC=price)
        self.data_of(socket, "price_update", lambda d: d["price"] == 60003.0)
        seen = [m for m in socket.pending if m["type"] == "price_update"
                and m["data"]["asset"] == "BTC"]
        self.assertLessEqual(len(seen), 2)

    def test_chat_signals_and_bets(self):
        socket = self.socket()
        creator, fader = self.agent(), self.agent()
        self.ok(creator.post("/chat/send", {"content": "<hi>", "message_type": "chat"}))
        message = self.data_of(socket, "chat_message")
        self.assertEqual((message["sender_id"], message["content"], message["message_type"]),
                         (creator.agent_id, "<hi>", "chat"))
        self.ok(creator.post("/a2a/send", {"to_agent": "*", "msg_type": "chat",
                                           "payload": {"content": "to all"}}))
        self.ok(creator.post("/chat/send", {"content": "secret", "recipient_id": fader.agent_id}))
        self.ok(creator.post("/chat/send", {"content": "done", "message_type": "ALERT"}))
        for content, kind in (("to all", "chat"), ("done", "alert")):  # and nothing between
            message = self.data_of(socket, "chat_message")
            self.assertEqual((message["content"], message["message_type"]), (content, kind))
        signal = self.ok(creator.post("/signals", {
            "agent_id": creator.agent_id, "asset": "BTC", "signal_type": "price_above",
            "target_value": 61000, "stake_amount": 10}))["signal"]
        created = socket.next_of("signal_created")
        self.assertEqual((created["signal_id"], created["creator"], created["stake"]),
                         (signal["signal_id"], creator.agent_id, 10.0))
        bet = self.ok(fader.post("/signals/fade", {"signal_id": signal["signal_id"],
                                                   "fader_id": fader.agent_id}))["bet"]
        faded = socket.next_of("signal_faded")
        self.assertEqual((faded["bet_id"], faded["fader"], faded["total_pot"]),
                         (bet["bet_id"], fader.agent_id, 20.0))

    def test_a_liquidation_reaches_everybody(self):
        sockets = [self.socket() for _ in range(3)]
        taker, buyer = self.agent(), self.agent(100_000)
        self.quote(self.maker, "sell", "60000", "0.1")
        position = self.ok(self.intend(taker, leverage=20))["position"]
        self.ok(taker.post(f"/positions/{position['position_id']}/stop-loss", {"price": 50000}))
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.quote(buyer, "buy", "57600", "0.1")
        for price in ("59400", "58806", "58300", "58000"):
            self.push_prices(BTC=price)
        for socket in sockets:
            data = self.data_of(socket, "liquidation")
            self.assertEqual((data["agent_id"], data["status"]), (taker.agent_id, "executed"))

    def test_who_logs_in_as_at_the_hub_gets_own_positions_alone(self):
        taker = self.agent()
        socket, plain = self.socket(), self.socket()
        socket.send({"type": "auth", "api_key": "th_none"})
        refused = socket.next_of("error")
        self.assertEqual(refused["code"], "invalid_api_key")
        socket.send({"type": "auth", "api_key": taker.key})
        self.assertEqual(socket.next_of("authenticated")["agent_id"], taker.agent_id)
        socket.pending.clear()
        self.quote(self.maker, "sell", "60000", "0.1")
        other = self.agent()
        self.ok(self.intend(other))
        position = self.ok(self.intend(taker))["position"]
        self.data_of(plain, "new_match", lambda data: data["agent_a_id"] == taker.agent_id)
        self.assertEqual(socket.drain(), [{"type": "position_update", "data": position}])

    def test_who_subscribes_gets_what_was_asked_for(self):
        socket, plain = self.socket(), self.socket()
        answer = socket.call("subscribe", channel="trades", market="ETH-PERP")
        self.assertEqual(answer["type"], "subscribed")
        socket.pending.clear()
        self.agent()
        taker = self.agent()
        self.quote(self.maker, "sell", "60000", "0.1")
        self.ok(self.intend(taker))
        self.quote(self.maker, "sell", "3000", "1", market="ETH-PERP")
        self.ok(self.intend(taker, asset="ETH"))
        self.data_of(plain, "new_match", lambda data: data["asset"] == "ETH-PERP")
        self.assertEqual([m["type"] for m in socket.drain()], ["trades"])

    def test_a_key_with_the_handshake_is_a_native_socket(self):
        taker = self.agent()
        socket, plain = self.socket(taker.key), self.socket()
        self.assertTrue(socket.greeting["agent_id"])
        self.quote(self.maker, "sell", "60000", "0.1")
        self.ok(self.intend(taker))
        self.data_of(plain, "new_match")
        self.assertEqual(socket.drain(), [])


if __name__ == "__main__":
    unittest.main()
