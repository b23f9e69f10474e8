"""One keep-alive HTTP/1.1 connection for asyncio: what load programs in Python speak through."""
import asyncio
import json

TIMEOUT_S = 10


class AsyncConnection:
    """One request at a time; connects when it has to."""

    def __init__(self, host, port, timeout_s=TIMEOUT_S):
        self.host, self.port, self.timeout_s = host, port, timeout_s
        self.reader, self.writer = None, None

    async def request(self, method, path, body=None, key=None, headers=()):
        """(status, body). Raises OSError, EOFError, ValueError or asyncio.TimeoutError."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        payload = b"" if body is None else json.dumps(body).encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}",
                f"Content-Length: {len(payload)}", *headers]
        head += ["Content-Type: application/json"] if body is not None else []
        head += [f"X-API-Key: {key}"] if key else []
        self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + payload)
        try:
            return await asyncio.wait_for(self.read_reply(), self.timeout_s)
        except BaseException:
            self.close()
            raise

    async def read_reply(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection") == "close":
            self.close()
        return int(lines[0].split()[1]), body

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None
