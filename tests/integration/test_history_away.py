"""An exchange whose history is away trades: it starts without it, says so, and has it whole once
the database is there."""
import unittest

from api_case import NO_LIMITS, QUIET, ApiExchange, ApiTest, until
from test_postgres import WithPostgres


class Nowhere(ApiTest):
    """Nothing ever listens there."""
    settings = {"database_url": "postgresql://x:secret@127.0.0.1:1/x"}

    def test_orders_go_on_and_lists_say_that_they_are_unavailable(self):
        ready = self.ok(self.guest.get("/readyz"))
        self.assertIn("history", ready["degraded"])
        taker = self.agent("50000")
        placed = self.place(taker, "buy", "0.001", "50000")
        self.assertEqual(len(self.ok(taker.get("/api/v1/orders"))["items"]), 1)
        reply = taker.get("/api/v1/account/ledger")
        self.refused(reply, "exchange_unavailable")
        self.assertEqual(reply.status, 503)
        self.ok(taker.delete(f"/api/v1/orders/{placed['order_id']}"))
        log = self.exchange.log()
        self.assertIn("starting without the history", log)
        self.assertNotIn("secret", log)
        self.assertEqual(self.exchange.stop(), 0)
        self.exchange.start()


class ComesLater(WithPostgres, ApiTest):
    def setUp(self):
        self.taker = self.agent("50000")

    def place_now(self, count):
        for _ in range(3):  # restarts take longer than a price lasts
            self.exchange.push_prices()
        ids = self.trade_on(count)
        self.ok(self.taker.post("/api/v1/orders/cancel-all"))
        return ids

    def history(self):
        reply = self.taker.get("/api/v1/orders/history?limit=200")
        return {row["order_id"] for row in reply.body["items"]} if reply.status == 200 else None

    def test_what_happened_meanwhile_is_there_and_as_a_rebuild_makes_it(self):
        ids = self.place_now(5)
        until(lambda: self.history() == set(ids), "the history shows them")
        self.server.stop()
        ids += self.place_now(5)
        self.exchange.kill()
        self.exchange.start()  # the journal alone has the last ones now
        ids += self.place_now(5)
        self.assertGreater(self.metric("perpetua_history_missing_batches"), 0)
        self.assertIsNone(self.history())
        self.server.start()
        until(lambda: self.history() == set(ids), "the history has caught up", 60)
        self.assertEqual(self.metric("perpetua_history_missing_batches"), 0)
        self.assertEqual(self.metric("perpetua_history_failed"), 0)
        until(lambda: self.ok(self.guest.get("/readyz"))["degraded"] is None, "all is well")
        self.assertEqual(self.exchange.stop(), 0)
        written = self.tables_of("checksum")
        self.assertEqual(self.tables_of("rebuild"), written)
        self.exchange.start()


class Refused(WithPostgres, unittest.TestCase):
    def test_a_database_of_a_newer_binary_stops_the_start(self):
        exchange = ApiExchange(**{**NO_LIMITS, **QUIET, **self.settings})
        self.addCleanup(exchange.close)
        exchange.start()
        self.assertEqual(exchange.stop(), 0)
        self.sql("INSERT INTO schema_migrations VALUES (999, 'later')")
        with self.assertRaises(RuntimeError) as failure:
            exchange.start()
        self.assertIn("schema version 999", str(failure.exception))


if __name__ == "__main__":
    unittest.main()
