"""Agents and money of the root API."""
import re
import threading
import unittest
from decimal import Decimal

from hub_case import HubTest

AGENT_FIELDS = set("agent_id wallet_address created_at status twitter_handle twitter_verified "
                   "moltbook_handle total_trades total_volume pnl reputation_score display_name "
                   "bio verified nonce_created_at".split())
KEY_FIELDS = set("key_id agent_id name scopes created_at last_used expires_at is_active".split())
BALANCE_FIELDS = set("agent_id balance total locked available margin_used".split())
SETTLEMENT_FIELDS = set("settlement_id type from_agent to_agent amount_usdc fee_usdc tx_hash chain "
                        "status created_at".split())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$")
NOBODY = "agent_9999"
EVM = "0xAbCdEf0123456789aBcDeF0123456789AbCdEf01"


class Agents(HubTest):
    def register(self, **fields):
        return self.guest.post("/agents/register", fields)

    def test_registration_gives_agent_and_key(self):
        body = self.ok(self.register(wallet_address="0xfull_agent_1", display_name="  Full  ",
                                     twitter_handle="@full_1", bio="trades <b>", description="x"))
        self.assertEqual(set(body), {"success", "agent", "api_key", "api_key_info", "claim_url"})
        agent, info = body["agent"], body["api_key_info"]
        self.assertEqual(set(agent), AGENT_FIELDS)
        self.assertEqual((agent["display_name"], agent["twitter_handle"], agent["bio"]),
                         ("Full", "full_1", "trades <b>"))
        self.assertEqual((agent["status"], agent["verified"], agent["pnl"]), ("active", False, 0))
        self.assertRegex(agent["agent_id"], r"^agent_\d{4}$")
        self.assertRegex(agent["created_at"], TIME)
        self.assertRegex(body["api_key"], r"^th_\w{4}_[\w-]{32}$")
        self.assertEqual(set(info), KEY_FIELDS)
        self.assertEqual(info["scopes"], ["read", "write"])
        self.ok(self.exchange.client(body["api_key"]).get(f"/balance/{agent['agent_id']}"))

    def test_a_wallet_has_one_agent_whatever_the_case_of_its_letters(self):
        first = self.ok(self.register(wallet_address=EVM))["agent"]
        self.assertEqual(first["wallet_address"], EVM)
        for wallet in (EVM, EVM.lower(), "0x" + EVM[2:].upper()):
            refused = self.refused(self.register(wallet_address=wallet), 409, "already_registered")
            self.assertIn(f"already registered as {first['agent_id']}", refused["detail"])
        self.ok(self.register(wallet_address="0xcase_AAAA"))
        self.ok(self.register(wallet_address="0xcase_aaaa"))

    def test_wallet_forms(self):
        for wallet in ("0x" + "1" * 40, "0x" + "w" * 8, "1" * 32, "z" * 44,
                       "0x" + "_" * 98):
            self.ok(self.register(wallet_address=wallet))
        for wallet in ("", " ", "0x1234567", "abc", "0x12345678;", "0x123'5678", '0x123"5678',
                       "0x123-5678", "0x<12345678>", "../../etc/passwd0000000000000000000",
                       "0" * 32, "1" * 45, "0x" + "1" * 99, "0x12345678 "):
            self.refused(self.register(wallet_address=wallet), 422, "validation_failed")

    def test_registration_names_every_fault(self):
        body = self.refused(self.register(display_name=" ", twitter_handle="x" * 31), 422,
                            "validation_failed")
        self.assertEqual([e["loc"] for e in body["errors"]],
                         [["body", "wallet_address"], ["body", "display_name"],
                          ["body", "twitter_handle"]])
        self.assertEqual([e["type"] for e in body["errors"]],
                         ["missing", "string_too_short", "string_too_long"])
        for error in body["errors"]:
            self.assertIn(f"{error['loc'][1]}: {error['msg']}", body["detail"])
        for handle in ("@", "a b", "x" * 16, "a-b"):
            self.refused(self.register(wallet_address="0xhandle_1", twitter_handle=handle), 422,
                         "validation_failed")
        self.refused(self.register(wallet_address="0xname_0001", display_name="x" * 51), 422,
                     "validation_failed")
        self.refused(self.register(wallet_address=7), 422, "validation_failed")

    def test_one_agent_shows_its_balance_and_positions(self):
        agent = self.agent(250)
        body = self.ok(self.guest.get(f"/agents/{agent.agent_id}"))
        self.assertEqual(set(body), AGENT_FIELDS | {"open_positions", "open_position_count",
                                                    "balance", "balance_locked", "balance_total"})
        self.assertEqual((body["balance"], body["balance_total"], body["open_positions"]),
                         (250, 250, []))
        for name in (NOBODY, "agent_1", "x", "%27%3B--", "agent_99999999999999"):
            self.refused(self.guest.get(f"/agents/{name}"), 404, "not_found")

    def test_agents_are_listed_newest_first(self):
        agents = [self.agent(0).agent_id for _ in range(3)]
        rows = self.ok(self.guest.get("/agents?limit=3"))["agents"]
        self.assertEqual([row["agent_id"] for row in rows], agents[::-1])
        rows = self.ok(self.guest.get("/agents?limit=1&offset=2"))["agents"]
        self.assertEqual([row["agent_id"] for row in rows], agents[:1])
        self.assertEqual(self.ok(self.guest.get("/agents?offset=1000000"))["agents"], [])
        for query in ("limit=0", "limit=501", "offset=-1", "limit=x", "limit="):
            self.refused(self.guest.get(f"/agents?{query}"), 422, "validation_failed")
        self.ok(self.guest.get("/agents?unknown=1&limit=1&limit=2"))

    def test_discovery_filters_and_sorts(self):
        agent = self.agent(0).agent_id
        body = self.ok(self.guest.get("/agents/discover?sort_by=created_at&limit=1"))
        self.assertEqual(set(body), {"agents", "count", "offset", "limit", "total"})
        self.assertEqual(set(body["agents"][0]),
                         set("agent_id name description specialties reputation total_trades "
                             "win_rate online".split()))
        self.assertEqual((body["count"], body["limit"]), (1, 1))
        rows = self.ok(self.guest.get("/agents/discover?limit=200&sort_order=ASC"
                                      "&sort_by=created_at"))["agents"]
        self.assertEqual([r["agent_id"] for r in rows], sorted(r["agent_id"] for r in rows))
        self.assertTrue(agent)
        self.assertEqual(self.ok(self.guest.get("/agents/discover?min_trades=1"))["agents"], [])
        self.assertEqual(self.ok(self.guest.get("/agents/discover?specialty=DOGE2"))["total"], 0)
        for query in ("min_win_rate=1.1", "max_risk_score=11", "sort_by=x", "limit=201"):
            self.refused(self.guest.get(f"/agents/discover?{query}"), 422, "validation_failed")

    def test_betting_record_of_a_newcomer_is_empty(self):
        agent = self.agent(0)
        self.assertEqual(self.ok(self.guest.get(f"/agents/{agent.agent_id}/betting")),
                         {"wins": 0, "losses": 0, "win_rate": 0, "total_wagered": 0,
                          "total_won": 0, "net_pnl": 0})
        self.refused(self.guest.get(f"/agents/{NOBODY}/betting"), 404, "not_found")


class Money(HubTest):
    settings = {"rate_hub_mutations": 0}

    def balance(self, agent):
        body = self.ok(agent.get(f"/balance/{agent.agent_id}"))
        self.assertEqual(set(body), BALANCE_FIELDS)
        self.assertEqual(body["balance"], body["total"])
        return body

    def test_deposit_and_withdrawal(self):
        agent = self.agent(0)
        own = {"agent_id": agent.agent_id}
        body = self.ok(agent.post("/deposit", {**own, "amount": 100.1}))
        self.assertEqual(set(body), {"success", "new_balance", "balance"})
        self.assertEqual(set(body["balance"]), BALANCE_FIELDS)
        self.assertEqual((body["new_balance"], body["balance"]["available"]), (100.1, 100.1))
        body = self.ok(agent.post("/withdraw", {**own, "amount": "0.1"}))
        self.assertEqual((body["new_balance"], body["balance"]["total"]), (100, 100))
        refused = self.refused(agent.post("/withdraw", {**own, "amount": 100.01}), 400,
                               "insufficient_balance")
        self.assertEqual(refused["detail"],
                         "Insufficient balance: required 100.01 USDC, available 100.00 USDC")
        self.assertNotIn("margin", refused["detail"])
        self.assertEqual(self.balance(agent)["available"], 100)

    def test_amounts_are_rounded_half_even_to_cents_before_the_check(self):
        agent = self.agent(0)
        expected = Decimal(0)
        for amount, cents in ((1, 100), ("2", 200), ("3.005", 300), (b"4.015", 402),
                              (b"5.0051", 501), (b"1e1", 1000), (b"100000.004", 10_000_000)):
            text = amount.decode() if isinstance(amount, bytes) else None
            body = (f'{{"agent_id":"{agent.agent_id}","amount":{text}}}' if text else
                    {"agent_id": agent.agent_id, "amount": amount})
            reply = agent.post("/deposit", body)
            expected += Decimal(cents) / 100
            self.assertEqual(Decimal(str(self.ok(reply)["new_balance"])), expected, amount)
        for amount in ("0", "0.004", "0.005", "-1", "100000.01", "1e30", '"x"', "null", "true",
                       "[]", "1e400", '"NaN"', '"Infinity"', "99999999999999999999999"):
            body = f'{{"agent_id":"{agent.agent_id}","amount":{amount}}}'
            self.refused(agent.post("/deposit", body), 422, "validation_failed")

    def test_numbers_are_written_exactly(self):
        agent = self.agent(0)
        text = agent.post("/deposit", {"agent_id": agent.agent_id, "amount": "100000"}).text
        self.assertIn('"new_balance":100000.0', text)
        text = agent.post("/withdraw", {"agent_id": agent.agent_id, "amount": "0.01"}).text
        self.assertIn('"new_balance":99999.99,', text)

    def test_money_of_others_is_out_of_reach(self):
        agent, other = self.agent(), self.agent()
        reply = agent.get(f"/balance/{other.agent_id}")
        self.assertIn("another agent", self.refused(reply, 403, "forbidden")["detail"])
        for path in ("/deposit", "/withdraw"):
            for amount in (1, -5, "x"):
                reply = agent.post(path, {"agent_id": other.agent_id, "amount": amount})
                self.assertIn("another agent", self.refused(reply, 403, "forbidden")["detail"])
        reply = agent.post("/transfer", {"from_agent": other.agent_id, "to_agent": "x"})
        self.refused(reply, 403, "forbidden")
        self.refused(agent.get(f"/balance/{NOBODY}"), 403, "forbidden")

    def test_faucet_pays_once_a_day(self):
        agent = self.agent(0)
        self.assertEqual(self.ok(agent.get("/faucet/status")), {"can_claim": True,
                                                                "amount": 10_000})
        body = self.ok(agent.request("POST", "/faucet"))
        self.assertEqual((body["new_balance"], body["mode"], body["next_claim_in"]),
                         (10_000, "paper_trading", "24 hours"))
        reply = agent.request("POST", "/faucet")
        self.assertRegex(self.refused(reply, 429, "cooldown")["detail"],
                         r"^Faucet cooldown: 2[34]h \d+m remaining$")
        self.assertTrue(86_000 < int(reply.headers["retry-after"]) <= 86_400)
        status = self.ok(agent.get("/faucet/status"))
        self.assertFalse(status["can_claim"])
        self.assertTrue(86_000 < status["cooldown_remaining_seconds"] <= 86_400)
        self.refused(self.guest.request("POST", "/faucet"), 401, "authentication_required")

    def test_the_faucet_remembers_over_a_crash(self):
        agent = self.agent(0)
        self.ok(agent.request("POST", "/faucet"))
        agent.close()
        self.guest.close()
        self.operator.close()
        self.exchange.kill()
        self.exchange.start()
        self.refused(agent.request("POST", "/faucet"), 429, "cooldown")
        self.assertEqual(self.balance(agent)["available"], 10_000)
        self.push_prices()

    def test_transfers(self):
        agent, other = self.agent(100), self.agent(0)
        body = {"from_agent": agent.agent_id, "to_agent": other.agent_id, "amount": 30,
                "memo": "ignored"}
        settlement = self.ok(agent.post("/transfer", body))["settlement"]
        self.assertEqual(set(settlement), SETTLEMENT_FIELDS)
        self.assertRegex(settlement["settlement_id"], r"^stl_[0-9a-f]{12}$")
        self.assertEqual((settlement["type"], settlement["amount_usdc"], settlement["status"]),
                         ("internal", 30, "settled"))
        self.assertEqual((self.balance(agent)["total"], self.balance(other)["total"]), (70, 30))
        for who in (agent, other):
            rows = self.ok(self.guest.get(f"/settlements?agent_id={who.agent_id}"))["settlements"]
            self.assertEqual(rows[0], settlement)
        self.assertEqual(self.ok(self.guest.get("/settlements?limit=1"))["settlements"],
                         [settlement])
        chain = self.ok(agent.post("/transfer", {**body, "amount": 1, "onchain": "true"}))
        self.assertEqual(chain["settlement"]["type"], "onchain")

        reply = agent.post("/transfer", {**body, "to_agent": agent.agent_id})
        self.refused(reply, 400, "self_transfer")
        self.refused(agent.post("/transfer", {**body, "amount": 70}), 400, "insufficient_balance")
        for name in (NOBODY, "nobody"):
            self.refused(agent.post("/transfer", {**body, "to_agent": name}), 404, "not_found")
        for amount in (0, 100_000.01):
            self.refused(agent.post("/transfer", {**body, "amount": amount}), 422,
                         "validation_failed")

    def test_equal_transfers_at_once_have_settlements_of_their_own(self):
        agent, other = self.agent(1000), self.agent(0)
        body = {"from_agent": agent.agent_id, "to_agent": other.agent_id, "amount": 1}
        ids = []

        def pay():
            client = self.exchange.client(agent.key)
            for _ in range(25):
                ids.append(self.ok(client.post("/transfer", body))["settlement"]["settlement_id"])
        threads = [threading.Thread(target=pay) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(ids), len(set(ids))), (200, 200))
        self.assertEqual(self.balance(other)["total"], 200)
        once = {"Idempotency-Key": "once"}
        first = self.ok(agent.post("/transfer", body, **once))
        self.ok(agent.post("/transfer", body))
        self.assertEqual(self.ok(agent.post("/transfer", body, **once)), first)

    def test_settlements_count_up(self):
        before = self.ok(self.guest.get("/settlement/stats"))
        self.assertEqual(set(before), {"total_settlements", "total_volume", "total_fees",
                                       "by_type"})
        agent = self.agent(7)
        after = self.ok(self.guest.get("/settlement/stats"))
        self.assertEqual(after["total_settlements"], before["total_settlements"] + 1)
        self.assertEqual(after["by_type"]["deposit"]["volume"],
                         before["by_type"]["deposit"]["volume"] + 7)
        self.assertEqual(self.ok(self.guest.get("/settlements?agent_id=nobody"))["settlements"], [])
        rows = self.ok(self.guest.get(f"/settlements?agent_id={agent.agent_id}"))["settlements"]
        self.assertEqual([row["type"] for row in rows], ["deposit"])
        self.refused(self.guest.get("/settlements?limit=501"), 422, "validation_failed")

    def test_a_transaction_is_good_for_one_deposit_ever(self):
        agent, other = self.agent(0), self.agent(0)
        body = {"tx_signature": "transaction-0001", "amount": 5, "wallet_address": "w" * 20}
        reply = self.ok(agent.post("/deposit/confirm", body))
        self.assertEqual((reply["tx_hash"], reply["mode"], reply["balance"]["available"]),
                         ("transaction-0001", "lite", 5))
        for who in (agent, other):
            self.refused(who.post("/deposit/confirm", body), 400, "transaction_used")
        for wrong in ({"tx_signature": "short"}, {"amount": 0}, {"wallet_address": "short"}):
            self.refused(agent.post("/deposit/confirm", {**body, **wrong}), 422,
                         "validation_failed")

    def test_withdrawals_to_a_chain_are_a_minute_apart(self):
        agent = self.agent(100)
        body = {"amount": 101, "wallet_address": "w" * 20}
        self.refused(agent.post("/withdraw/onchain", body), 400, "insufficient_balance")
        reply = self.ok(agent.post("/withdraw/onchain", {**body, "amount": 10}))
        self.assertEqual((reply["balance"]["total"], reply["mode"]), (90, "lite"))
        self.assertTrue(reply["tx_hash"])
        again = agent.post("/withdraw/onchain", {**body, "amount": 10})
        self.assertIn("cooldown", self.refused(again, 429, "cooldown")["detail"])
        self.assertTrue(1 <= int(again.headers["retry-after"]) <= 60)
        self.refused(agent.post("/withdraw/onchain", {**body, "amount": 10_000.01}), 422,
                     "validation_failed")
        vault = self.ok(self.guest.get("/vault/info"))
        self.assertEqual((vault["max_withdraw"], vault["withdraw_cooldown_seconds"],
                          vault["simulation_mode"]), (10_000, 60, True))


class Production(HubTest):
    settings = {"mode": "production", "jwt_secret": "s" * 32}

    def test_there_is_no_paper_money(self):
        agent = self.agent(0)
        own = {"agent_id": agent.agent_id, "amount": 5}
        for path in ("/deposit", "/withdraw", "/faucet"):
            self.refused(agent.post(path, own), 403, "forbidden")
        chain = {"tx_signature": "x" * 10, "amount": 5, "wallet_address": "w" * 20}
        for path in ("/deposit/confirm", "/withdraw/onchain"):
            self.refused(agent.post(path, chain), 501, "not_implemented")
        self.assertFalse(self.ok(agent.get("/faucet/status"))["can_claim"])


if __name__ == "__main__":
    unittest.main()
