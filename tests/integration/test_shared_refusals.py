"""Refusals that every operation shares, tried on every operation that /openapi.json lists."""
import time
import unittest

import api_case
from api_case import LONG_AGO, ApiTest, order, unique

PLACEHOLDERS = {"agent_id": "1", "key_id": "900001", "market": "BTC-PERP", "order_id": "4294999999",
                "intent_id": "4294999999", "client_id": "nobody",
                "trigger_id": str((1 << 63) + 1)}
BODY_BYTES_MAX = 64 * 1024


def path_of(operation, **values):
    path = operation.path.format(**{**PLACEHOLDERS, **values})
    return path + "?market=BTC-PERP" if operation.name == "amendOrderByClientId" else path


def two_requests(operation):
    """Two well-formed requests that differ: ((path, body), (path, body))."""
    now_ms = int(time.time() * 1000)
    bodies = {
        "registerAgent": ({"wallet": "twice", "bio": "a"}, {"wallet": "twice", "bio": "b"}),
        "createKey": ({"scopes": ["read"]}, {"scopes": ["trade"]}),
        "deposit": ({"amount": "1"}, {"amount": "2"}),
        "withdraw": ({"amount": "1"}, {"amount": "2"}),
        "transfer": ({"to_agent_id": "1", "amount": "1"}, {"to_agent_id": "1", "amount": "2"}),
        "claimFaucet": ({"amount": "1"}, {"amount": "2"}),
        "pushPrices": ({"prices": [{"market": "SOL-PERP", "price": "150", "source_time": now_ms}]},
                       {"prices": [{"market": "SOL-PERP", "price": "151", "source_time": now_ms}]}),
        "placeOrder": (order(price="50000"), order(price="50001")),
        "placeBatch": ({"orders": [order(price="50000")]}, {"orders": [order(price="50001")]}),
        "cancelBatch": ({"client_ids": ["a"]}, {"client_ids": ["b"]}),
        "cancelAll": ({"market": "BTC-PERP"}, {"market": "ETH-PERP"}),
        "amendOrder": ({"size": "1"}, {"size": "2"}),
        "amendOrderByClientId": ({"size": "1"}, {"size": "2"}),
        "placeIntent": (intent("10"), intent("20")),
        "closePosition": ({"max_slippage": "0.01"}, {"max_slippage": "0.02"}),
        "placeTrigger": ({"market": "BTC-PERP", "stop": "50000"},
                         {"market": "BTC-PERP", "stop": "50001"}),
        "setProtection": ({"stop_loss": "50000"}, {"stop_loss": "50001"}),
        "setLeverage": ({"leverage": 2}, {"leverage": 3}),
        "setNetting": ({"netting": True}, {"netting": False}),
        "postThought": ({"text": "a"}, {"text": "b"}),
        "previewOrder": (order(price="50000"), order(price="50001")),
        "adjustMargin": ({"action": "add", "amount": "1"}, {"action": "add", "amount": "2"}),
        "setMarketMode": ({"mode": "open"}, {"mode": "cancel_only"}),
        "fundInsurance": ({"amount": "1"}, {"amount": "2"}),
        "setKeyLimits": ({"leverage_max": 2}, {"leverage_max": 3}),
        "cancelAllAfter": ({"timeout_ms": 0}, {"timeout_ms": 0, "scope": "everything"}),
        "changeMarket": ({"effective_at": now_ms + 3_600_000},
                         {"effective_at": now_ms + 7_200_000}),
    }
    if operation.name in bodies:
        first, second = bodies[operation.name]
        return (path_of(operation), first), (path_of(operation), second)
    other = {"key_id": "900002", "order_id": "4294999998", "intent_id": "4294999998",
             "client_id": "none", "trigger_id": str((1 << 63) + 2)}
    return (path_of(operation), {}), (path_of(operation, **other), {})


def intent(size_usdc):
    return {"market": "BTC-PERP", "direction": "long", "size_usdc": size_usdc,
            "limit_price": "50000"}


def codes_of(reply):
    """The code of the answer, or those of its entries."""
    results = reply.body.get("results", [])
    return {entry["error"]["code"] for entry in results if "error" in entry} or {reply.code}


class SharedRefusals(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent(), cls.agent()
        cls.owner = cls.agent()
        cls.reader = cls.key_of(cls.owner, "read")
        cls.trader = cls.key_of(cls.owner, "trade")

    def documented(self, code):
        found = [o for o in api_case.recorder.operations if code in o.all_codes()]
        self.assertTrue(found, code)
        return found

    def entitled(self, operation):
        is_operators = operation.name in ("pushPrices", "setMarketMode", "fundInsurance",
                                           "changeMarket")
        return self.operator if is_operators else self.owner

    def each(self, code, send):
        for operation in self.documented(code):
            with self.subTest(operation=operation.name):
                self.assertEqual(codes_of(send(operation)), {code})

    def test_a_wrong_key_is_unauthorized_even_where_none_is_needed(self):
        stranger = self.exchange.client("th_" + "0" * 43)
        self.each("unauthorized", lambda o: stranger.request(o.method, path_of(o)))

    def test_no_key_is_unauthorized_where_one_is_needed(self):
        for operation in self.documented("forbidden"):
            reply = self.guest.request(operation.method, path_of(operation))
            self.assertEqual(reply.status, 401, operation.name)
            self.assertEqual(reply.headers["www-authenticate"], "Bearer")

    def test_a_key_without_the_scope_is_forbidden_and_hears_which(self):
        def send(operation):
            client = self.trader if operation.method == "GET" else self.reader
            reply = client.request(operation.method, path_of(operation))
            self.assertIn(reply.body["field"], ("read", "trade", "withdraw", "operator"))
            return reply
        self.each("forbidden", send)

    def test_a_body_that_is_no_json_is_malformed(self):
        for body in ("{", "[1]", '{"a":1}x', '{"a":1,"a":2', "\x00", "nul"):
            self.each("malformed_json", lambda o, text=body: self.entitled(o).request(
                o.method, path_of(o), text))

    def test_a_body_of_another_media_type_is_refused(self):
        self.each("unsupported_media_type", lambda o: self.entitled(o).request(
            o.method, path_of(o), "{}", {"Content-Type": "text/plain"}))

    def test_a_body_above_the_limit_is_too_large(self):
        body = '{"text":"' + "x" * BODY_BYTES_MAX + '"}'
        self.each("payload_too_large", lambda o: self.entitled(o).request(
            o.method, path_of(o), body))

    def test_unknown_fields_and_parameters_are_named(self):
        def send(operation):
            client = self.entitled(operation)
            if operation.has_body:
                reply = client.request(operation.method, path_of(operation), {"nonsense": 1})
            else:
                reply = client.request(operation.method, path_of(operation) + "?nonsense=1")
            self.assertEqual(reply.body["field"], "nonsense")
            return reply
        self.each("invalid_field", send)

    def test_a_missing_field_is_named(self):
        def send(operation):
            path = path_of(operation).split("?")[0]
            reply = self.entitled(operation).request(operation.method, path, {})
            self.assertTrue(reply.body["field"], reply)
            return reply
        self.each("missing_field", send)

    def test_a_request_behind_its_deadline_is_not_carried_out(self):
        def send(operation):
            (path, body), _ = two_requests(operation)
            return self.entitled(operation).request(operation.method, path, {**body, **LONG_AGO})
        self.each("request_expired", send)

    def test_an_idempotency_key_serves_one_request_only(self):
        def send(operation):
            client, headers = self.entitled(operation), {"Idempotency-Key": unique("key")}
            (path, body), (other_path, other_body) = two_requests(operation)
            first = client.request(operation.method, path, body, headers)
            again = client.request(operation.method, path, body, headers)
            self.assertEqual(codes_of(first), codes_of(again), operation.name)
            return client.request(operation.method, other_path, other_body, headers)
        self.each("idempotency_conflict", send)

    def test_a_cursor_of_another_list_is_invalid(self):
        self.each("invalid_cursor", lambda o: self.owner.get(path_of(o) + "?cursor=nonsense"))

    def test_an_unknown_market_is_not_found(self):
        def send(operation):
            client = self.entitled(operation)
            if "market" in operation.parameters:
                return client.request(operation.method, path_of(operation, market="X-PERP"),
                                      two_requests(operation)[0][1] if operation.has_body else None)
            if not operation.has_body or "client_id" in operation.parameters:
                path = path_of(operation).split("?")[0] + "?market=X-PERP"
                return client.request(operation.method, path,
                                      {"size": "1"} if operation.method == "PATCH" else None)
            (path, body), _ = two_requests(operation)
            rows = body.get("orders") or body.get("prices")
            if operation.name == "createKey":
                body["limits"] = {"markets": ["X-PERP"]}
                return client.request(operation.method, path, body)
            if operation.name == "setKeyLimits":
                return client.request(operation.method, path, {"markets": ["X-PERP"]})
            if rows:
                rows[0]["market"] = "X-PERP"
                return client.request(operation.method, path, body)
            return client.request(operation.method, path, {**body, "market": "X-PERP"})
        self.each("market_not_found", send)


if __name__ == "__main__":
    unittest.main()
