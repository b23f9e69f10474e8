"""Repeating a request under the same key or client id: executed once, answered alike."""
import threading
import unittest
from decimal import Decimal

from api_case import ApiTest, order, unique

ORDERS = "/api/v1/orders"
DEPOSIT = "/api/v1/account/deposit"


class Idempotency(ApiTest):
    def repeat(self, send):
        """Both answers, equal but for the mark that the second one is a repeat."""
        first, again = send(), send()
        self.assertEqual((first.status, first.body.get("replayed", False)),
                         (again.status, False))
        self.assertTrue(again.body.pop("replayed"))
        first.body.pop("replayed", None)
        self.assertEqual(first.body, again.body)
        return first

    def free(self, agent):
        return self.ok(agent.get("/api/v1/account"))["free"]

    def test_a_repeated_deposit_counts_once(self):
        agent, headers = self.agent(None), {"Idempotency-Key": "pay day 1"}
        self.repeat(lambda: agent.post(DEPOSIT, {"amount": "5"}, **headers))
        self.assertEqual(self.free(agent), "5")

    def test_a_repeated_order_is_placed_once(self):
        agent, headers = self.agent(), {"Idempotency-Key": unique("k")}
        first = self.repeat(lambda: agent.post(ORDERS, order(), **headers))
        self.assertEqual([o["order_id"] for o in self.ok(agent.get(ORDERS))["items"]],
                         [first.body["order_id"]])

    def test_a_client_id_alone_makes_an_order_repeatable(self):
        agent = self.agent()
        self.repeat(lambda: agent.post(ORDERS, order(client_id="only-once")))
        reply = agent.post(ORDERS, order(client_id="only-once", size="0.02"))
        self.refused(reply, "idempotency_conflict")
        self.assertEqual(len(self.ok(agent.get(ORDERS))["items"]), 1)

    def test_a_refusal_is_repeated_too_even_when_it_would_pass_by_now(self):
        agent, headers = self.agent("10"), {"Idempotency-Key": unique("k")}
        refused = self.repeat(lambda: agent.post(ORDERS, order(), **headers))
        self.assertEqual(refused.code, "insufficient_margin")
        self.ok(agent.post(DEPOSIT, {"amount": "100000"}))
        self.refused(agent.post(ORDERS, order(), **headers), "insufficient_margin")
        self.ok(agent.post(ORDERS, order()))

    def test_keys_of_different_agents_do_not_meet(self):
        headers = {"Idempotency-Key": unique("k")}
        for agent in (self.agent(None), self.agent(None)):
            self.assertFalse(self.ok(agent.post(DEPOSIT, {"amount": "5"}, **headers))["replayed"])

    def test_each_entry_of_a_batch_is_remembered(self):
        agent, headers = self.agent(), {"Idempotency-Key": unique("k")}
        body = {"orders": [order(), order(price="1"), order(price="59000")]}
        first = self.ok(agent.post(f"{ORDERS}/batch", body, **headers))["results"]
        again = self.ok(agent.post(f"{ORDERS}/batch", body, **headers))["results"]
        for one, two in zip(first, again):
            self.assertEqual(one.get("order_id"), two.get("order_id"))
        self.assertEqual([r.get("replayed", r.get("error", {}).get("replayed")) for r in again],
                         [True, True, True])
        self.assertEqual(len(self.ok(agent.get(ORDERS))["items"]), 2)

    def test_cancels_closes_and_settings_are_repeatable(self):
        agent, other = self.agent(), self.agent()
        placed = self.place(agent)
        key = {"Idempotency-Key": unique("k")}
        self.repeat(lambda: agent.delete(f"{ORDERS}/{placed['order_id']}", **key))
        self.trade(agent, other)
        self.place(other, reduce_only=True)
        key = {"Idempotency-Key": unique("k")}
        self.repeat(lambda: agent.post("/api/v1/positions/BTC-PERP/close", **key))
        key = {"Idempotency-Key": unique("k")}
        self.repeat(lambda: agent.put("/api/v1/positions/BTC-PERP/leverage", {"leverage": 7},
                                      **key))

    def test_keys_have_a_form(self):
        agent = self.agent(None)
        self.ok(agent.post(DEPOSIT, {"amount": "1"}, **{"Idempotency-Key": "x" * 128}))
        for key in ("x" * 129, "ü", "tab\there"):
            headers = {"Idempotency-Key": key.encode()}
            self.refused(agent.post(DEPOSIT, {"amount": "1"}, **headers), "invalid_field",
                         "Idempotency-Key")
        self.assertEqual(self.free(agent), "1")

    def test_of_many_repeats_at_once_one_is_carried_out(self):
        owner = self.agent(None)
        answers = []

        def run():
            client = self.exchange.client(owner.key)
            for number in range(20):
                headers = {"Idempotency-Key": f"shared-{number}"}
                answers.append(client.post(DEPOSIT, {"amount": "1"}, **headers))
            client.close()
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([a.status for a in answers], [200] * 80)
        self.assertEqual(sum(not a.body["replayed"] for a in answers), 20)
        self.assertEqual(Decimal(self.free(owner)), 20)


if __name__ == "__main__":
    unittest.main()
