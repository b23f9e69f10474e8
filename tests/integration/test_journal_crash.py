"""The exchange dies around the COMMIT of a row of the journal table. It must come back with what
the row says, and a file journal of the same records must give the same state.

Needs a binary with crash points (preset dev); without them there is nothing to test."""
import http.client
import struct
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from exchange import Exchange  # noqa: E402
from segment_file import write_segments  # noqa: E402
from test_journal_table import TableCase, WAIT_S  # noqa: E402

AGENTS = 3
PASSES = (12, 30, 55)  # of the crash point, in one life each
SEEN_BATCH_AT = 32  # in journal_seen (docs/formats/journal-table.md, section 8)


class Depositor:
    """Deposits of one USDC, each under its own key, until the exchange is gone."""

    def __init__(self, client):
        self.client = client
        self.acknowledged = []
        self.unanswered = None
        self.trouble = []

    def run(self):
        self.client.close()  # it belonged to the life before
        while True:
            key = f"deposit-{len(self.acknowledged) + 1}"
            try:
                reply = self.deposit(key)
            except (OSError, http.client.HTTPException):
                self.unanswered = key
                return
            if reply.status != 200:
                self.trouble.append(reply)
                return
            self.acknowledged.append(key)

    def deposit(self, key):
        return self.client.post("/api/v1/account/deposit", {"amount": "1"},
                                **{"Idempotency-Key": key})

    def resolve(self):
        """Repeats what was not answered; returns whether it had been executed."""
        reply = self.deposit(self.unanswered)
        assert reply.status == 200, reply
        self.acknowledged.append(self.unanswered)
        return reply.body["replayed"]


def has_crash_points(exchange):
    return b"table_before_commit" in Path(exchange.binary).read_bytes()


class CrashPoints(TableCase):
    def die_at(self, point):
        """Lives and dies at each of PASSES; returns how many unanswered deposits had been executed,
        and of each death how many rows were committed of which the engine had not heard."""
        exchange = self.exchange(rate_reads=0)
        if not has_crash_points(exchange):
            self.skipTest("the binary has no crash points")
        exchange.start()
        depositors = [Depositor(exchange.register(f"agent-{number}", "100")[1])
                      for number in range(AGENTS)]
        self.assertEqual(exchange.stop(), 0)
        executed, unheard = 0, []
        for number in PASSES:
            exchange.settings["crash_point"] = f"{point}:{number}"
            exchange.start()
            self.deposit_until_it_dies(exchange, depositors)
            del exchange.settings["crash_point"]
            unheard.append(self.newest_row() - self.newest_seen(exchange))
            exchange.start()
            executed += sum(depositor.resolve() for depositor in depositors)
            self.check_deposits(depositors)
            self.assertEqual(exchange.stop(), 0)
        self.assertGreater(len(depositors[0].acknowledged), len(PASSES))
        self.compare_with_files(exchange)
        return executed, unheard

    def newest_row(self):
        return int(self.server.sql("SELECT max(batch_seq) FROM journal"))

    def newest_seen(self, exchange):
        mark = (Path(exchange.data_dir) / "data/journal_seen").read_bytes()
        return struct.unpack_from("<Q", mark, SEEN_BATCH_AT)[0]

    def deposit_until_it_dies(self, exchange, depositors):
        threads = [threading.Thread(target=depositor.run, daemon=True) for depositor in depositors]
        for thread in threads:
            thread.start()
        self.assertEqual(exchange.process.wait(WAIT_S), -9, exchange.log()[-2000:])
        for thread in threads:
            thread.join(WAIT_S)
            self.assertFalse(thread.is_alive())
        self.assertFalse([depositor.trouble for depositor in depositors if depositor.trouble])

    def check_deposits(self, depositors):
        for depositor in depositors:
            account = depositor.client.get("/api/v1/account").body
            self.assertEqual(float(account["free"]), 100 + len(depositor.acknowledged))
            for key in depositor.acknowledged[-5:]:
                self.assertTrue(depositor.deposit(key).body["replayed"], key)

    def compare_with_files(self, exchange):
        """The rows as segment files, read by the file journal: the same state."""
        code, verified = exchange.tool("journal", "verify")
        self.assertEqual(code, 0, verified)
        code, table = exchange.tool("journal", "state-hash")
        self.assertEqual((code, table.splitlines()[-1]), (0, "equal"), table)
        with Exchange(binary=exchange.binary) as files:
            folder = Path(files.data_dir) / "data"
            (folder / "journal").mkdir(parents=True)
            cluster_id = (Path(exchange.data_dir) / "data/cluster_id").read_text()
            (folder / "cluster_id").write_text(cluster_id)
            rows = write_segments(folder / "journal", self.server,
                                  bytes.fromhex(cluster_id.strip()))
            code, verified = files.tool("journal", "verify")
            self.assertEqual(code, 0, verified)
            code, from_files = files.tool("journal", "state-hash")
            self.assertEqual(code, 0, from_files)
        self.assertEqual(from_files.splitlines()[0], table.splitlines()[0])
        self.assertRegex(table.splitlines()[0], rf"batch {rows}\b")
        lives = 1 + 2 * len(PASSES)
        self.assertEqual(self.server.sql("SELECT count(DISTINCT epoch), count(*), max(batch_seq) "
                                         "FROM journal WHERE batch_seq > 0"),
                         f"{lives}|{rows}|{rows}")

    def test_before_the_commit_the_row_is_not_there(self):
        _, unheard = self.die_at("table_before_commit")
        self.assertEqual(unheard, [0] * len(PASSES))

    def test_after_the_commit_the_row_is_there_and_what_was_not_answered_has_happened_once(self):
        executed, unheard = self.die_at("table_after_commit")
        self.assertGreater(executed, 0)
        self.assertGreater(min(unheard), 0)


if __name__ == "__main__":
    unittest.main()
