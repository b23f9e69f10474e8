"""The history in PostgreSQL: what agents see survives whatever happens to the exchange, the server
and its replicas, and the tables are those of a rebuild from the journal."""
import itertools
import os
import subprocess
import unittest

import test_restart
from api_case import ApiTest, until
from postgres_servers import PostgresServer

_numbers = itertools.count(1)


class WithPostgres:
    """One server for the exchange of a test class; before the exchange starts, ended after it."""
    replicas = 0

    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)
        cls.database = f"history_{next(_numbers)}"
        cls.settings = {**getattr(cls, "settings", {}),
                        "database_url": cls.server.create_database(cls.database)}
        cls.replica_servers = []
        for _ in range(cls.replicas):
            cls.replica_servers.append(cls.server.replica())
            cls.addClassCleanup(cls.replica_servers[-1].close)
        if cls.replicas:
            cls.settings["database_replica_urls"] = ",".join(
                replica.url(cls.database) for replica in cls.replica_servers)
        super().setUpClass()

    def sql(self, text):
        return self.server.sql(text, self.database)

    def run_db(self, verb, with_database=True):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PERPETUA_")}
        if with_database:
            environment["DATABASE_URL"] = self.settings["database_url"]
        return subprocess.run(
            [self.exchange.binary, "db", verb, "--data-dir",
             os.path.join(self.exchange.data_dir, "data")],
            env=environment, capture_output=True, text=True, timeout=120, check=False)

    def tables_of(self, verb, with_database=True):
        done = self.run_db(verb, with_database)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = (line.split() for line in done.stdout.splitlines() if " rows " in line)
        return {row[0]: (row[1], row[3]) for row in rows}

    def metric(self, name):
        for line in self.guest.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None

    def trade_on(self, count):
        """Orders that rest; once cancelled, the history has them."""
        return [self.place(self.taker, "buy", "0.001", str(50_000 + n))["order_id"]
                for n in range(count)]


class PostgresRestart(WithPostgres, test_restart.Restart):
    """Whatever the restart tests expect of the embedded history."""

    def place(self, *arguments, **fields):
        """Servers that end and begin take longer than a price lasts; three open a market again."""
        for _ in range(3):
            self.exchange.push_prices()
        return super().place(*arguments, **fields)

    def test_a_deleted_history_is_rebuilt_from_the_journal(self):
        before = self.settled_view()

        def end():
            self.exchange.kill()
            self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.restart(end)
        self.check_all_is_there(before)

    def test_kill_9_of_the_server_keeps_everything(self):
        before = self.settled_view()
        self.server.kill()
        placed = self.place(self.taker, "buy", "0.01", "51000")
        self.ok(self.taker.delete(f"/api/v1/orders/{placed['order_id']}"))
        self.server.start()
        until(lambda: self.metric("perpetua_history_queued_bytes") == 0, "the backlog drains", 60)
        after = self.settled_view()
        for path in ("/api/v1/fills", "/api/v1/account/ledger", "/api/v1/thoughts",
                     "/api/v1/markets/BTC-PERP/trades"):
            self.assertEqual(after[path], before[path])
        shown = self.ok(self.taker.get(f"/api/v1/orders/{placed['order_id']}"))
        self.assertEqual(shown["status"], "cancelled")

    def test_a_rebuild_gives_the_same_tables_and_so_does_sqlite(self):
        self.trade_on(20)
        self.ok(self.taker.post("/api/v1/orders/cancel-all"))
        self.assertEqual(self.exchange.stop(), 0)
        written = self.tables_of("checksum")
        self.assertGreater(int(written["orders"][0]), 20)
        self.assertEqual(self.tables_of("rebuild"), written)
        embedded = self.tables_of("rebuild", with_database=False)
        self.assertEqual(embedded, {name: written[name] for name in embedded})
        self.assertIn("ledger_entries", written.keys() - embedded.keys())
        self.exchange.start()

    def test_status_tells_schema_and_batch_and_a_running_history_is_not_dropped(self):
        status = self.run_db("status")
        self.assertEqual(status.returncode, 0, status.stderr)
        self.assertIn("time series: partitions", status.stdout)
        self.assertIn("primary: batch", status.stdout)
        self.assertEqual(self.run_db("migrate").returncode, 0)
        refused = self.run_db("rebuild")
        self.assertEqual(refused.returncode, 3)
        self.assertGreater(int(self.sql("SELECT count(*) FROM orders")), 0)

    def test_the_double_entry_balances(self):
        until(lambda: self.metric("perpetua_history_queued_bytes") == 0, "the history follows")
        self.assertEqual(self.sql("SELECT sum(balance) FROM accounts"), "0")
        account = self.ok(self.taker.get("/api/v1/account"))
        balance = self.sql("SELECT balance FROM accounts WHERE account = 1 AND id = "
                           f"{self.taker.agent_id}")
        total = sum(round(float(account[name]) * 1e6)
                    for name in ("free", "reserved", "position_margin"))
        self.assertEqual(int(balance), total)


class PostgresReplicas(WithPostgres, ApiTest):
    replicas = 2

    def setUp(self):
        self.taker = self.agent("50000")

    def history(self):
        return [row["order_id"] for row in
                self.ok(self.taker.get("/api/v1/orders/history?limit=200"))["items"]]

    def test_reads_are_right_whichever_server_stops(self):
        until(lambda: 'replica_serves{replica="1"} 1' in self.guest.get("/metrics").text,
              "the replicas serve", 60)
        ids = self.trade_on(30)
        self.ok(self.taker.post("/api/v1/orders/cancel-all"))
        self.assertEqual(set(self.history()), set(ids))
        for replica in range(self.replicas):
            name = f'perpetua_history_replica_reads_total{{replica="{replica}"}}'
            self.assertGreater(self.metric(name), 0)
        self.replica_servers[0].kill()
        ids += self.trade_on(10)
        self.ok(self.taker.post("/api/v1/orders/cancel-all"))
        self.assertEqual(set(self.history()), set(ids))
        self.assertEqual(set(self.history()), set(ids))
        self.server.kill()
        for _ in range(20):
            self.assertEqual(set(self.history()), set(ids))
        placed = self.place(self.taker, "buy", "0.001", "50000")  # orders go on
        self.server.start()
        self.replica_servers[0].start()
        self.ok(self.taker.delete(f"/api/v1/orders/{placed['order_id']}"))
        ids.append(placed["order_id"])
        until(lambda: set(self.history()) == set(ids), "the history follows", 60)
        self.assertEqual(self.metric("perpetua_history_read_failures_total"), 0)

    def test_without_any_server_lists_are_unavailable_and_orders_go_on(self):
        self.place(self.taker, "buy", "0.001", "50000")
        self.history()
        for server in (self.server, *self.replica_servers):
            server.stop()
        reply = self.taker.get("/api/v1/account/ledger")
        self.refused(reply, "exchange_unavailable")
        self.assertEqual(reply.status, 503)
        self.place(self.taker, "buy", "0.001", "50001")
        self.assertEqual(self.guest.get("/readyz").status, 200)
        for server in (self.server, *self.replica_servers):
            server.start()
        until(lambda: self.taker.get("/api/v1/account/ledger").status == 200, "reads are back", 60)


if __name__ == "__main__":
    unittest.main()
