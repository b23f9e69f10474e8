"""Agents and their API keys."""
import time
import unittest

from api_case import ApiTest, order, unique, until

KEYS_PER_AGENT = 16


class Agents(ApiTest):
    def test_a_new_agent_gets_a_key_with_every_scope(self):
        body = self.ok(self.guest.post("/api/v1/agents", {"wallet": unique("w")}))
        self.assertTrue(body["api_key"].startswith("th_"))
        self.assertRegex(body["api_key"], r"^th_[a-z2-7]{4}_[\w-]{32}$")  # 212 bits
        self.assertEqual(body["scopes"], ["read", "trade", "withdraw"])
        client = self.exchange.client(body["api_key"])
        account = self.ok(client.get("/api/v1/account"))
        self.assertEqual((account["agent_id"], account["free"]), (body["agent_id"], "0"))

    def test_a_profile_is_public_and_exact(self):
        wallet, bio = unique("w"), "Line one\nç 東京 \"quoted\" \\ <b>"
        agent_id = self.ok(self.guest.post("/api/v1/agents", {
            "wallet": wallet, "display_name": "Ünïcode", "bio": bio}))["agent_id"]
        agent = self.ok(self.guest.get(f"/api/v1/agents/{agent_id}"))
        self.assertEqual((agent["wallet"], agent["display_name"], agent["bio"]),
                         (wallet, "Ünïcode", bio))
        self.assertLess(abs(agent["registered_at"] - time.time() * 1000), 60_000)

    def test_a_wallet_registers_once(self):
        wallet = unique("w")
        self.ok(self.guest.post("/api/v1/agents", {"wallet": wallet}))
        again = self.guest.post("/api/v1/agents", {"wallet": wallet, "bio": "other"})
        self.refused(again, "wallet_taken", "wallet")

    def test_a_repeated_registration_shows_no_key_again(self):
        body, headers = {"wallet": unique("w")}, {"Idempotency-Key": unique("k")}
        first = self.ok(self.guest.post("/api/v1/agents", body, **headers))
        again = self.ok(self.guest.post("/api/v1/agents", body, **headers))
        self.assertEqual(again["agent_id"], first["agent_id"])
        self.assertEqual((again["replayed"], again["api_key"]), (True, None))

    def test_texts_have_bounds(self):
        for field, length in (("wallet", 128), ("display_name", 200), ("bio", 500)):
            body = {"wallet": unique("w"), field: unique("w").ljust(length, "x")}
            self.ok(self.guest.post("/api/v1/agents", body))
            body[field] += "x"
            self.refused(self.guest.post("/api/v1/agents", body), "invalid_field", field)
        self.refused(self.guest.post("/api/v1/agents", {"wallet": "a b"}), "invalid_field",
                     "wallet")
        self.refused(self.guest.post("/api/v1/agents", {"wallet": 7}), "invalid_field", "wallet")

    def test_pages_of_agents_hold_everybody_once(self):
        for _ in range(3):
            self.agent(None)
        ids = [int(a["agent_id"]) for a in self.all_pages(self.guest, "/api/v1/agents")]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))

    def test_unknown_agents_are_not_found(self):
        for name in ("0", "999999", "99999999999999999999"):
            reply = self.guest.get(f"/api/v1/agents/{name}")
            self.assertIn(reply.code, ("agent_not_found", "invalid_field"), reply)
        self.refused(self.guest.get("/api/v1/agents/999999"), "agent_not_found", "agent_id")
        self.refused(self.guest.get("/api/v1/agents/me"), "invalid_field", "agent_id")


class Keys(ApiTest):
    def test_a_key_can_do_what_its_scopes_say(self):
        agent = self.agent()
        reader = self.key_of(agent, "read")
        trader = self.key_of(agent, "trade")
        self.ok(reader.get("/api/v1/account"))
        self.refused(reader.post("/api/v1/orders", order()), "forbidden", "trade")
        self.ok(trader.post("/api/v1/orders", order()))
        self.refused(trader.get("/api/v1/account"), "forbidden", "read")
        self.refused(trader.post("/api/v1/account/withdraw", {"amount": "1"}), "forbidden",
                     "withdraw")

    def test_a_key_cannot_make_one_that_may_do_more(self):
        payer = self.key_of(self.agent(), "withdraw")
        self.ok(payer.post("/api/v1/keys", {"scopes": ["withdraw"]}))
        reply = payer.post("/api/v1/keys", {"scopes": ["withdraw", "trade"]})
        self.refused(reply, "forbidden", "scopes")

    def test_a_revoked_key_ends_at_once(self):
        agent = self.agent()
        other = self.key_of(agent, "read")
        self.ok(other.get("/api/v1/account"))
        self.ok(agent.delete(f"/api/v1/keys/{other.key_id}"))
        self.refused(other.get("/api/v1/account"), "unauthorized")
        self.refused(agent.delete(f"/api/v1/keys/{other.key_id}"), "key_not_found", "key_id")
        listed = [k["key_id"] for k in self.ok(agent.get("/api/v1/keys"))["items"]]
        self.assertNotIn(other.key_id, listed)

    def test_the_keys_of_others_cannot_be_revoked(self):
        victim = self.agent()
        key = self.key_of(victim, "read")
        self.refused(self.agent().delete(f"/api/v1/keys/{key.key_id}"), "key_not_found")
        self.ok(key.get("/api/v1/account"))

    def test_a_key_expires(self):
        agent = self.agent()
        expires_at = int(time.time() * 1000) + 1_000
        key = self.key_of(agent, "read", expires_at=expires_at)
        listed = {k["key_id"]: k for k in self.ok(agent.get("/api/v1/keys"))["items"]}
        self.assertEqual(listed[key.key_id]["expires_at"], expires_at)
        until(lambda: key.get("/api/v1/account").status == 401, "the key has expired")
        self.assertGreaterEqual(time.time() * 1000, expires_at)

    def test_the_first_key_may_expire_too(self):
        body = {"wallet": unique("w"), "key_expires_at": 1}
        key = self.ok(self.guest.post("/api/v1/agents", body))["api_key"]
        self.refused(self.exchange.client(key).get("/api/v1/account"), "unauthorized")

    def test_an_agent_holds_a_bounded_number_of_keys(self):
        agent = self.agent()
        for _ in range(KEYS_PER_AGENT - 1):
            key = self.key_of(agent, "read")
        self.refused(agent.post("/api/v1/keys", {"scopes": ["read"]}), "key_limit_reached")
        self.ok(agent.delete(f"/api/v1/keys/{key.key_id}"))
        self.ok(agent.post("/api/v1/keys", {"scopes": ["read"]}))

    def test_scopes_must_be_named_once(self):
        agent = self.agent()
        for scopes in ([], ["read", "read"], ["admin"], "read", [1]):
            self.refused(agent.post("/api/v1/keys", {"scopes": scopes}), "invalid_field")

    def test_a_key_may_come_as_bearer_token(self):
        agent = self.agent()
        headers = {"Authorization": f"Bearer {agent.key}"}
        self.ok(self.guest.get("/api/v1/account", **headers))
        self.refused(self.guest.get("/api/v1/account", Authorization="Bearer th_x"),
                     "unauthorized")


if __name__ == "__main__":
    unittest.main()
