"""Chat, signals and bets, runtime and messages of the root API."""
import unittest

from hub_case import HubTest

NOBODY = "agent_9999"
SIGNAL_FIELDS = set("signal_id creator_id asset signal_type target_value stake_amount expires_at "
                    "status fader_id matched_at settlement_price winner_id payout "
                    "description".split())
BET_FIELDS = set("bet_id signal_id creator_id fader_id asset target_value stake_per_side total_pot "
                 "expires_at status".split())


class Chat(HubTest):
    def messages(self, client, channel="public"):
        return self.ok(client.get(f"/chat/messages?channel={channel}&limit=200"))["messages"]

    def test_what_is_said_is_shown_oldest_first(self):
        agent = self.agent(0)
        first = self.ok(agent.post("/chat/send", {"content": "<one>"}))["message"]
        self.assertEqual(set(first), {"id", "sender_id", "sender_name", "content", "message_type",
                                      "timestamp"})
        self.assertEqual((first["content"], first["message_type"], first["sender_id"]),
                         ("<one>", "thought", agent.agent_id))
        second = self.ok(agent.post("/chat/send", {"content": "two", "message_type": "CHAT"}))
        shown = self.messages(self.guest)
        self.assertEqual([m["id"] for m in shown[-2:]], [first["id"], second["message"]["id"]])
        self.assertEqual(set(shown[-1]), {"id", "sender_id", "sender_name", "channel",
                                          "message_type", "content", "metadata", "created_at"})
        self.assertEqual((shown[-1]["channel"], shown[-1]["message_type"], shown[-1]["metadata"]),
                         ("public", "chat", {}))
        self.assertEqual(shown[-2]["created_at"], first["timestamp"])

    def test_every_kind_is_kept(self):
        agent = self.agent(0)
        for kind in ("thought", "chat", "signal", "system", "alert"):
            self.ok(agent.post("/chat/send", {"content": kind, "message_type": kind}))
        self.assertEqual([m["message_type"] for m in self.messages(self.guest)[-5:]],
                         ["thought", "chat", "signal", "system", "alert"])
        for fields in ({}, {"content": ""}, {"content": "x" * 5_001}, {"content": 1},
                       {"content": "x", "message_type": "shout"}, {"content": "\u0000"}):
            self.refused(agent.post("/chat/send", fields), 422, "validation_failed")
        self.ok(agent.post("/chat/send", {"content": "\U0001F600" * 5_000}))

    def test_private_messages_are_for_their_two_ends(self):
        agent, other, third = self.agent(0), self.agent(0), self.agent(0)
        body = {"content": "psst", "recipient_id": other.agent_id}
        sent = self.ok(agent.post("/chat/send", body))["message"]
        for who in (agent, other):
            shown = self.messages(who, "private")
            self.assertEqual([m["id"] for m in shown], [sent["id"]])
            self.assertEqual(shown[0]["channel"], "private")
        for who in (third, self.guest):
            self.assertEqual(self.messages(who, "private"), [])
        self.assertNotIn("psst", [m["content"] for m in self.messages(agent)])
        reply = agent.post("/chat/send", {"content": "x", "recipient_id": NOBODY})
        self.refused(reply, 404, "not_found")

    def test_optional_credentials_must_be_good(self):
        reply = self.guest.get("/chat/messages", **{"X-API-Key": "th_bad"})
        self.refused(reply, 401, "invalid_api_key")
        self.assertEqual(self.messages(self.guest, "nowhere"), [])
        self.refused(self.guest.get("/chat/messages?limit=0"), 422, "validation_failed")

    def test_thoughts_and_signals(self):
        agent = self.agent(0)
        said = self.ok(agent.post("/chat/thought", {"content": "hmm"}))
        thought = self.ok(self.guest.get("/chat/thoughts?limit=1"))["thoughts"][0]
        self.assertEqual(set(thought), {"id", "agent_id", "agent_name", "thought", "metadata",
                                        "timestamp"})
        self.assertEqual((thought["id"], thought["thought"]), (said["message_id"], "hmm"))
        self.refused(agent.post("/chat/thought", {}), 422, "validation_failed")
        view = {"asset": "btc", "direction": "LONG", "confidence": 0.75, "rationale": "why not"}
        said = self.ok(agent.post("/chat/signal", view))
        shown = self.messages(self.guest)[-1]
        self.assertEqual(shown["id"], said["message_id"])
        self.assertEqual(shown["metadata"], {"asset": "BTC-PERP", "direction": "long",
                                             "confidence": 0.75})
        self.assertEqual(shown["content"], "LONG BTC-PERP: why not")
        for wrong in ({"asset": "NONE"}, {"direction": "up"}, {"confidence": 1.1},
                      {"rationale": ""}, {"rationale": "x" * 2_001}):
            self.refused(agent.post("/chat/signal", {**view, **wrong}), 422, "validation_failed")

    def test_rate_state_counts_mutations_and_reading_makes_none(self):
        agent = self.agent(0)
        for _ in range(3):
            self.ok(agent.post("/chat/thought", {"content": "x"}))
        state = self.ok(self.guest.get(f"/rate-limit/{agent.agent_id}"))
        self.assertEqual(set(state), {"agent_id", "requests_1s", "requests_1m", "requests_1h",
                                      "violations", "banned", "banned_until"})
        self.assertEqual((state["requests_1m"], state["requests_1h"], state["banned"]),
                         (3, 3, False))
        self.assertEqual(self.ok(self.guest.get("/rate-limit/x%20y"))["requests_1h"], 0)


class Signals(HubTest):
    def create(self, agent, **fields):
        body = {"agent_id": agent.agent_id, "asset": "BTC", "signal_type": "price_above",
                "target_value": 61_000, "stake_amount": 10, **fields}
        return agent.post("/signals", body)

    def balance(self, agent):
        return self.ok(agent.get(f"/balance/{agent.agent_id}"))["total"]

    def test_a_signal_takes_its_stake(self):
        agent = self.agent(100)
        signal = self.ok(self.create(agent))["signal"]
        self.assertEqual(set(signal), SIGNAL_FIELDS)
        self.assertEqual((signal["status"], signal["asset"], signal["target_value"],
                          signal["stake_amount"], signal["fader_id"]),
                         ("open", "BTC-PERP", 61_000, 10, None))
        self.assertRegex(signal["signal_id"], r"^sig_[0-9a-f]{12}$")
        self.assertEqual(self.balance(agent), 90)
        self.assertEqual(self.ok(self.guest.get(f"/signals/{signal['signal_id']}")), signal)
        self.assertIn(signal, self.ok(self.guest.get("/signals"))["signals"])
        self.assertIn(signal, self.ok(self.guest.get("/signals/open"))["signals"])
        self.assertIn(signal, self.ok(self.guest.get("/signals?asset=btc-perp"))["signals"])
        self.assertNotIn(signal, self.ok(self.guest.get("/signals?asset=ETH"))["signals"])
        self.assertEqual(self.ok(self.guest.get("/signals?asset=NONE"))["signals"], [])

    def test_kinds_and_bounds(self):
        agent = self.agent(10_000)
        self.ok(self.create(agent, signal_type="price_below", target_value="59000"))
        change = self.ok(self.create(agent, signal_type="price_change", target_value=2.5))
        self.assertEqual(change["signal"]["target_value"], 2.5)
        short = self.ok(self.create(agent, duration_hours=168, timeframe_hours=0.01))["signal"]
        self.assertLess(short["expires_at"], change["signal"]["expires_at"])
        for wrong in ({"asset": "NONE"}, {"signal_type": "up"}, {"target_value": 0},
                      {"target_value": -1}, {"stake_amount": 0}, {"stake_amount": 1000.01},
                      {"stake_amount": 0.004}, {"duration_hours": 0.001},
                      {"duration_hours": 168.1}, {"target_value": "x"}, {"target_value": 1}):
            body = self.refused(self.create(agent, **wrong), 422, "validation_failed")
            self.assertEqual([e["loc"] for e in body["errors"]], [["body", next(iter(wrong))]])
        poor = self.agent(5)
        refused = self.refused(self.create(poor), 400, "insufficient_balance")
        self.assertIn("Insufficient balance", refused["detail"])
        self.assertEqual(self.balance(poor), 5)
        reply = self.create(agent, agent_id=poor.agent_id, stake_amount="x")
        self.assertIn("another agent", self.refused(reply, 403, "forbidden")["detail"])

    def test_fading_makes_a_bet(self):
        agent, other, third = self.agent(100), self.agent(100), self.agent(100)
        signal = self.ok(self.create(agent))["signal"]
        path = f"/signals/{signal['signal_id']}/fade"
        self.assertEqual(self.refused(agent.post(path, {}), 400, "own_signal")["detail"],
                         "Cannot fade your own signal")
        self.refused(other.post(path, {"stake_amount": 11}), 422, "validation_failed")
        self.refused(other.post(path, {"fader_id": third.agent_id}), 403, "forbidden")
        body = self.ok(other.post(path, {"fader_id": other.agent_id, "stake_amount": 10}))
        bet = body["bet"]
        self.assertEqual(set(bet), BET_FIELDS)
        self.assertEqual((bet["stake_per_side"], bet["total_pot"], bet["status"],
                          bet["creator_id"], bet["fader_id"]),
                         (10, 20, "pending", agent.agent_id, other.agent_id))
        self.assertEqual((self.balance(agent), self.balance(other)), (90, 90))
        refused = self.refused(third.post(path, {}), 400, "already_matched")
        self.assertIn("already", refused["detail"])
        self.assertIn("matched", refused["detail"])
        shown = self.ok(self.guest.get(f"/signals/{signal['signal_id']}"))
        self.assertEqual((shown["status"], shown["fader_id"]), ("matched", other.agent_id))
        self.assertIn(shown, self.ok(self.guest.get("/signals?status=matched"))["signals"])
        self.assertIn(shown, self.ok(self.guest.get("/signals?status=all"))["signals"])
        self.assertNotIn(shown, self.ok(self.guest.get("/signals"))["signals"])

        settle = f"/bets/{bet['bet_id']}/settle?price=1"
        self.refused(agent.request("POST", settle), 400, "not_expired")
        refused = self.refused(third.request("POST", settle), 403, "forbidden")
        self.assertIn("don't own", refused["detail"])
        self.refused(self.guest.request("POST", settle), 401, "authentication_required")
        for name in ("bet_000000ffff00", "x", signal["signal_id"]):
            self.refused(agent.request("POST", f"/bets/{name}/settle"), 404, "not_found")

    def test_fading_by_name(self):
        agent, other = self.agent(100), self.agent(100)
        signal = self.ok(self.create(agent))["signal"]["signal_id"]
        own = {"fader_id": other.agent_id}
        self.refused(other.post("/signals/fade", {"signal_id": "sig_000000ffff00", **own}), 400,
                     "unknown_signal")
        self.refused(other.post("/signals/fade", own), 422, "validation_failed")
        self.refused(other.post("/signals/fade", {"signal_id": signal}), 422, "validation_failed")
        reply = agent.post("/signals/fade", {"signal_id": signal, **own})
        self.refused(reply, 403, "forbidden")
        poor = self.agent(5)
        reply = poor.post("/signals/fade", {"signal_id": signal, "fader_id": poor.agent_id})
        self.refused(reply, 400, "insufficient_balance")
        self.ok(other.post("/signals/fade", {"signal_id": signal, "stake": "10.00", **own}))

    def test_statistics(self):
        before = self.ok(self.guest.get("/betting/stats"))
        self.assertEqual(set(before), set("total_signals total_bets total_volume protocol_fees "
                                          "open_signals pending_bets internal_match_rate".split()))
        agent, other = self.agent(100), self.agent(100)
        signal = self.ok(self.create(agent))["signal"]["signal_id"]
        self.ok(other.post(f"/signals/{signal}/fade", {}))
        after = self.ok(self.guest.get("/betting/stats"))
        self.assertEqual((after["total_signals"], after["total_bets"], after["pending_bets"]),
                         tuple(before[name] + 1
                               for name in ("total_signals", "total_bets", "pending_bets")))
        self.refused(self.guest.get("/signals/sig_000000ffff00"), 404, "not_found")
        self.refused(self.guest.get("/signals?status=broken"), 422, "validation_failed")


class Runtime(HubTest):
    def test_a_runtime_is_noted_and_shown(self):
        agent, other = self.agent(0), self.agent(0)
        path = f"/runtime/agents/{agent.agent_id}"
        dormant = self.ok(self.guest.get(path + "/status"))
        self.assertEqual((dormant["state"], dormant["is_running"]), ("dormant", False))
        body = self.ok(agent.post(path + "/start", {
            "heartbeat_interval": 30, "markets": ["BTC-PERP"], "strategy": "mean",
            "take_profit": 0.2, "stop_loss": -0.1, "default_leverage": 5.0,
            "signal_sources": ["a"], "strategy_params": {"x": 1}}))
        self.assertEqual(body["config"], {
            "heartbeat_interval": 30, "markets": ["BTC-PERP"], "strategy": "mean",
            "take_profit": 0.2, "stop_loss": -0.1, "default_leverage": 5, "max_open_positions": 3,
            "signal_sources": ["a"]})
        shown = self.ok(self.guest.get(path + "/status"))
        self.assertEqual((shown["state"], shown["is_running"]), ("active", True))
        self.assertEqual(shown["config"], {"heartbeat_interval": 30, "markets": ["BTC-PERP"],
                                           "strategy": "mean"})
        self.refused(other.post(path + "/stop"), 403, "forbidden")
        self.assertTrue(self.ok(agent.request("POST", path + "/stop"))["message"])
        self.assertEqual(self.ok(self.guest.get(path + "/status"))["state"], "stopped")
        self.assertEqual(self.ok(self.guest.get("/runtime/agents/nobody/status")),
                         {"error": "Agent not found"})

    def test_bounds(self):
        agent = self.agent(0)
        path = f"/runtime/agents/{agent.agent_id}/start"
        for wrong in ({"default_leverage": 2.5}, {"default_leverage": 21}, {"stop_loss": 0.1},
                      {"max_open_positions": 11}, {"min_confidence": 2}, {"markets": "BTC"}):
            self.refused(agent.post(path, wrong), 422, "validation_failed")
        self.assertEqual(len(self.ok(agent.request("POST", path))["config"]["markets"]) > 1, True)
        self.refused(self.guest.post(path), 401, "authentication_required")


class Messages(HubTest):
    PAYLOADS = {
        "signal_proposal": {"asset": "BTC", "direction": "long", "confidence": 1,
                            "timeframe": "1h"},
        "trade_acceptance": {"proposal_message_id": "x", "accepted": True, "size_usdc": 1.50},
        "strategy_update": {"strategy_name": "x", "status": "y"},
        "risk_alert": {"alert_type": "x", "severity": "low", "asset": "BTC"},
        "position_update": {"asset": "BTC", "action": "open", "side": "long"},
        "chat": {"content": "hello"},
    }

    def test_every_type_arrives(self):
        agent, other = self.agent(0), self.agent(0)
        for kind, payload in {**self.PAYLOADS, "coordination_request": {}}.items():
            body = self.ok(agent.post("/a2a/send", {"to_agent": other.agent_id, "msg_type": kind,
                                                    "payload": payload, "reply_to": "m1"}))
            self.assertEqual((body["msg_type"], body["validated"]), (kind, True))
            last = self.ok(other.get("/chat/messages?channel=private"))["messages"][-1]
            self.assertEqual(last["id"], body["message_id"])
            self.assertEqual(last["metadata"], {"msg_type": kind, "payload": payload,
                                                "reply_to": "m1"})
        self.ok(agent.post("/a2a/send", {"to_agent": "*", "msg_type": "chat",
                                         "payload": {"content": "to all"}}))
        self.assertEqual(self.ok(self.guest.get("/chat/messages"))["messages"][-1]["content"],
                         "to all")

    def test_what_is_missing_is_named(self):
        agent, other = self.agent(0), self.agent(0)
        for kind in self.PAYLOADS:
            refused = self.refused(agent.post("/a2a/send", {
                "to_agent": other.agent_id, "msg_type": kind, "payload": {}}), 422,
                "validation_failed")
            for field in self.PAYLOADS[kind]:
                self.assertIn(field, refused["detail"])
        body = {"to_agent": other.agent_id, "msg_type": "chat", "payload": {"content": "x"}}
        for wrong in ({"msg_type": "shout"}, {"payload": "x"}, {"payload": None}, {"to_agent": ""},
                      {"payload": {"content": "x", "more": "y" * 5_000}}):
            self.refused(agent.post("/a2a/send", {**body, **wrong}), 422, "validation_failed")
        self.refused(agent.post("/a2a/send", {**body, "to_agent": NOBODY}), 404, "not_found")
        self.refused(self.guest.post("/a2a/send", body), 401, "authentication_required")


if __name__ == "__main__":
    unittest.main()
