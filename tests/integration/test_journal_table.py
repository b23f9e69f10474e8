"""The journal as a table of PostgreSQL, with real processes: who leads, what a lost, full or
foreign database does to the exchange, and what an operator sees of it."""
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from exchange import Exchange  # noqa: E402
from postgres_server import PostgresServer  # noqa: E402

WAIT_S = 120
EXIT_CANNOT_START, EXIT_DEPOSED = 3, 75


def until(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("not within the time")
        time.sleep(0.02)


class TableCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.server.sql("DROP TABLE IF EXISTS journal, journal_leader")

    def exchange(self, **settings):
        made = Exchange(journal="postgres", journal_url=self.server.url, prices="push",
                        liquidity="off", rate_registrations=0, rate_agent=0, rate_global=0,
                        operator_key="operator-key-of-the-integration-tests", **settings)
        self.addCleanup(made.close)
        return made

    def launch(self, exchange):
        """Without waiting until it serves."""
        with contextlib.suppress(RuntimeError):
            exchange.start(ready_timeout_s=0)

    def deposit(self, client, key):
        return client.post("/api/v1/account/deposit", {"amount": "1"}, **{"Idempotency-Key": key})


class Leadership(TableCase):
    def test_of_two_engines_one_serves_and_the_other_takes_over_with_everything(self):
        first, second = self.exchange(), self.exchange()
        first.start()
        agent, client = first.register("kept", "100")
        self.launch(second)
        until(lambda: "another engine leads" in second.log())
        self.assertIsNone(second.process.poll())
        self.assertEqual(self.deposit(client, "a").status, 200)
        first.kill()
        second.wait_ready(WAIT_S)
        moved = second.client(client.key)
        self.assertEqual(float(moved.get("/api/v1/account").body["free"]), 101)
        again = self.deposit(moved, "a")
        self.assertTrue(again.body["replayed"], again)
        self.assertEqual(agent, moved.get("/api/v1/account").body["agent_id"])
        self.assertEqual(second.stop(), 0)

    def test_sigterm_ends_the_wait(self):
        first, second = self.exchange(), self.exchange()
        first.start()
        self.launch(second)
        until(lambda: "another engine leads" in second.log())
        self.assertEqual(second.stop(), 0)
        self.assertEqual(first.stop(), 0)

    def test_without_patience_the_second_is_refused(self):
        first, second = self.exchange(), self.exchange(wait_for_leadership="off")
        first.start()
        with self.assertRaisesRegex(RuntimeError, "another engine leads this journal"):
            second.start()
        self.assertEqual(second.process.returncode, EXIT_CANNOT_START)

    def test_a_deposed_engine_acknowledges_nothing_more_and_ends(self):
        exchange = self.exchange()
        exchange.start()
        _, client = exchange.register("deposed", "100")
        # Somebody else writes the next batch.
        self.server.sql("INSERT INTO journal SELECT batch_seq + 1, epoch + 1, first_event, "
                        "command_count, prev_hash, hash, schema_hash, body FROM journal "
                        "ORDER BY batch_seq DESC LIMIT 1")
        with self.assertRaises(Exception):
            self.deposit(client, "never")
        self.assertEqual(exchange.process.wait(WAIT_S), EXIT_DEPOSED)
        self.assertRegex(exchange.log(), "critical .*deposed")


class Faults(TableCase):
    def test_a_lost_database_refuses_commands_and_serves_again_when_it_is_back(self):
        exchange = self.exchange()
        exchange.start()
        _, client = exchange.register("patient", "100")
        self.server.stop()
        until(lambda: exchange.client().get("/readyz").status == 503)
        refused = self.deposit(client, "while-away")
        self.assertEqual((refused.status, refused.code), (503, "exchange_unavailable"))
        self.assertEqual(client.get("/api/v1/account").status, 200)
        self.server.start()
        exchange.wait_ready(WAIT_S)
        self.assertEqual(self.deposit(client, "while-away").status, 200)
        self.assertEqual(exchange.stop(), 0)
        self.assertEqual(self.server.sql("SELECT count(DISTINCT epoch) FROM journal"), "2")

    def test_stopping_without_the_database_gives_up_with_its_own_code(self):
        exchange = self.exchange()
        exchange.start()
        _, client = exchange.register("waiting", "100")
        self.server.stop()
        until(lambda: exchange.client().get("/readyz").status == 503)
        answers = []

        def cancel():
            with contextlib.suppress(Exception):
                answers.append(client.post("/api/v1/orders/cancel-all"))

        thread = threading.Thread(target=cancel, daemon=True)
        thread.start()
        until(lambda: metric(exchange, "perpetua_applied_batch")
              > metric(exchange, "perpetua_durable_batch"))
        self.assertEqual(exchange.stop(), 4)
        thread.join(WAIT_S)
        self.assertFalse([answer for answer in answers if answer.status == 200], answers)
        self.server.start()

    def test_a_full_disk_refuses_commands_keeps_cancels_and_ends_with_space(self):
        with full_disk(self) as disk:
            self.run_on_a_full_disk(disk)

    def run_on_a_full_disk(self, disk):
        exchange = self.exchange()
        exchange.start()
        _, client = exchange.register("crowded", "100")
        disk.move_journal()
        disk.fill()
        threads = [threading.Thread(target=lambda number=number: self.deposit(
            exchange.client(client.key), f"fill-{number}"), daemon=True) for number in range(4)]
        for thread in threads:
            thread.start()
        number = 0
        while exchange.client().get("/readyz").status == 200:
            number += 1
            self.assertLess(number, 100_000, "the disk is never full")
            with contextlib.suppress(OSError):
                quick = exchange.client(client.key)
                quick.timeout_s = 0.2
                self.deposit(quick, f"more-{number}")
        refused = self.deposit(client, "refused")
        self.assertEqual((refused.status, refused.code), (503, "exchange_unavailable"))
        replies = []
        cancel = threading.Thread(
            target=lambda: replies.append(client.post("/api/v1/orders/cancel-all")), daemon=True)
        cancel.start()
        disk.make_space()
        cancel.join(WAIT_S)
        self.assertEqual([reply.status for reply in replies], [200])
        exchange.wait_ready(WAIT_S)
        self.assertEqual(self.deposit(client, "refused").status, 200)
        for thread in threads:
            thread.join(WAIT_S)
        self.assertEqual(exchange.stop(), 0)

    def test_a_database_without_fsync_is_refused(self):
        with PostgresServer("fsync=off") as unsafe:
            exchange = self.exchange()
            exchange.settings["journal_url"] = unsafe.url
            with self.assertRaisesRegex(RuntimeError, "fsync is 'off'"):
                exchange.start()
            self.assertEqual(exchange.process.returncode, EXIT_CANNOT_START)

    def test_without_a_database_the_setting_is_refused(self):
        exchange = self.exchange()
        del exchange.settings["journal_url"]
        with self.assertRaisesRegex(RuntimeError, "neither PERPETUA_JOURNAL_URL nor DATABASE_URL"):
            exchange.start()


class Tools(TableCase):
    def test_the_tools_read_the_table_with_and_without_the_data_directory(self):
        exchange = self.exchange()
        exchange.start()
        _, client = exchange.register("told", "100")
        self.assertEqual(self.deposit(client, "a").status, 200)
        self.assertEqual(exchange.stop(), 0)
        code, output = exchange.tool("journal", "verify")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"epoch 1 batches 1-\d+ commands \d+")
        self.assertRegex(output, r"snapshot of batch \d+")
        code, output = exchange.tool("journal", "state-hash")
        self.assertEqual((code, output.splitlines()[-1]), (0, "equal"), output)
        code, output = exchange.tool("journal", "dump")
        self.assertRegex(output, r"deposit agent=\d+ by_key=\d+ amount=1000000 ")
        with tempfile.TemporaryDirectory() as nowhere:
            elsewhere = subprocess.run(
                [exchange.binary, "journal", "state-hash", "--journal", "postgres", "--data-dir",
                 os.path.join(nowhere, "none")], capture_output=True, text=True, check=False,
                env={"PATH": os.environ["PATH"], "DATABASE_URL": self.server.url})
        self.assertEqual(elsewhere.returncode, 0, elsewhere.stderr)
        self.assertEqual(elsewhere.stdout.splitlines()[0], exchange.tool(
            "journal", "state-hash")[1].splitlines()[0])

    def test_a_damaged_row_is_refused_by_tools_and_at_start(self):
        exchange = self.exchange()
        exchange.start()
        exchange.register("damaged", "100")
        exchange.kill()
        self.server.sql("UPDATE journal SET body = set_byte(body, 100, get_byte(body, 100) # 1) "
                        "WHERE batch_seq = 1")
        code, output = exchange.tool("journal", "verify")
        self.assertEqual(code, 1)
        self.assertIn("row 1: checksum of the record", output)
        with self.assertRaisesRegex(RuntimeError, "row 1: checksum of the record"):
            exchange.start()
        self.assertEqual(exchange.process.returncode, EXIT_CANNOT_START)


def metric(exchange, name):
    text = exchange.client().get("/metrics").text
    return float(re.search(rf"^{name} (\S+)$", text, re.M).group(1))


@contextlib.contextmanager
def full_disk(case):
    """A disk that can be filled: a small tmpfs as tablespace where mounting is allowed, else a
    trigger that answers as a server without space does."""
    folder = tempfile.mkdtemp(prefix="perpetua-small-disk-", dir=case.server.folder)
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", folder],
        capture_output=True, check=False).returncode == 0
    disk = SmallDisk(case.server, folder) if mounted else RefusingDisk(case.server)
    try:
        yield disk
    finally:
        disk.make_space()
        disk.remove()
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)


class SmallDisk:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.filler = os.path.join(folder, "filler")
        space = os.path.join(folder, "space")
        os.mkdir(space)
        os.chown(space, os.stat(server.data).st_uid, os.stat(server.data).st_gid)
        server.sql(f"CREATE TABLESPACE small LOCATION '{space}'")

    def move_journal(self):
        self.server.sql("ALTER TABLE journal SET TABLESPACE small")

    def fill(self):
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def make_space(self):
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.filler)


    def remove(self):
        """Before the folder goes: the server would not start without it."""
        for text in ("DROP TABLE IF EXISTS journal", "CHECKPOINT", "DROP TABLESPACE small"):
            self.server.sql(text)


class RefusingDisk:
    def __init__(self, server):
        self.server = server

    def move_journal(self):
        pass

    def fill(self):
        self.server.sql(
            "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; "
            "CREATE TRIGGER full_disk BEFORE INSERT ON journal EXECUTE FUNCTION full_disk()")

    def make_space(self):
        self.server.sql("DROP TRIGGER IF EXISTS full_disk ON journal")

    def remove(self):
        pass


if __name__ == "__main__":
    unittest.main()
