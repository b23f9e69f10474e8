#!/usr/bin/python3
"""An agent's whole day, with plain curl, in a sandbox as `perpetua serve` starts it: replayed
prices, house liquidity; then every refusal that the root API promises. Every step is one command
line that a person could type."""
import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import exchange as harness  # noqa: E402

from api_case import until  # noqa: E402


OPERATOR_KEY = "operator-key-of-the-integration-tests"


class CurlTest(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.exchange = harness.Exchange(**cls.settings)
        cls.addClassCleanup(cls.exchange.close)
        cls.exchange.start()

    def run_curl(self, method, path, body, *headers):
        """One curl command; of each answer the body and "status type retry-after"."""
        command = ["curl", "-s", "-X", method, "-w",
                   "\n%{http_code} %{content_type} %header{retry-after}\n",
                   f"http://127.0.0.1:{self.exchange.port}{path}"]
        for header in headers:
            command += ["-H", header]
        if body is not None:
            text = body if isinstance(body, str) else json.dumps(body)
            command += ["-H", "Content-Type: application/json", "-d", "@-"]
        done = subprocess.run(command, input=None if body is None else text, capture_output=True,
                              text=True, timeout=60, check=True)
        lines = done.stdout.splitlines()
        return list(zip(lines[::2], lines[1::2]))

    def curl(self, method, path, body=None, key=None):
        """(status, body) of one curl command."""
        headers = [f"X-API-Key: {key}"] if key else []
        text, line = self.run_curl(method, path, body, *headers)[0]
        return int(line.split()[0]), json.loads(text)

    def ok(self, *arguments, **more):
        status, body = self.curl(*arguments, **more)
        self.assertEqual(status, 200, (arguments, body))
        return body

    def register(self, wallet, name):
        body = self.ok("POST", "/agents/register", {"wallet_address": wallet,
                                                    "display_name": name, "bio": "a test"})
        self.assertTrue(body["api_key"].startswith("th_"))
        return body["agent"]["agent_id"], body["api_key"]


class Day(CurlTest):
    def test_the_day(self):
        me, key = self.register("0x" + "1a" * 20, "Early Bird")
        self.assertEqual(self.curl("POST", "/agents/register",
                                   {"wallet_address": "0x" + "1A" * 20})[0], 409)
        other, other_key = self.register("0x" + "2b" * 20, "Late Riser")
        for owner in (key, other_key):
            self.assertEqual(self.ok("POST", "/faucet", key=owner)["new_balance"], 10_000.0)
        status, body = self.curl("POST", "/faucet", key=key)
        self.assertEqual((status, body["code"]), (429, "cooldown"))

        def priced():
            prices = self.ok("GET", "/prices")["prices"]
            return prices if "BTC" in prices else None
        price = until(priced, "prices", 60)["BTC"]["price"]
        self.assertGreater(price, 0)
        self.assertGreater(self.ok("GET", "/prices/btc-perp")["price"], 0)

        def go_long():
            status, body = self.curl("POST", "/intents", {
                "agent_id": me, "intent_type": "long", "asset": "BTC-PERP", "size_usdc": 500,
                "leverage": 5, "reason": "the morning looks good"}, key=key)
            self.assertIn(status, (200, 422, 503), body)
            return body if status == 200 else None
        opened = until(go_long, "house liquidity", 60)
        position = opened["position"]
        self.assertEqual(position["side"], "long")
        self.assertEqual(opened["intent"]["status"], "matched")
        self.assertGreater(opened["internal_match"]["price"], 0)
        self.assertEqual(self.ok("GET", f"/positions/{me}", key=key)["total"], 1)
        self.assertEqual(self.curl("GET", f"/positions/{me}", key=other_key)[0], 403)

        path = f"/positions/{position['position_id']}"
        stop = round(position["entry_price"] * 0.95)
        moved = self.ok("POST", path + "/stop-loss", {"price": stop}, key=key)["position"]
        self.assertEqual(moved["stop_loss"], float(stop))
        self.assertEqual(self.ok("GET", path + "/health", key=key)["health_status"], "safe")

        def close():
            status, body = self.curl("POST", path + "/close", key=key)
            self.assertIn(status, (200, 422, 503), body)
            return body if status == 200 and not body["position"]["is_open"] else None
        closed = until(close, "the position is closed", 60)
        self.assertEqual(closed["position"]["close_reason"], "manual")
        self.assertEqual(self.curl("POST", path + "/close", key=key)[1]["code"],
                         "position_closed")
        pnl = self.ok("GET", f"/pnl/{me}")
        self.assertEqual((pnl["position_count"], len(pnl["history"])), (0, 1))

        thoughts = self.ok("GET", f"/agents/{me}/thoughts")["thoughts"]
        self.assertEqual(thoughts[-1]["reason"], "the morning looks good")
        self.ok("POST", "/chat/thought", {"content": "a good start"}, key=key)
        told = self.ok("GET", "/chat/thoughts")["thoughts"]
        self.assertEqual(told[-1]["thought"], "a good start")

        settlement = self.ok("POST", "/transfer", {"from_agent": me, "to_agent": other,
                                                   "amount": 25.5}, key=key)["settlement"]
        self.assertEqual((settlement["amount_usdc"], settlement["status"]), (25.5, "settled"))
        self.assertEqual(self.ok("GET", f"/balance/{other}", key=other_key)["balance"], 10_025.5)

        signal = self.ok("POST", "/signals", {
            "agent_id": me, "asset": "BTC", "signal_type": "price_above",
            "target_value": round(price * 1.05), "stake_amount": 10,
            "duration_hours": 1}, key=key)["signal"]
        self.assertEqual(signal["status"], "open")
        status, body = self.curl("POST", "/signals/fade",
                                 {"signal_id": signal["signal_id"], "fader_id": me}, key=key)
        self.assertEqual((status, body["code"]), (400, "own_signal"))
        bet = self.ok("POST", "/signals/fade", {"signal_id": signal["signal_id"],
                                                "fader_id": other}, key=other_key)["bet"]
        self.assertEqual(bet["total_pot"], 20.0)
        self.assertEqual(self.ok("GET", f"/signals/{signal['signal_id']}")["status"], "matched")

        balance = self.ok("GET", f"/balance/{me}", key=key)
        self.assertEqual(balance["locked"], 0.0)
        self.assertEqual(balance["balance"], balance["available"])

    def test_the_guide_works_as_printed(self):
        guide = self.exchange.client().get("/agent.md").text
        known = {**os.environ, "BASE": f"http://127.0.0.1:{self.exchange.port}"}
        blocks = re.findall(r"```\n(.*?)```", guide, re.DOTALL)
        commands = [command for block in blocks for command in re.split(r"\n(?=curl )", block)]
        self.assertGreater(len(commands), 5)

        def run(command):
            done = subprocess.run(["bash", "-c", command], env=known, capture_output=True,
                                  text=True, timeout=60, check=True)
            body = json.loads(done.stdout)
            return None if body.get("code") in ("no_liquidity", "price_unavailable") else body
        for command in commands:
            body = until(lambda command=command: run(command), command, 60)
            self.assertNotIn("code", body, command)
            if "api_key" in body:
                known.update(KEY=body["api_key"], AGENT=body["agent"]["agent_id"])
            if body.get("position"):
                known["POSITION"] = body["position"]["position_id"]
        self.assertIs(body["position"]["is_open"], False)


class Errors(CurlTest):
    """Prices are posted here, and nobody quotes: each refusal can be made."""
    settings = {"prices": "push", "liquidity": "off", "insurance_fund": 0, "rate_intents": 3,
                "rate_hub_mutations": 0, "rate_reads": 0, "operator_key": OPERATOR_KEY}
    PROMISED = {
        400: {"insufficient_balance": "^Insufficient balance: required .* available",
              "insufficient_margin": "^Insufficient margin",
              "position_closed": "^Position is already closed$", "own_signal": "own signal",
              "already_matched": "already matched", "self_transfer": "yourself",
              "trigger_wrong_side": ".", "intent_not_open": "already matched|expired"},
        401: {"authentication_required": "^Authentication required",
              "invalid_api_key": "^Invalid API key$",
              "invalid_token": "^Invalid or expired token$"},
        403: {"forbidden": "another agent|don't own", "scope_required": "^Scope 'trade' required$"},
        404: {"not_found": "not found$|^Not Found$"},
        405: {"method_not_allowed": "^Method Not Allowed$"},
        409: {"already_registered": "^Wallet already registered as agent_",
              "idempotency_conflict": "."},
        413: {"body_too_large": "64 KiB"},
        422: {"validation_failed": ".", "conflicting_position": "/close",
              "limit_exceeded": "max_position_size", "no_liquidity": "^No liquidity",
              "price_out_of_band": "."},
        429: {"rate_limited": "^Agent rate limit exceeded: 3/s$",
              "cooldown": r"^Faucet cooldown: \d+h \d+m remaining$"},
        501: {"not_implemented": "."},
        503: {"price_unavailable": "^Price feed unavailable for SOL", "market_halted": "halted|now",
              "exchange_unavailable": "."}}
    # And 503 overloaded: a full ring of commands cannot be had with curl; hub_server_test.cpp.

    def setUp(self):
        self.seen = set()
        self.post_prices({"BTC": "60000", "ETH": "3000"})
        self.me, self.key = self.register("0x" + "3c" * 20, "Tester")
        self.other, self.other_key = self.register("0x" + "4d" * 20, "Other")

    def post_prices(self, prices):
        self.ok("POST", "/api/v1/prices", {"prices": [
            {"market": f"{name}-PERP", "price": price} for name, price in prices.items()]},
            key=OPERATOR_KEY)

    def refused(self, status, code, method, path, body=None, *headers, key=None):
        """One refusal. The window is small here: who meets it comes again."""
        sent = [f"X-API-Key: {key}"] if key else []

        def ask():
            text, line = self.run_curl(method, path, body, *sent, *headers)[0]
            return None if "rate_limited" in text else (text, line)
        return self.check_refusal(status, code, *until(ask, "room in the window", 60))

    def check_refusal(self, status, code, text, line):
        """The form is the same whatever it says."""
        answer = json.loads(text)
        shown, kind, *wait = line.split()
        self.assertEqual((int(shown), answer["code"], kind), (status, code, "application/json"),
                         answer)
        self.assertRegex(answer["detail"], self.PROMISED[status][code])
        self.assertRegex(answer["request_id"], "^req_")
        self.assertEqual("errors" in answer, code == "validation_failed")
        if status in (429, 503):
            self.assertGreaterEqual(int(wait[0]), 1)
        self.seen.add((status, code))
        return answer

    def intent(self, **fields):
        return {"agent_id": self.me, "intent_type": "long", "asset": "BTC-PERP",
                "size_usdc": 600, "leverage": 5, **fields}

    def intend(self, key=None, **fields):
        """An intent that is taken, later if its window is full."""
        def take():
            status, body = self.curl("POST", "/intents", self.intent(**fields),
                                     key=key or self.key)
            self.assertIn(status, (200, 429), body)
            return body if status == 200 else None
        return until(take, "room in the window", 60)

    def test_every_refusal_of_the_contract(self):
        self.refuse_who_asks()
        self.refuse_what_is_asked()
        self.refuse_money()
        self.refuse_trading()
        self.refuse_signals()
        self.refuse_what_cannot_be_served()
        promised = {(status, code) for status, codes in self.PROMISED.items() for code in codes}
        self.assertEqual(self.seen, promised)

    def refuse_who_asks(self):
        balance = f"/balance/{self.me}"
        self.refused(401, "authentication_required", "GET", balance)
        self.refused(401, "invalid_api_key", "GET", balance, key="th_none")
        self.refused(401, "invalid_token", "GET", balance, None, "Authorization: Bearer a.b.c")
        self.refused(403, "forbidden", "GET", balance, key=self.other_key)
        reader = self.ok("POST", "/auth/keys", {"scopes": ["read"]}, key=self.key)["api_key"]
        self.refused(403, "scope_required", "POST", "/faucet", key=reader)
        self.refused(409, "already_registered", "POST", "/agents/register",
                     {"wallet_address": "0x" + "3C" * 20})

    def refuse_what_is_asked(self):
        self.refused(404, "not_found", "GET", "/nothing")
        self.refused(404, "not_found", "GET", "/prices/XYZ")
        self.refused(404, "not_found", "POST", "/positions/pos_000000ffffff/close", key=self.key)
        self.refused(405, "method_not_allowed", "PUT", "/deposit")
        self.refused(413, "body_too_large", "POST", "/deposit", "x" * 70_000, key=self.key)
        self.refused(422, "validation_failed", "POST", "/intents", "{", key=self.key)
        answer = self.refused(422, "validation_failed", "POST", "/intents",
                              self.intent(leverage=21, size_usdc="NaN"), key=self.key)
        self.assertEqual(answer["detail"], "; ".join(
            f"{error['loc'][1]}: {error['msg']}" for error in answer["errors"]))
        self.refused(501, "not_implemented", "GET", "/vaults")

    def refuse_money(self):
        self.refused(400, "insufficient_balance", "POST", "/intents", self.intent(), key=self.key)
        self.ok("POST", "/faucet", key=self.key)
        self.refused(429, "cooldown", "POST", "/faucet", key=self.key)
        self.ok("POST", "/faucet", key=self.other_key)
        self.refused(400, "self_transfer", "POST", "/transfer",
                     {"from_agent": self.me, "to_agent": self.me, "amount": 1}, key=self.key)
        self.refused(400, "insufficient_balance", "POST", "/withdraw",
                     {"agent_id": self.me, "amount": 10_000.01}, key=self.key)
        deposit = {"agent_id": self.me, "amount": 1}
        self.run_curl("POST", "/deposit", deposit, f"X-API-Key: {self.key}", "Idempotency-Key: a")
        self.refused(409, "idempotency_conflict", "POST", "/deposit", {**deposit, "amount": 2},
                     "Idempotency-Key: a", key=self.key)

    def refuse_trading(self):
        refused = self.refused(422, "no_liquidity", "POST", "/intents", self.intent(),
                               key=self.key)
        self.assertEqual(refused["intent_status"], "expired")
        self.refused(422, "price_out_of_band", "POST", "/intents",
                     self.intent(limit_price=90_000), key=self.key)
        refused = self.refused(422, "limit_exceeded", "POST", "/intents",
                               self.intent(size_usdc=10_001), key=self.key)
        self.assertEqual((refused["name"], refused["limit"]), ("max_position_size", 10_000.0))
        self.refused(400, "insufficient_margin", "POST", "/intents",
                     self.intent(size_usdc=9_000, leverage=1), key=self.key)
        resting = self.intend(agent_id=self.other, intent_type="short", limit_price=60_000,
                              key=self.other_key)["intent"]["intent_id"]
        position = f"/positions/{self.intend()['position']['position_id']}"
        self.refused(400, "intent_not_open", "DELETE", f"/intents/{resting}", key=self.other_key)
        self.refused(403, "forbidden", "POST", position + "/close", key=self.other_key)
        self.refused(400, "trigger_wrong_side", "POST", position + "/stop-loss", {"price": 61_000},
                     key=self.key)
        self.refused(422, "conflicting_position", "POST", "/intents",
                     self.intent(intent_type="short"), key=self.key)
        self.ok("POST", "/api/v1/orders", {"market": "BTC-PERP", "side": "buy", "size": "0.01",
                                           "price": "60000", "reduce_only": True},
                key=self.other_key)
        self.ok("POST", position + "/close", key=self.key)
        self.refused(400, "position_closed", "POST", position + "/close", key=self.key)
        rows = self.run_curl("POST", "/intents?n=[1-50]", self.intent(),  # fifty requests
                             f"X-API-Key: {self.key}")
        limited = [row for row in rows if "rate_limited" in row[0]]
        self.assertTrue(limited, rows)
        self.check_refusal(429, "rate_limited", *limited[0])

    def refuse_signals(self):
        signal = self.ok("POST", "/signals", {
            "agent_id": self.me, "asset": "BTC", "signal_type": "price_above",
            "target_value": 61_000, "stake_amount": 10}, key=self.key)["signal"]["signal_id"]
        fade = {"signal_id": signal, "fader_id": self.other}
        self.refused(400, "own_signal", "POST", "/signals/fade", {**fade, "fader_id": self.me},
                     key=self.key)
        self.ok("POST", "/signals/fade", fade, key=self.other_key)
        self.refused(400, "already_matched", "POST", "/signals/fade", fade, key=self.other_key)

    def refuse_what_cannot_be_served(self):
        self.refused(503, "price_unavailable", "POST", "/intents", self.intent(asset="SOL"),
                     key=self.key)
        mode = "/api/v1/operator/markets/BTC-PERP/mode"
        self.ok("POST", mode, {"mode": "halted"}, key=OPERATOR_KEY)
        self.refused(503, "market_halted", "POST", "/intents", self.intent(), key=self.key)
        self.ok("POST", mode, {"mode": "open"}, key=OPERATOR_KEY)
        for name in ("history.sqlite", "history.sqlite-wal", "history.sqlite-shm"):  # a bad disk
            path = Path(self.exchange.data_dir) / "data" / name
            with open(path, "r+b") as damaged:
                damaged.write(b"\xa5" * os.path.getsize(path))
        self.refused(503, "exchange_unavailable", "GET", f"/funding/payments/{self.me}")


if __name__ == "__main__":
    unittest.main()
