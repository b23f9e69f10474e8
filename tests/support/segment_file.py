"""Makes segment files (docs/formats/journal.md) of the rows of a journal table: the same records,
so the same exchange. An independent reading of both formats."""
import struct
from itertools import groupby

BLOCK_BYTES = 4096
RECORD_GROUP_FIRST_AT = 56
CRC32C_REFLECTED = 0x82F63B78


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (CRC32C_REFLECTED if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def padded(data):
    return data + bytes(-len(data) % BLOCK_BYTES)


def header(schema_hash, cluster_id, epoch, number, first_batch, prev_hash):
    def block(checksum):
        return padded(b"PERPSEGM" + struct.pack("<IIQ", 1, checksum, schema_hash) +
                      cluster_id +
                      struct.pack("<QQQQ", epoch, number, first_batch, prev_hash))
    return block(crc32c(block(0)))


def write_segments(folder, server, cluster_id):
    """One segment for each epoch, from the table of `server` (a PostgresServer)."""
    rows = [line.split("|") for line in server.sql(
        "SELECT batch_seq, epoch, encode(prev_hash, 'hex'), encode(schema_hash, 'hex'), "
        "encode(body, 'hex') FROM journal WHERE batch_seq > 0 ORDER BY batch_seq").splitlines()]
    for number, (epoch, members) in enumerate(groupby(rows, key=lambda row: int(row[1])), 1):
        members = list(members)
        batch, _, prev_hash, schema_hash, _ = members[0]
        bodies = [bytes.fromhex(row[4]) for row in members]
        groups = groupby(bodies, key=lambda body: struct.unpack_from("<Q", body,
                                                                     RECORD_GROUP_FIRST_AT))
        content = b"".join(padded(b"".join(group)) for _, group in groups)
        (folder / f"{number:08}.segment").write_bytes(
            header(int(schema_hash, 16), cluster_id, epoch, number, int(batch),
                   int(prev_hash, 16)) + content)
    return len(rows)
