"""What was acknowledged survives SIGTERM and kill -9; the data directory has one owner."""
import os
import signal
import unittest

from api_case import (NO_LIMITS, OPERATOR_KEY, QUIET, ApiExchange, ApiTest, order, unique, until)
from ws_client import Socket

PATHS = ("/api/v1/account", "/api/v1/positions", "/api/v1/orders", "/api/v1/keys",
         "/api/v1/orders/history", "/api/v1/fills", "/api/v1/account/ledger", "/api/v1/intents",
         "/api/v1/markets/BTC-PERP/trades", "/api/v1/markets/BTC-PERP/candles",
         "/api/v1/markets/BTC-PERP", "/api/v1/markets/BTC-PERP/book", "/api/v1/agents",
         "/api/v1/markets/BTC-PERP/insurance", "/api/v1/account/position-changes",
         "/api/v1/thoughts", "/api/v1/prices", "/api/v1/orders/by-client-id/kept")
MOVING = ("sequence", "time")  # of the book: counted from the start of the process
FUNDING = "/api/v1/markets/BTC-PERP/funding"
SAMPLED = ("predicted_funding_rate", "next_funding")  # moves on with each sample


class Restart(ApiTest):
    def setUp(self):
        self.maker, self.taker = self.agent("100000"), self.agent("50000")
        self.reader = self.key_of(self.taker, "read")
        self.revoked = self.key_of(self.taker, "read")
        self.ok(self.taker.delete(f"/api/v1/keys/{self.revoked.key_id}"))
        self.ok(self.taker.put("/api/v1/positions/BTC-PERP/leverage", {"leverage": 5}))
        self.trade(self.taker, self.maker, "0.2", "60010")
        self.name = unique("kept")
        self.place(self.taker, "buy", "0.01", "55000", client_id=self.name)
        self.ok(self.taker.post("/api/v1/intents", {
            "market": "BTC-PERP", "direction": "long", "size_usdc": "500", "reason": "later",
            "limit_price": "54000"}))
        self.ok(self.taker.post("/api/v1/thoughts", {"text": unique("thought")}))
        self.ok(self.taker.post("/api/v1/account/withdraw", {"amount": "1.25"}))
        self.ok(self.taker.post("/api/v1/positions/BTC-PERP/margin",
                                {"action": "add", "amount": "3"}))
        self.ok(self.operator.post("/api/v1/operator/markets/BTC-PERP/insurance",
                                   {"amount": "10"}))

    def tearDown(self):
        self.ok(self.maker.post("/api/v1/orders/cancel-all"))
        self.ok(self.taker.post("/api/v1/orders/cancel-all"))
        self.agents.clear()

    def view(self):
        """All an agent can see, without what counts from the start of the process."""
        shown = {}
        for path in PATHS:
            path = path.replace("kept", self.name)
            shown[path] = self.ok(self.taker.get(path))
        book = shown["/api/v1/markets/BTC-PERP/book"]
        for name in MOVING:
            book.pop(name)
        for name in SAMPLED:
            shown["/api/v1/markets/BTC-PERP"].pop(name)
        shown[FUNDING] = self.ok(self.guest.get(FUNDING))
        return shown

    def settled_view(self):
        """Once history has followed: its newest rows are then those of the hot store."""
        until(lambda: len(self.ok(self.taker.get("/api/v1/account/ledger"))["items"]) >= 2,
              "the ledger")
        return self.view()

    def check_all_is_there(self, before):
        after = self.settled_view()
        self.check_the_hour_goes_on(before.pop(FUNDING), after.pop(FUNDING))
        for path, shown in before.items():
            with self.subTest(path=path):
                self.assertEqual(after[path], shown)
        self.assertEqual(self.ok(self.guest.get("/api/v1/solvency"))["verdict"], "ok")
        self.ok(self.reader.get("/api/v1/account"))
        self.refused(self.revoked.get("/api/v1/account"), "unauthorized")
        again = self.ok(self.taker.post("/api/v1/orders", order("buy", "0.01", "55000",
                                                               client_id=self.name)))
        self.assertTrue(again["replayed"])

    def check_the_hour_goes_on(self, before, after):
        self.assertGreater(before["samples"], 0)
        if after["next_settlement"] == before["next_settlement"]:
            self.assertGreaterEqual(after["samples"], before["samples"])

    def restart(self, end):
        end()
        self.exchange.start()

    def test_a_clean_stop_keeps_everything(self):
        before = self.settled_view()
        self.restart(lambda: self.assertEqual(self.exchange.stop(), 0, self.exchange.log()))
        self.check_all_is_there(before)
        self.check_history_was_kept()

    def check_history_was_kept(self):
        """Rebuilding it at every start would make each restart as long as the whole past."""
        newest_run = self.exchange.log().rsplit("stopped at batch", 1)[-1]
        self.assertNotIn("history is built from the journal", newest_run)

    def test_kill_9_keeps_everything_acknowledged(self):
        before = self.settled_view()
        self.restart(self.exchange.kill)
        self.check_all_is_there(before)

    def test_a_private_stream_goes_on_behind_a_kill(self):
        seen = int(self.ok(self.taker.get("/api/v1/account"))["sequence"])
        self.place(self.taker, "buy", "0.01", "51000")
        newest = int(self.ok(self.taker.get("/api/v1/account"))["sequence"])
        self.restart(self.exchange.kill)
        ws = Socket(self.exchange.port, self.taker.key)
        self.addCleanup(ws.close)
        answer = ws.call("subscribe", channel="private", resume_from=seen)
        self.assertEqual((answer["type"], answer.get("last_seq")), ("subscribed", newest), answer)
        got = [ws.next_of("orders", "fills", "positions", "account")["seq"]
               for _ in range(newest - seen)]
        self.assertEqual(got, list(range(seen + 1, newest + 1)))

    def test_kill_9_right_after_the_reply_keeps_what_it_said(self):
        placed = self.place(self.taker, "buy", "0.03", "52000")
        self.restart(self.exchange.kill)
        shown = self.ok(self.taker.get(f"/api/v1/orders/{placed['order_id']}"))
        self.assertEqual((shown["status"], shown["remaining"]), ("open", "0.03"))

    def test_a_deleted_history_is_rebuilt_from_the_journal(self):
        before = self.settled_view()

        def end():
            self.exchange.kill()
            folder = os.path.join(self.exchange.data_dir, "data")
            for name in os.listdir(folder):
                if name.startswith("history.sqlite"):
                    os.remove(os.path.join(folder, name))
        self.restart(end)
        self.check_all_is_there(before)

    def test_the_private_sequence_goes_on_without_a_gap(self):
        last = int(self.ok(self.taker.get("/api/v1/account"))["sequence"])
        self.restart(self.exchange.kill)
        with Socket(self.exchange.port, self.taker.key) as ws:
            answer = ws.call("subscribe", channel="private")
            self.assertEqual(answer["seq"], last)
            self.place(self.taker, price="50000")
            self.assertEqual(ws.next_of("orders")["seq"], last + 1)
            gone = ws.call("subscribe", channel="fills", resume_from=last)
            self.assertEqual(gone["error"]["code"], "invalid_request")
        with Socket(self.exchange.port, self.taker.key) as ws:
            answer = ws.call("subscribe", channel="private", resume_from=last)
            self.assertEqual(ws.next_of("orders")["seq"], last + 1, answer)

    def test_open_sockets_are_told_that_the_exchange_stops(self):
        with Socket(self.exchange.port, self.taker.key) as ws:
            ws.call("subscribe", channel="private")
            self.exchange.process.send_signal(signal.SIGTERM)
            self.assertEqual(ws.close_code(), 1001)
        self.restart(lambda: self.assertEqual(self.exchange.stop(), 0))


class DataDirectory(unittest.TestCase):
    def test_a_second_process_is_refused_and_the_first_goes_on(self):
        with ApiExchange(**NO_LIMITS, **QUIET) as first:
            first.start()
            second = ApiExchange(**NO_LIMITS, **QUIET)
            second.data_dir, unused = first.data_dir, second.data_dir
            second.log_path = os.path.join(unused, "second.log")
            with self.assertRaisesRegex(RuntimeError, "exit code 3"):
                second.start()
            self.assertRegex(second.log(), "cannot start: .*(another process|in use|lock)")
            os.remove(second.log_path)
            os.rmdir(unused)
            self.assertEqual(first.client().get("/readyz").status, 200)

    def test_settings_may_change_between_runs_but_money_does_not(self):
        with ApiExchange(**NO_LIMITS, **QUIET, start_balance=10) as exchange:
            exchange.start()
            _, agent = exchange.register("w", None)
            exchange.stop()
            exchange.settings.update(start_balance=99, matchers=4)
            exchange.start()
            self.assertEqual(agent.get("/api/v1/account").body["free"], "10")
            _, other = exchange.register("v", None)
            self.assertEqual(other.get("/api/v1/account").body["free"], "99")

    def test_no_file_holds_a_key(self):
        with ApiExchange(**NO_LIMITS, **QUIET) as exchange:
            exchange.start()
            _, agent = exchange.register("w", "5")
            agent.post("/api/v1/thoughts", {"text": "a text that is kept"})
            exchange.stop()
            secrets = [agent.key.encode(), agent.key[3:].encode(), OPERATOR_KEY.encode()]
            seen = 0
            for folder, _, names in os.walk(exchange.data_dir):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        data = file.read()
                    seen += b"a text that is kept" in data
                    self.assertFalse([s for s in secrets if s in data], name)
            self.assertGreater(seen, 0)


if __name__ == "__main__":
    unittest.main()
