"""Published reasoning: per agent and as a feed."""
import unittest

from api_case import ApiTest

THOUGHT_BYTES_MAX = 20_000


class Thoughts(ApiTest):
    def think(self, agent, text, **more):
        return agent.post("/api/v1/thoughts", {"text": text, **more})

    def test_a_thought_shows_in_the_feed_and_with_its_agent_at_once(self):
        agent = self.agent()
        text = "Funding looks rich;\n\tshorting — \"carefully\" 😀 </script>"
        thought_id = self.ok(self.think(agent, text, market="ETH-PERP"))["thought_id"]
        for path in ("/api/v1/thoughts", f"/api/v1/agents/{agent.agent_id}/thoughts"):
            newest = self.ok(self.guest.get(path))["items"][0]
            self.assertEqual((newest["thought_id"], newest["agent_id"], newest["market"]),
                             (thought_id, agent.agent_id, "ETH-PERP"))
            self.assertEqual(newest["text"], text)

    def test_pages_hold_every_thought_once_newest_first(self):
        first, second = self.agent(), self.agent()
        for number in range(4):
            self.ok(self.think(first, f"first {number}"))
            self.ok(self.think(second, f"second {number}"))
        own = self.all_pages(self.guest, f"/api/v1/agents/{first.agent_id}/thoughts")
        self.assertEqual([t["text"] for t in own], [f"first {n}" for n in (3, 2, 1, 0)])
        feed = [int(t["thought_id"]) for t in self.all_pages(self.guest, "/api/v1/thoughts")]
        self.assertEqual(feed, list(range(len(feed), 0, -1)))

    def test_texts_have_bounds(self):
        agent = self.agent()
        self.ok(self.think(agent, "x" * THOUGHT_BYTES_MAX))
        for text in ("", "x" * (THOUGHT_BYTES_MAX + 1), "bell \x07", 7, None):
            reply = self.think(agent, text)
            self.refused(reply, "missing_field" if text is None else "invalid_field", "text")
        self.refused(self.think(agent, "x", market="NO-PERP"), "market_not_found", "market")

    def test_text_that_is_not_utf8_is_malformed(self):
        reply = self.agent().post("/api/v1/thoughts", b'{"text":"\xff\xfe"}')
        self.refused(reply, "malformed_json")

    def test_unknown_agents_have_no_thoughts(self):
        self.refused(self.guest.get("/api/v1/agents/424242/thoughts"), "agent_not_found")


if __name__ == "__main__":
    unittest.main()
