"""What every path of the root API shares: forms of errors, sizes, origins, rates, unknown paths."""
import http.client
import socket
import threading
import time
import unittest

from hub_case import HubTest, harness

ORIGIN = "https://app.example"
NOT_OFFERED = ("/signals/share", "/escrow/a", "/escrow/a/b", "/backtest", "/alliances",
               "/alliances/1/join", "/skills", "/skills/x/y", "/vaults", "/vaults/1/deposit",
               "/my/vaults", "/agents/agent_0001/follow/agent_0002", "/agents/agent_0001/inbox",
               "/a2a/inbox", "/copy-trade/x", "/strategies/x/y/z", "/agents/agent_0001/verify/x")
NOT_THERE = ("/nothing", "/demo/seed", "/runtime/demo/start", "/agents/agent_0001/claim",
             "/agents/agent_0001/claim/x", "/api/v2/agents", "/apix", "/intents/a/b/c/d/e/f/g/h/i")


class Errors(HubTest):
    def test_unknown_paths(self):
        for path in NOT_THERE:
            for method in ("GET", "POST", "DELETE"):
                reply = self.guest.request(method, path)
                self.assertEqual(self.refused(reply, 404, "not_found")["detail"], "Not Found")

    def test_known_paths_that_are_not_offered(self):
        agent = self.agent(0)
        for path in NOT_OFFERED:
            self.refused(self.guest.request("POST", path), 401, "authentication_required")
            self.refused(agent.request("POST", path), 501, "not_implemented")
            self.refused(agent.request("DELETE", path), 501, "not_implemented")
            if path != "/signals/share":  # as a read it names a signal
                self.refused(self.guest.get(path), 501, "not_implemented")

    def test_other_methods(self):
        for method, path, allow in (("POST", "/health", "GET"), ("PUT", "/deposit", "POST"),
                                    ("GET", "/faucet", "POST"), ("PATCH", "/signals", "POST, GET"),
                                    ("GET", "/auth/login", "POST")):
            reply = self.guest.request(method, path)
            self.assertEqual(self.refused(reply, 405, "method_not_allowed")["detail"],
                             "Method Not Allowed")
            self.assertEqual(set(reply.headers["allow"].split(", ")), set(allow.split(", ")))

    def test_a_slash_at_the_end_means_the_same(self):
        agent = self.agent()
        for path in ("/prices", "/agents", f"/agents/{agent.agent_id}", "/intents/stats", "/docs"):
            self.assertEqual(self.guest.get(path + "/").status, 200, path)
        self.ok(agent.post("/deposit/", {"agent_id": agent.agent_id, "amount": 1}))
        self.refused(self.guest.get("/faucet/"), 405, "method_not_allowed")
        self.refused(self.guest.post("/escrow/"), 401, "authentication_required")
        for path in ("/prices//", "//", "/nothing/"):
            self.refused(self.guest.get(path), 404, "not_found")
        self.assertIsNone(self.guest.get("/api/v1/markets/").body.get("detail"))

    def test_what_is_not_http_is_refused_in_the_same_form(self):
        for sent, status, code in (
                (b"GARBAGE", 400, "bad_request"),
                (b"GET /prices HTTP/1.1\r\nBad Header: x", 400, "bad_request"),
                (b"POST /faucet HTTP/1.1\r\nContent-Length: -1", 400, "bad_request"),
                (b"GET /prices?x=" + b"a" * 9_000 + b" HTTP/1.1", 431, "header_too_large"),
                (b"GET /prices HTTP/1.1\r\nX: " + b"a" * 9_000, 431, "header_too_large")):
            with socket.create_connection(("127.0.0.1", self.exchange.port), timeout=30) as peer:
                peer.sendall(sent + b"\r\n\r\n")
                reply = http.client.HTTPResponse(peer)
                reply.begin()
                headers = {name.lower(): value for name, value in reply.getheaders()}
                self.refused(harness.Reply(reply.status, headers, reply.read()), status, code)

    def test_the_native_api_keeps_its_form(self):
        for reply in (self.guest.get("/api/v1/nothing"), self.guest.post("/api/v1/orders"),
                      self.guest.request("PUT", "/api/v1/agents")):
            self.assertEqual(set(reply.body), {"code", "message", "field", "hint"}, reply)

    def test_a_body_is_at_most_64_kib(self):
        agent = self.agent(0)
        start = f'{{"agent_id":"{agent.agent_id}","amount":1,"x":"'
        fits = start + "y" * (64 * 1024 - len(start) - 2) + '"}'
        self.assertEqual(len(fits), 64 * 1024)
        self.ok(agent.post("/deposit", fits))
        for client in (agent, self.guest):
            self.refused(client.post("/deposit", fits + " "), 413, "body_too_large")

    def test_request_ids_differ(self):
        ids = {self.guest.get("/nothing").body["request_id"] for _ in range(10)}
        self.assertEqual(len(ids), 10)
        for name in ids:
            self.assertRegex(name, r"^req_[0-9a-f]{16}$")

    def test_the_content_type_does_not_matter(self):
        agent = self.agent(0)
        for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
            body = f'{{"agent_id":"{agent.agent_id}","amount":"1"}}'
            self.ok(agent.request("POST", "/deposit", body, {"Content-Type": kind}))

    def test_system_pages(self):
        health = self.ok(self.guest.get("/health"))
        self.assertEqual((health["checks"]["engine"], health["checks"]["storage"]), ("ok", "ok"))
        has_prices = health["checks"]["prices"] == "ok"  # posted for a few of the markets only
        self.assertEqual(health["status"], "ok" if has_prices else "degraded")
        self.assertEqual(set(self.ok(self.guest.get("/api"))), {"service", "version"})
        guide = self.guest.get("/agent.md")
        self.assertTrue(guide.headers["content-type"].startswith("text/markdown"))
        for word in ("/agents/register", "api_key", "/faucet", "/intents"):
            self.assertIn(word, guide.text)
        for path in ("/", "/docs"):
            page = self.guest.get(path)
            self.assertEqual((page.status, page.headers["content-type"].split(";")[0]),
                             (200, "text/html"))

    def test_an_idempotency_key_repeats_the_answer(self):
        agent = self.agent(0)
        body = {"agent_id": agent.agent_id, "amount": 5}
        first = self.ok(agent.post("/deposit", body, **{"Idempotency-Key": "k1"}))
        self.assertEqual(self.ok(agent.post("/deposit", body, **{"Idempotency-Key": "k1"})), first)
        reply = agent.post("/deposit", {**body, "amount": 6}, **{"Idempotency-Key": "k1"})
        self.refused(reply, 409, "idempotency_conflict")
        self.assertEqual(self.ok(agent.get(f"/balance/{agent.agent_id}"))["total"], 5)

    def test_two_registrations_of_one_wallet_at_once_make_one_agent(self):
        replies = []

        def register():
            client = harness.Client(self.exchange.port)
            replies.append(client.post("/agents/register", {"wallet_address": "0xrace_0001"}))
        threads = [threading.Thread(target=register) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(reply.status for reply in replies), [200] + [409] * 7)


class Origins(HubTest):
    settings = {"cors_origins": f"{ORIGIN}, https://other.example"}

    def preflight(self, origin, path="/intents"):
        return self.guest.request("OPTIONS", path, headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key, content-type"})

    def test_an_allowed_page_may_ask(self):
        reply = self.preflight(ORIGIN)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["access-control-allow-origin"], ORIGIN)
        self.assertEqual(reply.headers["access-control-allow-credentials"], "true")
        self.assertEqual(reply.headers["access-control-allow-methods"], "GET, POST, PUT, DELETE")
        self.assertEqual(reply.headers["access-control-allow-headers"], "x-api-key, content-type")
        for path in ("/health", "/balance/agent_0001", "/nothing"):
            reply = self.guest.get(path, Origin="https://other.example")
            self.assertEqual(reply.headers["access-control-allow-origin"], "https://other.example")
            self.assertEqual(reply.headers["vary"], "Origin")
        reply = self.guest.post("/deposit", "x" * 70_000, Origin=ORIGIN)
        self.refused(reply, 413, "body_too_large")
        self.assertEqual(reply.headers["access-control-allow-origin"], ORIGIN)

    def test_other_pages_get_no_leave(self):
        for origin in ("https://evil.example", ORIGIN + ".evil", "null"):
            self.refused(self.preflight(origin), 400, "bad_request")
            self.assertNotIn("access-control-allow-origin",
                             self.guest.get("/health", Origin=origin).headers)
        self.assertNotIn("access-control-allow-origin",
                         self.guest.get("/api/v1/markets", Origin=ORIGIN).headers)
        self.refused(self.guest.request("OPTIONS", "/intents"), 405, "method_not_allowed")


class Rates(HubTest):
    settings = {"rate_hub_mutations": 3}

    def test_so_many_in_a_second_and_none_more(self):
        agent, other = self.agent(0), self.agent(0)
        time.sleep(1.1)  # what made the agent has left the window
        for _ in range(3):
            self.ok(agent.post("/chat/thought", {"content": "x"}))
        reply = agent.post("/chat/thought", {"content": "x"})
        self.assertEqual(self.refused(reply, 429, "rate_limited")["detail"],
                         "Agent rate limit exceeded: 3/s")
        self.assertEqual(reply.headers["retry-after"], "1")
        self.ok(other.post("/chat/thought", {"content": "x"}))
        self.refused(agent.post("/chat/thought", {}), 422, "validation_failed")
        state = self.ok(self.guest.get(f"/rate-limit/{agent.agent_id}"))
        self.assertEqual(state["violations"], 1)
        self.ok(agent.get("/me"))
        end = time.monotonic() + 20
        while agent.post("/chat/thought", {"content": "x"}).status == 429:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)


    def test_what_needs_no_key_is_not_counted_for_all_callers_together(self):
        for _ in range(10):
            self.ok(self.guest.post("/intents/parse", {"text": "long btc"}))
        state = self.ok(self.guest.get("/rate-limit/nobody"))
        self.assertEqual((state["agent_id"], state["requests_1h"], state["violations"]),
                         ("nobody", 0, 0))


class ReadRates(HubTest):
    settings = {"rate_reads": 2}

    def test_reads_have_a_budget_too(self):
        for _ in range(50):
            reply = self.guest.get("/api")
            if reply.status == 429:
                break
        body = self.refused(reply, 429, "rate_limited")
        self.assertRegex(body["detail"], r"^(Agent|Global) rate limit exceeded: \d+/s$")
        self.assertGreaterEqual(int(reply.headers["retry-after"]), 1)
        self.ok(self.guest.get("/health"))


if __name__ == "__main__":
    unittest.main()
