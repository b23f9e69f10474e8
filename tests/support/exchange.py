"""Runs the real binary for tests: start, wait until ready, talk HTTP, stop or kill.

Listens on loopback only, on a free port; every process is ended by its process id. One Client per
thread: it keeps one connection alive.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("PERPETUA_BINARY", "build/release/bin/perpetua")
READY_TIMEOUT_S = 60
IDLE_MAX_S = 20  # below the exchange's idle_timeout_ms: it closes what was idle for longer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.text = body.decode()
        is_json = headers.get("content-type", "").startswith("application/json")
        self.body = json.loads(self.text) if is_json and self.text else None

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) else None

    def __repr__(self):
        return f"<{self.status} {self.text[:300]}>"


class Client:
    def __init__(self, port, key=None, timeout_s=30):
        self.port, self.key, self.timeout_s = port, key, timeout_s
        self.connection = None
        self.used_at = 0.0

    def request(self, method, path, body=None, headers=None):
        """Raises OSError or http.client.HTTPException if the connection fails."""
        sent = dict(headers or {})
        if self.key and "X-API-Key" not in sent:
            sent["X-API-Key"] = self.key
        payload = None
        if body is not None:
            payload = body if isinstance(body, (bytes, str)) else json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        if time.monotonic() - self.used_at > IDLE_MAX_S:
            self.close()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                             timeout=self.timeout_s)
            self.connection.request(method, path, payload, sent)
            response = self.connection.getresponse()
            data = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        self.used_at = time.monotonic()
        found = {name.lower(): value for name, value in response.getheaders()}
        if found.get("connection", "").lower() == "close":
            self.close()
        return Reply(response.status, found, data)

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, {} if body is None else body, headers=headers)

    def delete(self, path, body=None, **headers):
        return self.request("DELETE", path, body, headers=headers)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __del__(self):
        self.close()


class Exchange:
    """One data directory and the process that serves it."""

    def __init__(self, binary=None, **settings):
        self.binary = binary or BINARY
        self.settings = settings
        self.data_dir = tempfile.mkdtemp(prefix="perpetua-test-")
        self.port = free_port()
        self.process = None
        self.starts = 0
        self.log_path = os.path.join(self.data_dir, "server.log")

    def environment(self):
        """Of this test process, with nothing of ours but the settings of this exchange."""
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith(("PERPETUA_", "DATABASE_", "REDIS_"))}
        for name, value in self.settings.items():
            environment["PERPETUA_" + name.upper()] = str(value)
        return environment

    def start(self, ready_timeout_s=READY_TIMEOUT_S):
        environment = {"PERPETUA_LISTEN": f"127.0.0.1:{self.port}",
                       "PERPETUA_DATA_DIR": os.path.join(self.data_dir, "data"),
                       **self.environment()}
        self.starts += 1
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=environment, stdout=log,
                                            stderr=log)
        self.wait_ready(ready_timeout_s)
        return self

    def wait_ready(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        probe = Client(self.port, timeout_s=2)
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"exit code {self.process.returncode}: {self.log()[-2000:]}")
            try:
                if probe.get("/readyz").status == 200:
                    probe.close()
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.01)
        raise RuntimeError("not ready: " + self.log()[-2000:])

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout_s=60):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=timeout_s)

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def client(self, key=None):
        return Client(self.port, key)

    def tool(self, *arguments):
        """Runs `perpetua ARGUMENTS` on this data directory; returns (exit code, output)."""
        done = subprocess.run(
            [self.binary, *arguments, "--data-dir", os.path.join(self.data_dir, "data")],
            capture_output=True, text=True, timeout=300, check=False,
            env=self.environment())
        return done.returncode, done.stdout + done.stderr

    def register(self, wallet, fund=None):
        """A new agent, funded; returns (agent id, client with its key)."""
        reply = self.client().post("/api/v1/agents", {"wallet": wallet, "display_name": wallet})
        assert reply.status in (200, 201), reply
        client = self.client(reply.body["api_key"])
        if fund is not None:
            funded = client.post("/api/v1/account/deposit", {"amount": fund})
            assert funded.status == 200, funded
        return reply.body["agent_id"], client

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
