#!/usr/bin/env python3
"""The parts of the cluster drills that judge: they must see what is wrong."""
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import batch_listener  # noqa: E402
from agents_load import faults, longest_pause  # noqa: E402
from availability_drill import span_rows  # noqa: E402
from batch_listener import BatchListener, read_message  # noqa: E402
from partition_drill import back_to_normal  # noqa: E402


def record(batch, epoch, body=b"0123456789abcdef"):
    head = struct.pack("<IIIIQQ", batch_listener.RECORD_MAGIC, 7,
                       batch_listener.RECORD_HEADER + len(body), 0, batch, epoch)
    return head.ljust(batch_listener.RECORD_HEADER, b"\0") + body


def message(epoch, *records):
    body = b"".join(records)
    head = struct.pack("<IIIIQQQQ", batch_listener.MESSAGE_MAGIC, 7, 1, len(records), 9, epoch, 0,
                       len(body))
    return head.ljust(batch_listener.MESSAGE_HEADER, b"\0") + body


class Heard(BatchListener):
    def __init__(self, *messages):
        self.heard = [batch_listener.Heard(0, *read_message(each)) for each in messages]
        self.unreadable = []


def journal(*messages):
    return {batch: (epoch, digest) for each in messages
            for batch, epoch, digest in read_message(each)[1]}


class Publications(unittest.TestCase):
    FIRST = message(1, record(1, 1), record(2, 1))
    SECOND = message(2, record(3, 2))

    def test_what_the_journal_holds_is_right_and_heard_twice_no_harm(self):
        counts, failures = Heard(self.FIRST, self.SECOND, self.FIRST).judge(
            journal(self.FIRST, self.SECOND))
        self.assertEqual(failures, [])
        self.assertEqual(counts["records"], 5)
        self.assertEqual(counts["from a deposed leader"], 1)

    def test_other_bytes_or_another_epoch_than_in_the_journal_are_found(self):
        table = journal(self.FIRST, self.SECOND)
        _, failures = Heard(message(1, record(1, 1, b"x" * 16))).judge(table)
        self.assertIn("batch 1 was published as it is not", failures[0])
        _, failures = Heard(message(1, record(9, 1))).judge(table)
        self.assertEqual(len(failures), 1)

    def test_news_of_a_deposed_leader_are_found(self):
        late = message(1, record(4, 1))
        _, failures = Heard(self.FIRST, self.SECOND, late).judge(
            journal(self.FIRST, self.SECOND, late))
        self.assertIn("batch 4 came first from a deposed leader", failures[0])

    def test_silence_is_no_success(self):
        self.assertEqual(Heard().judge({})[1], ["nothing was heard"])
        self.assertEqual(Heard(message(1)).judge({})[1], ["nothing was heard"])

    def test_damaged_messages_are_refused(self):
        for damaged in (b"", b"x" * 64, self.FIRST[:-1], self.FIRST + b"\0" * 16):
            with self.assertRaises((ValueError, struct.error)):
                read_message(damaged)


class Figures(unittest.TestCase):
    def test_a_pause_is_the_longest_time_without_an_acknowledgement(self):
        times = [1.0, 1.1, 1.2, 3.0, 3.1, 9.0]
        self.assertAlmostEqual(longest_pause(times, 1.15, 3.1), 1.8)
        self.assertAlmostEqual(longest_pause(times, 3.1, 5.0), 5.9)
        self.assertAlmostEqual(longest_pause(times, 9.5, 12.0), 2.5)

    def test_a_cluster_is_back_when_three_seconds_in_a_row_are_whole(self):
        def rows(*shares):
            return [{"due": 10, "in_time": share} for share in shares]
        self.assertEqual(back_to_normal(rows(0, 10, 9, 10, 10, 10, 0)), 3)
        self.assertIsNone(back_to_normal(rows(10, 10, 9, 10, 10)))

    def test_each_fault_is_named(self):
        right = dict.fromkeys(("lost", "double", "contradicted", "cancels_lost", "unread", "gaps",
                               "repeats", "tail_lost", "book_gaps"), 0)
        right.update(ready=5, agents=5, audited=True, solvency="ok", audit_examples=[])
        self.assertEqual(faults(right), [])
        self.assertEqual(faults({**right, "gaps": 2}), ["gaps: 2"])
        self.assertEqual(faults({**right, "solvency": ""}), ["solvency: not read"])
        self.assertEqual(faults({**right, "ready": 4}), ["only 4 of 5 agents"])

    def test_a_span_has_the_requests_that_were_due_in_it(self):
        names = ("due", "in_time", "late", "failed", "retried", "max_ms", "reconnects")
        rows = [{"second": second, **dict.fromkeys(names, 1)} for second in range(10)]
        name, due, share, *_ = next(span_rows([("x", 2.5, 5.0)], rows))
        self.assertEqual((name, due, share), ("x", 3, "100.000"))


if __name__ == "__main__":
    unittest.main()
