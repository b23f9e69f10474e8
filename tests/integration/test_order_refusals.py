"""Every refusal of risk and matching, by each way to place or amend an order."""
import time
import unittest

from api_case import ApiTest, order

ORDERS = "/api/v1/orders"


class PlaceRefusals(ApiTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rich, cls.poor, cls.bound = cls.agent("500000000"), cls.agent("10"), cls.agent()
        cls.maker = cls.agent()
        for client, body in ((cls.bound, order("buy", "0.1", "50000")),
                             (cls.maker, order("sell", "0.1", "60500"))):
            assert client.post(ORDERS, body).status == 200

    def test_refusals_of_orders_one_by_one_and_in_batches(self):
        market = {"kind": "market", "price": None}
        cases = (
            ("invalid_quantity", self.rich, {"size": "0"}, ()),
            ("size_too_small", self.rich, {"size": "0.00001"}, ("given", "minimum")),
            ("size_too_large", self.rich, {"size": "10000000"}, ("given", "maximum")),
            ("price_out_of_band", self.rich, {"price": "90000"}, ("price", "lowest", "highest")),
            ("invalid_slippage", self.rich, {**market, "max_slippage": "0.2"},
             ("given", "maximum")),
            ("invalid_expiry", self.rich, {"expires_at": 1}, ()),
            ("leverage_too_high", self.rich, {"leverage": 21}, ("given", "allowed")),
            ("request_expired", self.rich, {"valid_until": 1}, ()),
            ("market_not_found", self.rich, {"market": "NO-PERP"}, ()),
            ("insufficient_margin", self.poor, {}, ("needed", "available")),
            ("conflicting_position", self.bound, {"side": "sell", "price": "61000"},
             ("opposite_open_size",)),
            ("reduce_only_would_increase", self.rich, {"reduce_only": True}, ()),
            ("position_too_large", self.rich, {"size": "2000"}, ("given", "maximum")),
            ("would_cross", self.rich, {"price": "60500", "post_only": "reject"},
             ("touching_price",)),
            ("fok_unfillable", self.rich, {"price": "60500", "size": "1", "time_in_force": "fok"},
             ()),
        )
        for code, client, fields, numbers in cases:
            with self.subTest(code=code):
                error = self.refused(client.post(ORDERS, order(**fields)), code)
                batch = client.post(f"{ORDERS}/batch", {"orders": [order(**fields)]})
                if batch.status == 200:
                    self.assertEqual(batch.body["results"][0]["error"]["code"], code)
                else:
                    self.refused(batch, code)
                self.assertLessEqual(set(numbers), set(error), code)

    def test_refusals_of_intents(self):
        cases = (
            ("invalid_quantity", self.rich, {"size_usdc": "0"}),
            ("size_too_small", self.rich, {"size_usdc": "0.5"}),
            ("size_too_large", self.rich, {"size_usdc": "200000000000"}),
            ("price_out_of_band", self.rich, {"limit_price": "90000"}),
            ("invalid_slippage", self.rich, {"limit_price": None, "max_slippage": "0.2"}),
            ("invalid_expiry", self.rich, {"expires_at": 1}),
            ("leverage_too_high", self.rich, {"leverage": 21}),
            ("insufficient_margin", self.poor, {}),
            ("conflicting_position", self.bound, {"direction": "short", "limit_price": "61000"}),
            ("position_too_large", self.rich, {"size_usdc": "120000000"}),
        )
        for code, client, fields in cases:
            with self.subTest(code=code):
                body = {"market": "BTC-PERP", "direction": "long", "size_usdc": "600",
                        "limit_price": "60000", **fields}
                body = {name: value for name, value in body.items() if value is not None}
                self.refused(client.post("/api/v1/intents", body), code)

    def test_the_margin_rule_leaves_a_fifth_of_the_collateral(self):
        agent = self.agent("1000")
        error = self.refused(agent.post(ORDERS, order("buy", "0.02", "60000")),
                             "insufficient_margin")
        self.assertEqual((error["needed"], error["available"]), ("1200.6", "800"))
        self.place(agent, "buy", "0.02", "60000", leverage=2)  # 600 margin + 0.6 fee

    def tearDown(self):
        """The orders of setUpClass stay for all tests."""


class AmendRefusals(ApiTest):
    def paths(self, placed):
        return (f"{ORDERS}/{placed['order_id']}",
                f"{ORDERS}/by-client-id/{placed['client_id']}?market=BTC-PERP")

    def test_refusals_leave_the_order_as_it_was(self):
        maker, rich, poor = self.agent(), self.agent("500000000"), self.agent("1000")
        self.place(maker, "sell", "0.1", "60500")
        plain = self.place(rich, "buy", "1", "59000", leverage=20, client_id="plain")
        shy = self.place(rich, "buy", "0.1", "59000", post_only="reject", client_id="shy")
        small = self.place(poor, "buy", "0.01", "59000", client_id="small")
        cases = (
            ("invalid_quantity", rich, plain, {"size": "0"}),
            ("size_too_large", rich, plain, {"size": "10000000"}),
            ("price_out_of_band", rich, plain, {"price": "90000"}),
            ("leverage_too_high", rich, plain, {"size": "3"}),
            ("position_too_large", rich, plain, {"size": "2000"}),
            ("would_cross", rich, shy, {"price": "60500"}),
            ("insufficient_margin", poor, small, {"size": "0.1"}),
        )
        for code, client, placed, fields in cases:
            before = self.ok(client.get(f"{ORDERS}/{placed['order_id']}"))
            for path in self.paths(placed):
                with self.subTest(code=code, path=path):
                    self.refused(client.patch(path, fields), code)
            self.assertEqual(self.ok(client.get(f"{ORDERS}/{placed['order_id']}")), before)

    def test_an_order_that_is_not_there_cannot_be_amended(self):
        agent, other = self.agent(), self.agent()
        placed = self.place(other, client_id="theirs")
        for path in (*self.paths(placed), f"{ORDERS}/1", f"{ORDERS}/999999999999999"):
            self.refused(agent.patch(path, {"size": "1"}), "order_not_found")

    def test_a_filled_part_cannot_be_amended_away(self):
        maker, taker = self.agent(), self.agent()
        placed = self.place(maker, "sell", "0.1", "60000")
        self.place(taker, "buy", "0.06", "60000")
        reply = maker.patch(f"{ORDERS}/{placed['order_id']}", {"size": "0.06"})
        error = self.refused(reply, "invalid_quantity")
        self.assertEqual((error["size"], error["filled"]), ("0.06", "0.06"))


class ExpiredOrders(ApiTest):
    def test_valid_until_in_the_future_is_carried_out(self):
        soon = int(time.time() * 1000) + 60_000
        self.place(self.agent(), valid_until=soon)


if __name__ == "__main__":
    unittest.main()
