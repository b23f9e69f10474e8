#!/usr/bin/python3
"""An agent's whole day, with plain curl, in a sandbox as `perpetua serve` starts it: replayed
prices, house liquidity. Every step is one command line that a person could type."""
import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import exchange as harness  # noqa: E402

from api_case import until  # noqa: E402


@unittest.skipIf(shutil.which("curl") is None, "needs curl")
class Day(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exchange = harness.Exchange()
        cls.addClassCleanup(cls.exchange.close)
        cls.exchange.start()

    def curl(self, method, path, body=None, key=None):
        """(status, body) of one curl command."""
        command = ["curl", "-s", "-w", "\n%{http_code}", "-X", method,
                   f"http://127.0.0.1:{self.exchange.port}{path}"]
        if key:
            command += ["-H", f"X-API-Key: {key}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        text, _, status = done.stdout.rpartition("\n")
        return int(status), json.loads(text)

    def ok(self, *arguments, **more):
        status, body = self.curl(*arguments, **more)
        self.assertEqual(status, 200, (arguments, body))
        return body

    def register(self, wallet, name):
        body = self.ok("POST", "/agents/register", {"wallet_address": wallet,
                                                    "display_name": name, "bio": "a test"})
        self.assertTrue(body["api_key"].startswith("th_"))
        return body["agent"]["agent_id"], body["api_key"]

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


if __name__ == "__main__":
    unittest.main()
