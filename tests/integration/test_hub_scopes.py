#!/usr/bin/python3
"""Every endpoint of the generated table (docs/hub-api.md) asks for the credentials and the scope
that the table names, before it looks at the body."""
import re
import unittest
from pathlib import Path

from api_case import until
from hub_case import HubTest

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/hub-api.md"
ROW = re.compile(r"\| `(GET|POST|PUT|DELETE) (/\S*)` \| [^|]+ \| ([^|]+) \|")
SCOPES = {"read": ["trade"], "trade": ["read"], "write": ["read", "trade"]}  # what is not enough


def endpoints():
    return [(method, path, needs.split(",")[0].strip())
            for method, path, needs in ROW.findall(DOCUMENT.read_text())]


class Scopes(HubTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker, cls.buyer, cls.owner = cls.agent(100_000), cls.agent(100_000), cls.agent()

    def key(self, scopes):
        body = self.ok(self.owner.post("/auth/keys", {"scopes": scopes}))
        return self.exchange.client(body["api_key"])

    def owned(self):
        """One of each kind that a path can name; all are the owner's."""
        owner = self.owner
        self.quote(self.maker, "sell", "60000", "0.016666")
        self.quote(self.maker, "sell", "3000", "1", market="ETH-PERP")
        stopped = self.ok(self.intend(owner))["position"]
        self.ok(owner.post(f"/positions/{stopped['position_id']}/stop-loss", {"price": 59800}))
        self.quote(self.buyer, "buy", "59700", "0.1")
        self.push_prices(BTC="59750")
        alerts = until(lambda: self.ok(owner.get(f"/alerts/{owner.agent_id}"))["alerts"],
                       "the alert of the stop")
        signal = self.ok(owner.post("/signals", {
            "agent_id": owner.agent_id, "asset": "BTC", "signal_type": "price_above",
            "target_value": 61000, "stake_amount": 10}))["signal"]["signal_id"]
        bet = self.ok(self.buyer.post(f"/signals/{signal}/fade"))["bet"]["bet_id"]
        opened = self.ok(self.intend(owner, asset="ETH"))
        return {"agent_id": owner.agent_id, "alert_id": alerts[0]["alert_id"],
                "bet_id": bet, "signal_id": signal, "asset": "BTC",
                "position_id": opened["position"]["position_id"],
                "intent_id": opened["intent"]["intent_id"],
                "match_id": opened["internal_match"]["match_id"],
                "key_id": self.ok(owner.get("/auth/keys"))["keys"][0]["key_id"]}

    def test_every_endpoint_keeps_its_scope(self):
        rows, owned = endpoints(), self.owned()
        self.assertGreater(len(rows), 75)
        self.assertEqual({needs for _, _, needs in rows},
                         {"-", "optional", "read", "trade", "write"})
        lacking = {needs: self.key(scopes) for needs, scopes in SCOPES.items()}
        for method, template, needs in rows:
            path = template.format(**owned)
            body = None if method == "GET" else {}
            guest = self.guest.request(method, path, body)
            with self.subTest(method=method, path=path, needs=needs):
                if needs in ("-", "optional"):
                    self.assertNotIn(guest.status, (401, 403), guest)
                    continue
                self.refused(guest, 401, "authentication_required")
                reply = lacking[needs].request(method, path, body)
                detail = self.refused(reply, 403, "scope_required")["detail"]
                self.assertEqual(detail, f"Scope '{needs}' required")
                if any(name in template for name in ("{agent_id}", "{position_id}", "{intent_id}",
                                                     "{alert_id}")):
                    self.refused(self.buyer.request(method, path, body), 403, "forbidden")
        # Nothing was done: the position is open, the keys are there.
        self.assertIs(self.position(self.owner)["is_open"], True)
        self.assertEqual(len(self.ok(self.owner.get("/auth/keys"))["keys"]), 1 + len(SCOPES))


if __name__ == "__main__":
    unittest.main()
