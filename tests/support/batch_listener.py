"""What the leading engines publish, heard as a follower hears it: on the live channels in Redis.

Speaks Redis' protocol and reads the batch messages (src/cluster/batch_message.hpp) and records
(docs/formats/journal.md) on its own, so that a drill can hold them against the journal table.
"""
import collections
import hashlib
import socket
import struct
import threading
import time

CHANNELS = ("{batches:0}:live", "{batches:2}:live", "{batches:3}:live")
MESSAGE_HEADER, RECORD_HEADER = 64, 80
MESSAGE_MAGIC, RECORD_MAGIC = 0x54414250, 0x43455250
AGAIN_S = 0.1

# at: when it was heard; records: [(batch, epoch of the record, SHA-256 of the record)]
Heard = collections.namedtuple("Heard", "at epoch records")


def read_message(payload):
    """(epoch, records) of a batch message; ValueError if it is none."""
    magic, _, _, count = struct.unpack_from("<IIII", payload)
    epoch, _, size = struct.unpack_from("<QQQ", payload, 24)
    if magic != MESSAGE_MAGIC or len(payload) != MESSAGE_HEADER + size:
        raise ValueError("no batch message")
    records, at = [], MESSAGE_HEADER
    while at < len(payload):
        magic, _, length, _, batch, written_under = struct.unpack_from("<IIIIQQ", payload, at)
        if magic != RECORD_MAGIC or length < RECORD_HEADER or at + length > len(payload):
            raise ValueError("no record")
        record = payload[at:at + length]
        records.append((batch, written_under, hashlib.sha256(record).hexdigest()))
        at += length
    if len(records) != count:
        raise ValueError("another number of records than it says")
    return epoch, records


class Connection:
    """One connection to one Redis server."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=2)
        self.stream = self.socket.makefile("rb")

    def send(self, *words):
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            data = word.encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        self.socket.sendall(b"".join(parts))

    def read(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        if kind == b"$":
            return self.stream.read(int(rest) + 2)[:-2] if rest != b"-1" else None
        if kind == b"-":
            return rest.decode()
        return rest

    def close(self):
        self.socket.close()


class BatchListener:
    """A thread for each channel; follows it to whichever server has it."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.heard, self.unreadable = [], []
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._follow, args=(channel,), daemon=True)
                        for channel in CHANNELS]
        for thread in self.threads:
            thread.start()

    def _follow(self, channel):
        nodes, turn = self.cluster.of_role("redis"), 0
        address = nodes[0].address
        while not self.over.is_set():
            try:
                address = self._listen(address, channel)
            except OSError:
                turn += 1
                address = nodes[turn % len(nodes)].address
                time.sleep(AGAIN_S)

    def _listen(self, address, channel):
        """Until the channel has moved; where to."""
        connection = Connection(address)
        try:
            connection.send("SSUBSCRIBE", channel)
            while not self.over.is_set():
                try:
                    answer = connection.read()
                except TimeoutError as error:  # a beat comes each 100 ms
                    raise OSError("silent") from error
                if isinstance(answer, str):
                    if answer.startswith("MOVED"):
                        return answer.split()[2]
                    raise OSError(answer)
                if answer[0] == b"smessage":
                    self._take(answer[2])
                elif answer[0] == b"sunsubscribe":
                    raise OSError("the slot has moved")
            return address
        finally:
            connection.close()

    def _take(self, payload):
        try:
            epoch, records = read_message(payload)
        except (ValueError, struct.error) as error:
            self.unreadable.append(str(error))
            return
        with self.lock:
            self.heard.append(Heard(time.time(), epoch, records))

    def close(self):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def judge(self, journal):
        """`journal`: batch -> (epoch, SHA-256 of its row's body). (counts, failures)."""
        counts, failures = collections.Counter(), []
        newest_epoch = newest_batch = 0
        for message in self.heard:
            is_deposed = message.epoch < newest_epoch
            newest_epoch = max(newest_epoch, message.epoch)
            counts["messages"] += 1
            counts["from a deposed leader"] += is_deposed
            for batch, epoch, digest in message.records:
                counts["records"] += 1
                if journal.get(batch) != (epoch, digest):
                    failures.append(f"batch {batch} was published as it is not in the journal")
                if is_deposed and batch > newest_batch:
                    failures.append(f"batch {batch} came first from a deposed leader, epoch "
                                    f"{message.epoch} after {newest_epoch}")
                newest_batch = max(newest_batch, batch)
        if self.unreadable:
            failures.append(f"{len(self.unreadable)} messages: {self.unreadable[0]}")
        if not counts["records"]:
            failures.append("nothing was heard")
        return counts, failures


def journal_table(primary):
    """batch -> (epoch, SHA-256 of the body), from the table; its epochs in the order of batches."""
    rows = primary.sql("SELECT batch_seq, epoch, encode(sha256(body), 'hex') FROM journal "
                       "WHERE batch_seq > 0 ORDER BY batch_seq")
    table, epochs = {}, []
    for line in rows.splitlines():
        batch, epoch, digest = line.split("|")
        table[int(batch)] = (int(epoch), digest)
        epochs.append(int(epoch))
    return table, epochs
