"""A WebSocket client for tests, used like a plain blocking socket, and a book that follows /ws."""
import asyncio
import collections
import json
import time
import zlib
from decimal import Decimal

import websockets

from api_case import ApiTest

WAIT_S = 10
CHECKSUM_LEVELS = 10


class Socket:
    """Every message read is kept in order; wait_for() takes the first that fits."""

    def __init__(self, port, key=None, path="/ws"):
        async def connect():
            headers = {"X-API-Key": key} if key else {}
            return await websockets.connect(f"ws://127.0.0.1:{port}{path}", extra_headers=headers,
                                            max_size=None, ping_interval=None,
                                            close_timeout=1)
        self.loop = asyncio.new_event_loop()
        try:
            self.socket = self.run(connect())
        except websockets.InvalidHandshake:
            self.loop.close()
            raise
        self.pending = collections.deque()
        self.last_id = 0
        self.greeting = self.read()

    def run(self, action):
        async def bounded():
            return await asyncio.wait_for(action, WAIT_S)
        return self.loop.run_until_complete(bounded())

    def read(self):
        """The next message off the wire; raises ConnectionClosed, or TimeoutError."""
        return json.loads(self.run(self.socket.recv()))

    def send(self, message):
        text = message if isinstance(message, (str, bytes)) else json.dumps(message)
        self.run(self.socket.send(text))

    def wait_for(self, accept):
        for message in self.pending:
            if accept(message):
                self.pending.remove(message)
                return message
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            message = self.read()
            if accept(message):
                return message
            self.pending.append(message)
        raise AssertionError(f"not among {len(self.pending)} messages")

    def call(self, op, **fields):
        """One operation and the answer with its id."""
        self.last_id += 1
        sent_id = self.last_id
        self.send({"op": op, "id": sent_id, **fields})
        return self.wait_for(lambda m: m.get("id") == sent_id)

    def next_of(self, *types):
        return self.wait_for(lambda m: m["type"] in types)

    def drain(self):
        """Everything the server had sent before it answered a ping."""
        self.call("ping")
        messages, self.pending = list(self.pending), collections.deque()
        return messages

    def close_code(self):
        """The code with which the server ends the connection."""
        try:
            while True:
                self.read()
        except websockets.ConnectionClosed:
            return self.socket.close_code

    def abort(self):
        """Ends like a cable that is pulled: no close frame."""
        self.socket.transport.abort()
        self.run(self.socket.wait_closed())
        self.loop.close()

    def close(self):
        if not self.loop.is_closed():
            self.run(self.socket.close())
            self.loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Book:
    """Applies snapshot and deltas as docs/websocket.md says; every message must fit."""

    def __init__(self, snapshot):
        assert snapshot["kind"] == "snapshot", snapshot
        self.levels = {"bids": dict(snapshot["bids"]), "asks": dict(snapshot["asks"])}
        self.sequence, self.deltas = snapshot["seq"], 0
        self.check(snapshot)

    def apply(self, message):
        if message["kind"] == "snapshot":
            self.__init__(message)
            return
        assert message["seq"] == self.sequence + 1, (message, self.sequence)
        self.sequence = message["seq"]
        self.deltas += 1
        for side in ("bids", "asks"):
            for price, size in message[side]:
                if size == "0":
                    assert price in self.levels[side], f"removes a level that is not there: {price}"
                    del self.levels[side][price]
                else:
                    self.levels[side][price] = size
        self.check(message)

    def side(self, name):
        return sorted(self.levels[name].items(), key=lambda level: Decimal(level[0]),
                      reverse=name == "bids")

    def check(self, message):
        bids, asks, parts = self.side("bids"), self.side("asks"), []
        for rank in range(CHECKSUM_LEVELS):
            parts += [f"{price}:{size}" for price, size in (*bids[rank:rank + 1],
                                                            *asks[rank:rank + 1])]
        assert zlib.crc32(":".join(parts).encode()) == message["checksum"], message
        assert not (bids and asks) or Decimal(bids[0][0]) < Decimal(asks[0][0]), message


class WebSocketTest(ApiTest):
    def socket(self, key=None):
        opened = Socket(self.exchange.port, key)
        self.addCleanup(opened.close)
        return opened

    def subscribed(self, ws, channel, **fields):
        answer = ws.call("subscribe", channel=channel, **fields)
        self.assertEqual(answer["type"], "subscribed", answer)
        return answer

    def error(self, answer, code, field=None):
        self.assertIn(answer["type"], ("error", "reply"), answer)
        self.assertEqual(answer["error"]["code"], code, answer)
        if field is not None:
            self.assertEqual(answer["error"]["field"], field, answer)
        return answer["error"]
