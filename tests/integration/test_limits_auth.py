"""Rate limits, production mode, and HTTP itself: paths, methods, sizes, broken requests."""
import socket
import unittest

import api_case
from api_case import OPERATOR_KEY, ApiTest, order, unique
from test_shared_refusals import path_of

HEADER_BYTES_MAX = 8 * 1024


class RateLimits(ApiTest):
    settings = {"rate_agent": 1, "rate_agent_burst": 3, "rate_reads": 1, "rate_global": 0,
                "rate_registrations": 1, "rate_registrations_burst": 2}

    def drain(self, send, name, burst):
        """Sends until refused: never before the burst is used up; the refusal names the limit."""
        for sent in range(burst * 50):
            reply = send()
            if reply.status == 429:
                self.refused(reply, "rate_limited", name)
                self.assertGreaterEqual(int(reply.headers["retry-after"]), 1)
                self.assertEqual(reply.headers["ratelimit-remaining"], "0")
                self.assertEqual(int(reply.headers["ratelimit-limit"]), burst)
                return sent
        return self.fail(f"never limited: {name}")

    def test_every_limited_operation_says_when_to_come_back(self):
        agent = self.agent(None)
        stranger = self.exchange.client("th_" + "0" * 43)
        # A switch is free for those with a key; others pay as for any bad key.
        names = {"registerAgent": ("address_registrations", 2),
                 "cancelAllAfter": ("address_reads", 2)}
        for operation in api_case.recorder.operations:
            if "rate_limited" not in operation.all_codes():
                continue
            client = self.guest if operation.is_open else agent
            if operation.name == "cancelAllAfter":
                client = stranger
            name, burst = names.get(operation.name, self.budget(operation))
            with self.subTest(operation=operation.name):
                self.drain(lambda o=operation, c=client: c.request(o.method, path_of(o)),
                           name, burst)

    def budget(self, operation):
        if operation.method == "GET" or operation.name == "previewOrder":
            return ("address_reads" if operation.is_open else "agent_reads"), 2
        is_cancel = operation.method == "DELETE" or operation.name.startswith("cancel")
        return ("agent_cancels" if is_cancel else "agent_mutations"), 3

    def test_a_fresh_agent_has_its_whole_burst_and_sees_what_is_left(self):
        agent = self.register_slowly()
        reply = agent.post("/api/v1/account/deposit", {"amount": "1"})
        self.assertEqual((reply.headers["ratelimit-limit"], reply.headers["ratelimit-remaining"]),
                         ("3", "2"))
        sent = self.drain(lambda: agent.post("/api/v1/account/deposit", {"amount": "1"}),
                          "agent_mutations", 3)
        self.assertGreaterEqual(sent, 2)
        cancelled = agent.post("/api/v1/orders/cancel-all")
        self.assertEqual(cancelled.status, 200, "who has used up its mutations can still cancel")

    def register_slowly(self):
        def register():
            reply = self.guest.post("/api/v1/agents", {"wallet": unique("w")})
            return reply if reply.status == 200 else None
        reply = api_case.until(register, "a registration passes")
        return self.exchange.client(reply.body["api_key"])

    def tearDown(self):
        self.agents.clear()


class GlobalLimit(ApiTest):
    settings = {"rate_global": 2}

    def test_all_mutations_share_a_budget(self):
        first = self.exchange.client().post("/api/v1/agents", {"wallet": unique("w")})
        agent = self.exchange.client(self.ok(first)["api_key"])
        for _ in range(100):
            reply = agent.post("/api/v1/account/deposit", {"amount": "1"})
            if reply.status == 429:
                break
        self.refused(reply, "rate_limited", "global_mutations")
        self.ok(self.guest.get("/api/v1/markets"))
        self.exchange.push_prices()  # the operator has no budget


class Production(ApiTest):
    settings = {"mode": "production", "jwt_secret": "s" * 32}

    def test_money_moves_by_the_operators_key_only(self):
        agent = self.agent(None)
        body = {"amount": "100", "agent_id": agent.agent_id}
        for kind in ("deposit", "withdraw"):
            path = f"/api/v1/account/{kind}"
            self.refused(agent.post(path, {"amount": "1"}), "forbidden", "operator")
            self.refused(agent.post(path, body), "forbidden", "operator")
            self.refused(self.guest.post(path, body), "unauthorized")
            self.refused(self.operator.post(path, {**body, "agent_id": "777"}),
                         "agent_not_found", "agent_id")
            self.ok(self.operator.post(path, body))
        self.refused(agent.post("/api/v1/account/faucet", {"amount": "1"}), "not_in_this_mode")
        self.assertEqual(self.ok(agent.get("/api/v1/account"))["free"], "0")
        self.assertEqual(self.ok(self.guest.get("/api/v1/limits"))["mode"], "production")

    def test_the_operator_has_no_account(self):
        for reply in (self.operator.get("/api/v1/account"),
                      self.operator.post("/api/v1/orders", order())):
            self.refused(reply, "forbidden")


class NoOperator(ApiTest):
    settings = {"mode": "production", "operator_key": "", "prices": "off", "jwt_secret": "s" * 32}
    has_prices = False

    def test_without_an_operator_key_there_is_no_operator(self):
        for key in ("", OPERATOR_KEY, "0" * 40):
            reply = self.guest.post("/api/v1/account/deposit", {"amount": "1", "agent_id": "1"},
                                    **{"X-API-Key": key})
            self.refused(reply, "unauthorized")


class Http(ApiTest):
    def test_unknown_paths_and_methods(self):
        for path in ("/nothing", "/api/v1", "/api/v1/orders/1/2", "/api/v2/markets", "//",
                     "/api/v1/markets/", "/..", "/%2e%2e/etc/passwd"):
            self.refused(self.guest.get(path), "not_found")
        for method, path, allowed in (("DELETE", "/api/v1/markets", {"GET"}),
                                      ("PUT", "/api/v1/orders", {"GET", "POST"}),
                                      ("BREW", "/healthz", {"GET"})):
            reply = self.guest.request(method, path)
            self.refused(reply, "method_not_allowed")
            self.assertLessEqual(allowed, set(reply.headers["allow"].split(", ")))

    def test_head_answers_like_get_without_a_body(self):
        with socket.create_connection(("127.0.0.1", self.exchange.port), 10) as raw:
            raw.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = self.read_all(raw)
        head, _, body = text.partition("\r\n\r\n")
        self.assertTrue(head.startswith("HTTP/1.1 200"))
        self.assertIn("Content-Length: ", head)
        self.assertEqual(body, "")

    def read_all(self, raw):
        data = b""
        while chunk := raw.recv(65536):
            data += chunk
        return data.decode()

    def exchange_bytes(self, data):
        with socket.create_connection(("127.0.0.1", self.exchange.port), 10) as raw:
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            return self.read_all(raw)

    def test_what_is_not_http_is_refused_and_the_server_lives_on(self):
        for data in (b"\x16\x03\x01\x02\x00" * 10, b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"):
            text = self.exchange_bytes(data)
            self.assertTrue(text == "" or text.startswith("HTTP/1.1 4"), (data, text[:200]))
        self.ok(self.guest.get("/healthz"))

    def test_a_header_above_the_limit_is_refused(self):
        text = self.exchange_bytes(b"GET / HTTP/1.1\r\nX: " + b"y" * 2 * HEADER_BYTES_MAX)
        self.assertTrue(text.startswith("HTTP/1.1 431"), text[:100])

    def test_a_chunked_body_is_a_body(self):
        agent = self.agent(None)
        body = b'{"amount":"5"}'
        text = self.exchange_bytes(
            b"POST /api/v1/account/deposit HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"X-API-Key: " + agent.key.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        self.assertIn('"free":"5"', text)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /api/v1/markets/%s HTTP/1.1\r\nHost: x\r\n\r\n"
        text = self.exchange_bytes(one % b"ETH-PERP" + one % b"NONE" + one % b"SOL-PERP")
        places = [text.index(word) for word in ("ETH-PERP", "market_not_found", "SOL-PERP")]
        self.assertEqual(places, sorted(places))

    def test_json_beyond_the_rules_is_refused(self):
        agent = self.agent(None)
        for body, code in (('{"amount":"1","amount":"2"}', "malformed_json"),
                           ("[" * 5000, "malformed_json"), ('{"a":' * 50, "malformed_json")):
            self.refused(agent.post("/api/v1/account/deposit", body), code)
        self.refused(agent.post("/api/v1/account/deposit", ""), "missing_field", "amount")


if __name__ == "__main__":
    unittest.main()
