"""Keys, scopes, tokens and login of the root API, and the order of its checks."""
import base64
import hashlib
import hmac
import json
import tempfile
import time
import unittest

from api_case import until
from hub_case import HubTest
from wallet import EvmWallet, Ed25519Wallet

KEY_FIELDS = set("key_id agent_id name scopes created_at last_used expires_at is_active".split())
SECRET = "a secret of the tests, long enough"


def make_token(secret=SECRET, header=None, **claims):
    """A token as any other library makes it."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"sub": "agent_0001", "scopes": ["read", "write"], "iat": now, "exp": now + 60,
              **claims}
    head = header or {"alg": "HS256", "typ": "JWT"}
    text = part(json.dumps(head).encode()) + "." + part(json.dumps(claims).encode())
    return text + "." + part(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class Auth(HubTest):
    settings = {"jwt_secret": SECRET}

    def key(self, agent, **fields):
        body = self.ok(agent.post("/auth/keys", fields))
        client = self.exchange.client(body["api_key"])
        client.agent_id, client.info = agent.agent_id, body["key_info"]
        return client

    def bearer(self, token, path):
        return self.guest.get(path, Authorization=f"Bearer {token}")


class Keys(Auth):
    def test_a_key_is_made_listed_and_revoked(self):
        agent = self.agent(0)
        body = self.ok(agent.post("/auth/keys", {"name": " bot ", "expires_in_days": 2,
                                                 "scopes": ["read"]}))
        self.assertEqual(set(body), {"success", "api_key", "key_info", "warning"})
        info = body["key_info"]
        self.assertEqual(set(info), KEY_FIELDS)
        self.assertEqual((info["name"], info["scopes"], info["is_active"]),
                         ("bot", ["read"], True))
        self.assertRegex(info["key_id"], r"^key_[0-9a-f]{16}$")
        keys = self.ok(agent.get("/auth/keys"))["keys"]
        self.assertEqual([k["name"] for k in keys], ["default", "bot"])
        self.assertIsNotNone(keys[0]["last_used"])
        other = self.exchange.client(body["api_key"])
        self.ok(other.get("/auth/me"))
        self.ok(agent.delete(f"/auth/keys/{info['key_id']}"))
        self.assertEqual(self.refused(other.get("/auth/me"), 401, "invalid_api_key")["detail"],
                         "Invalid API key")
        self.refused(agent.delete(f"/auth/keys/{info['key_id']}"), 404, "not_found")

    def test_keys_of_others_are_unknown(self):
        agent, other = self.agent(0), self.agent(0)
        key_id = self.ok(other.get("/auth/keys"))["keys"][0]["key_id"]
        for name in (key_id, "key_1", "x", "%00", "%27"):
            self.refused(agent.delete(f"/auth/keys/{name}"), 404, "not_found")
        self.ok(other.get("/auth/me"))

    def test_defaults_and_bounds(self):
        agent = self.agent(0)
        info = self.ok(agent.request("POST", "/auth/keys"))["key_info"]
        self.assertEqual((info["name"], info["scopes"], info["expires_at"]),
                         ("default", ["read", "write"], None))
        for fields in ({"name": ""}, {"name": "x" * 51}, {"scopes": "read"}, {"scopes": []},
                       {"scopes": ["fly"]}, {"scopes": [1]}, {"expires_in_days": 0},
                       {"expires_in_days": 366}, {"expires_in_days": 1.5}):
            self.refused(agent.post("/auth/keys", fields), 422, "validation_failed")

    def test_the_number_of_keys_is_bounded(self):
        agent = self.agent(0)
        for _ in range(15):
            self.key(agent)
        self.refused(agent.post("/auth/keys", {}), 422, "limit_exceeded")


class Scopes(Auth):
    def test_nobody_gives_more_than_it_has(self):
        agent = self.agent(0)
        refused = self.refused(agent.post("/auth/keys", {"scopes": ["admin"]}), 403,
                               "scope_required")
        self.assertEqual(refused["detail"], "Scope 'admin' required")
        for scopes in (["read"], ["read", "trade"], ["trade"]):
            key = self.key(agent, scopes=scopes)
            self.refused(key.post("/auth/keys", {"scopes": ["read"]}), 403, "scope_required")

    def test_a_key_that_reads_is_refused_on_every_mutation(self):
        agent = self.agent(100)
        reader = self.key(agent, scopes=["read"])
        own = agent.agent_id
        self.ok(reader.get(f"/balance/{own}"))
        for method, path, body in (
                ("POST", "/deposit", {"agent_id": own, "amount": 1}),
                ("POST", "/withdraw", {"agent_id": own, "amount": 1}),
                ("POST", "/faucet", None),
                ("POST", "/transfer", {"from_agent": own, "to_agent": "x", "amount": 1}),
                ("POST", "/deposit/confirm", {}), ("POST", "/withdraw/onchain", {}),
                ("POST", "/auth/keys", {}),
                ("DELETE", f"/auth/keys/{reader.info['key_id']}", None),
                ("POST", "/chat/send", {"content": "x"}), ("POST", "/chat/thought", {}),
                ("POST", "/chat/signal", {}), ("POST", "/signals", {"agent_id": own}),
                ("POST", "/signals/fade", {"fader_id": own}), ("POST", "/a2a/send", {}),
                ("POST", f"/runtime/agents/{own}/start", {}),
                ("POST", f"/runtime/agents/{own}/stop", {}),
                ("POST", "/intents", {"agent_id": own})):
            refused = self.refused(reader.request(method, path, body), 403, "scope_required")
            self.assertRegex(refused["detail"], r"^Scope '(trade|write)' required$")

    def test_a_trading_key_moves_no_money_out(self):
        agent = self.agent(100)
        trader = self.key(agent, scopes=["read", "trade"])
        self.ok(trader.post("/chat/thought", {"content": "x"}))
        self.ok(trader.post("/deposit", {"agent_id": agent.agent_id, "amount": 1}))
        refused = self.refused(trader.post("/withdraw", {"agent_id": agent.agent_id, "amount": 1}),
                               403, "scope_required")
        self.assertEqual(refused["detail"], "Scope 'write' required")
        blind = self.key(agent, scopes=["trade"])
        refused = self.refused(blind.get(f"/balance/{agent.agent_id}"), 403, "scope_required")
        self.assertEqual(refused["detail"], "Scope 'read' required")


class Tokens(Auth):
    def test_a_token_is_as_good_as_a_key(self):
        agent = self.agent(5)
        token = make_token(sub=agent.agent_id)
        path = f"/balance/{agent.agent_id}"
        self.assertEqual(self.ok(self.bearer(token, path))["total"], 5)
        self.assertEqual(self.ok(self.bearer(token, "/auth/me"))["auth"]["scopes"],
                         ["read", "write"])
        reader = make_token(sub=agent.agent_id, scopes=["read"])
        reply = self.guest.post("/withdraw", {"agent_id": agent.agent_id, "amount": 1},
                                Authorization=f"Bearer {reader}")
        self.refused(reply, 403, "scope_required")

    def test_a_key_as_bearer_is_a_key(self):
        agent = self.agent(0)
        self.ok(self.bearer(agent.key, "/auth/me"))
        self.refused(self.bearer(agent.key + "x", "/auth/me"), 401, "invalid_api_key")

    def test_a_bad_token_is_refused(self):
        agent = self.agent(0).agent_id
        for token in (make_token("another secret of thirty-two bytes", sub=agent),
                      make_token(sub=agent, exp=int(time.time()) - 1),
                      make_token(sub="agent_9999"), make_token(sub="root"),
                      make_token(sub=agent, header={"alg": "none"}),
                      make_token(sub=agent, exp="never"), "x", "a.b.c"):
            refused = self.refused(self.bearer(token, "/auth/me"), 401, "invalid_token")
            self.assertEqual(refused["detail"], "Invalid or expired token")
        reply = self.guest.get("/auth/me", Authorization="Basic eDp5")
        self.refused(reply, 401, "invalid_token")

    def test_the_key_wins_when_both_come(self):
        agent, other = self.agent(0), self.agent(0)
        headers = {"Authorization": f"Bearer {make_token(sub=other.agent_id)}"}
        me = self.ok(agent.get("/me", **headers))
        self.assertEqual(me["agent_id"], agent.agent_id)
        reply = self.guest.get("/me", **{"X-API-Key": "th_bad", **headers})
        self.refused(reply, 401, "invalid_api_key")

    def test_me_comes_flat_and_nested(self):
        agent = self.agent(0)
        body = self.ok(agent.get("/me"))
        nested = body.pop("agent")
        self.assertEqual(body, nested)
        self.assertEqual(len(nested), 15)
        auth = self.ok(agent.get("/auth/me"))
        self.assertEqual(auth["agent"], nested)
        self.assertEqual(set(auth["auth"]), {"agent_id", "scopes", "authenticated_at"})


class Login(Auth):
    def register(self, wallet):
        return self.ok(self.guest.post("/agents/register", {"wallet_address": wallet}))["agent"]

    def log_in(self, wallet, signature):
        return self.guest.post("/auth/login", {"wallet_address": wallet, "signature": signature})

    def challenge(self, wallet):
        return self.ok(self.guest.get(f"/auth/challenge?wallet_address={wallet}"))

    def check(self, wallet):
        agent = self.register(wallet.address)
        challenge = self.challenge(wallet.address)
        self.assertIn(challenge["nonce"], challenge["message"])
        body = self.ok(self.log_in(wallet.address, wallet.sign(challenge["message"])))
        self.assertEqual((body["agent_id"], body["token_type"], body["expires_in"]),
                         (agent["agent_id"], "bearer", 86_400))
        self.assertEqual(self.ok(self.bearer(body["token"], "/me"))["agent_id"], agent["agent_id"])
        for text in ("another text", challenge["message"] + " "):
            refused = self.refused(self.log_in(wallet.address, wallet.sign(text)), 401,
                                   "invalid_token")
            self.assertIn("Invalid", refused["detail"])
        self.check_reuse(wallet, challenge["message"])
        return body["token"]

    def check_reuse(self, wallet, message):
        """A signature that somebody overheard is worth nothing once it has been used."""
        self.refused(self.log_in(wallet.address, wallet.sign(message)), 401, "invalid_token")
        new = self.challenge(wallet.address)["message"]
        self.assertNotEqual(new, message)
        self.assertEqual(self.challenge(wallet.address)["message"], new)  # asking spends nothing
        self.ok(self.log_in(wallet.address, wallet.sign(new)))

    def test_an_evm_wallet_logs_in(self):
        self.check(EvmWallet("login"))

    def test_an_ed25519_wallet_logs_in(self):
        with tempfile.TemporaryDirectory() as folder:
            self.check(Ed25519Wallet(folder))

    def test_the_case_of_an_evm_address_does_not_matter(self):
        wallet = EvmWallet("case")
        self.register(wallet.address)
        upper = "0x" + wallet.address[2:].upper()
        message = self.challenge(upper)["message"]
        self.ok(self.log_in(upper, wallet.sign(message)))
        message = self.challenge(upper)["message"]
        self.ok(self.log_in(wallet.address, wallet.sign(message)))

    def test_the_signature_of_another_wallet_is_refused(self):
        victim, thief = EvmWallet("victim"), EvmWallet("thief")
        self.register(victim.address)
        self.register(thief.address)
        message = self.challenge(victim.address)["message"]
        self.refused(self.log_in(victim.address, thief.sign(message)), 401, "invalid_token")
        own = self.challenge(thief.address)["message"]
        self.refused(self.log_in(victim.address, thief.sign(own)), 401, "invalid_token")

    def test_unknown_wallets_and_wallets_without_a_key(self):
        wallet = EvmWallet("stranger")
        message = self.challenge(wallet.address)["message"]
        self.refused(self.log_in(wallet.address, wallet.sign(message)), 404, "not_found")
        self.register("0xword_wallet_1")
        for signature in ("x", "0x" + "00" * 65, wallet.sign(message)):
            self.refused(self.log_in("0xword_wallet_1", signature), 401, "invalid_token")
        self.refused(self.guest.post("/auth/login", {"wallet_address": "x"}), 422,
                     "validation_failed")
        self.refused(self.guest.get("/auth/challenge"), 422, "validation_failed")


class SandboxTokens(HubTest):
    """Without a configured secret the sandbox keeps one of its own."""

    def test_a_token_survives_a_crash(self):
        wallet = EvmWallet("crash")
        self.ok(self.guest.post("/agents/register", {"wallet_address": wallet.address}))
        message = self.ok(self.guest.get(
            f"/auth/challenge?wallet_address={wallet.address}"))["message"]
        token = self.ok(self.guest.post("/auth/login", {
            "wallet_address": wallet.address, "signature": wallet.sign(message)}))["token"]
        self.guest.close()
        self.operator.close()
        self.exchange.kill()
        self.exchange.start()
        reply = until(lambda: self.guest.get("/me", Authorization=f"Bearer {token}"), "an answer")
        self.assertEqual(self.ok(reply)["wallet_address"], wallet.address)


class NoLogin(HubTest):
    settings = {"wallet_login": "off"}

    def test_login_is_not_implemented(self):
        self.refused(self.guest.get("/auth/challenge?wallet_address=x"), 501, "not_implemented")
        body = {"wallet_address": "x", "signature": "y"}
        self.refused(self.guest.post("/auth/login", body), 501, "not_implemented")


class Order(Auth):
    """401, 404 of the path, 403 owner, 403 scope, 422, 429, 400."""

    def test_credentials_come_before_the_body(self):
        for body in ("not json", {"agent_id": "x"}, None):
            refused = self.refused(self.guest.request("POST", "/deposit", body), 401,
                                   "authentication_required")
            self.assertIn("Authentication required", refused["detail"])
        reply = self.guest.request("POST", "/deposit", "not json", {"X-API-Key": "th_x"})
        self.refused(reply, 401, "invalid_api_key")

    def test_the_path_comes_before_owner_and_scope(self):
        agent = self.agent(0)
        reader = self.key(agent, scopes=["read"])
        self.refused(reader.delete("/auth/keys/key_0000000000ffffff"), 404, "not_found")
        self.refused(reader.post("/signals/sig_000000ffff00/fade", {}), 404, "not_found")
        self.refused(reader.post("/bets/bet_000000ffff00/settle", {}), 404, "not_found")

    def test_the_owner_comes_before_scope_and_fields(self):
        agent, other = self.agent(0), self.agent(0)
        reader = self.key(agent, scopes=["read"])
        for client in (agent, reader):
            reply = client.post("/deposit", {"agent_id": other.agent_id, "amount": "rubbish"})
            self.refused(reply, 403, "forbidden")
        self.refused(reader.post("/deposit", {"agent_id": agent.agent_id, "amount": "x"}), 403,
                     "scope_required")

    def test_fields_come_before_money(self):
        agent = self.agent(0)
        reply = agent.post("/transfer", {"from_agent": agent.agent_id, "amount": 0,
                                         "to_agent": agent.agent_id})
        self.refused(reply, 422, "validation_failed")

    def test_malformed_json_is_422(self):
        agent = self.agent(0)
        for body in ("{", "[]", "null", "1", '{"a":1}x', '{"amount":NaN}', '{"a":1,"a":2}',
                     "[" * 100, '{"agent_id":' + "[" * 50 + "]" * 50 + "}"):
            refused = self.refused(agent.request("POST", "/deposit", body), 422,
                                   "validation_failed")
            self.assertEqual(refused["errors"][0]["type"], "json_invalid")


if __name__ == "__main__":
    unittest.main()
