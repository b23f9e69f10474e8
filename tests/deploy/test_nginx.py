#!/usr/bin/env python3
"""deploy/nginx.conf with the real nginx: which requests it repeats, what it lets through, and that
every file of deploy/nginx is valid. Behind it stand processes that hang up when told to."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster.network import Loopback  # noqa: E402
from cluster.nginx_node import start_command, write_configuration  # noqa: E402
from cluster.processes import descendants, end_all, spawn, until  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/bin"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        if self.server.hangs_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        text = json.dumps({"node": self.server.name}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *unused):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    connections = 0

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)


class Process:
    """In place of `perpetua serve`: notes what it gets, and hangs up without an answer if told."""

    def __init__(self, name):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.seen, self.server.hangs_up, self.server.name = [], False, name
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def seen(self):
        return self.server.seen

    def hang_up(self, is_on):
        self.server.hangs_up = is_on

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class NginxCase(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="perpetua-nginx-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.api = [Process("api-1"), Process("api-2")]
        self.ws = Process("ws-1")
        for process in (*self.api, self.ws):
            self.addCleanup(process.close)
        self.start([process.address for process in self.api])

    def start(self, api):
        places = Loopback("nginx")
        _, self.port = places.place("nginx", 0)
        _, self.status_port = places.place("status", 0)
        write_configuration(self.folder, f"127.0.0.1:{self.port}",
                            f"127.0.0.1:{self.status_port}", api, [self.ws.address])
        pid = spawn(start_command(self.folder), self.folder, ENVIRONMENT, self.folder / "log")
        self.addCleanup(self.end, pid)
        until(lambda: self.status_page() is not None, "nginx answers", 60)

    @staticmethod
    def end(pid):
        end_all([pid, *descendants(pid)])

    def status_page(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=5)
        try:
            connection.request("GET", "/nginx_status")
            return connection.getresponse().read().decode()
        except OSError:
            return None
        finally:
            connection.close()

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            text = reply.read().decode()
            return reply, json.loads(text) if text else None
        finally:
            connection.close()

    def arrivals(self, path):
        return [name for process in self.api for name, at, _, _ in process.seen if at == path]


class Repeats(NginxCase):
    def all_hang_up(self):
        for process in self.api:
            process.hang_up(True)

    def test_an_unkeyed_post_that_was_sent_is_never_sent_again(self):
        self.all_hang_up()
        reply, body = self.request("POST", "/intents", "{}")
        self.assertEqual((reply.status, body["code"]), (504, "outcome_unknown"))
        self.assertEqual(self.arrivals("/intents"), ["POST"])

    def test_an_unkeyed_patch_that_was_sent_is_never_sent_again(self):
        self.all_hang_up()
        self.assertEqual(self.request("PATCH", "/orders/1", "{}")[0].status, 504)
        self.assertEqual(self.arrivals("/orders/1"), ["PATCH"])

    def test_a_keyed_post_goes_to_the_other_process(self):
        self.api[0].hang_up(True)
        for number in range(4):
            reply, body = self.request("POST", "/intents", '{"a":1}',
                                       {"Idempotency-Key": f"key-{number}"})
            self.assertEqual((reply.status, body["node"]), (200, "api-2"))
        self.assertIn("POST", [method for method, *_ in self.api[0].seen])
        self.assertTrue(all(body == b'{"a":1}' for *_, body in self.api[1].seen))

    def test_reads_and_cancels_go_to_the_other_process(self):
        self.api[0].hang_up(True)
        for method in ("GET", "HEAD", "DELETE", "PUT", "GET"):
            self.assertEqual(self.request(method, "/orders/7")[0].status, 200)
        self.assertTrue(self.api[0].seen)

    def test_a_read_that_nobody_answers_did_nothing(self):
        self.all_hang_up()
        reply, body = self.request("GET", "/agents")
        self.assertEqual((reply.status, body["code"]), (503, "exchange_unavailable"))
        self.assertEqual(reply.getheader("Retry-After"), "1")

    def test_a_process_that_refuses_costs_no_request(self):
        self.api[0].close()
        for _ in range(4):
            self.assertEqual(self.request("POST", "/intents", "{}")[1], {"node": "api-2"})


class Passage(NginxCase):
    def test_what_a_client_says_about_its_address_is_dropped(self):
        self.request("GET", "/agents", headers={"X-Forwarded-For": "6.6.6.6",
                                                "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"})
        headers = next(headers for process in self.api for _, _, headers, _ in process.seen)
        self.assertEqual(headers["X-Forwarded-For"], "127.0.0.1")
        self.assertEqual(headers["X-Real-IP"], "127.0.0.1")
        self.assertNotIn("6.6.6.6", str(headers))

    def test_bodies_end_at_the_limit_of_the_exchange(self):
        self.assertEqual(self.request("POST", "/intents", "x" * 65536)[0].status, 200)
        reply, body = self.request("POST", "/intents", "x" * 65537)
        self.assertEqual((reply.status, body["code"]), (413, "payload_too_large"))
        self.assertIn("detail", body)

    def test_sockets_go_to_the_ws_processes_as_upgrades(self):
        self.request("GET", "/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade",
                                            "X-Forwarded-For": "6.6.6.6"})
        _, path, headers, _ = self.ws.seen[0]
        self.assertEqual((path, headers["Upgrade"], headers["Connection"]),
                         ("/ws", "websocket", "upgrade"))
        self.assertEqual(headers["X-Forwarded-For"], "127.0.0.1")
        self.assertEqual(self.arrivals("/ws"), [])

    def test_metrics_stay_inside_and_no_version_is_told(self):
        reply, body = self.request("GET", "/metrics")
        self.assertEqual((reply.status, body["code"]), (404, "not_found"))
        self.assertEqual(reply.getheader("Server"), "nginx")
        self.assertIn("Active connections", self.status_page())

    def test_connections_to_the_processes_are_kept(self):
        for _ in range(20):
            self.request("POST", "/intents", "{}")
        self.assertLess(sum(process.server.connections for process in self.api), 10)


class Files(unittest.TestCase):
    """deploy/nginx as it stands, with and without TLS."""

    def check(self, listen):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            shutil.copytree(ROOT / "deploy" / "nginx", folder / "nginx")
            shutil.copy(ROOT / "deploy" / "nginx.conf", folder)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                            "-days", "2", "-keyout", folder / "privkey.pem", "-out",
                            folder / "fullchain.pem"], check=True, capture_output=True)
            text = (folder / "nginx" / listen).read_text()
            text = text.replace("/etc/nginx/tls", place).replace("/dev/stdout", place + "/access")
            (folder / "nginx" / "listen.conf").write_text(
                text.replace("listen ", "listen 127.0.0.1:"))
            done = subprocess.run(["nginx", "-t", "-p", place, "-c", folder / "nginx.conf", "-e",
                                   folder / "error", "-g", f"pid {place}/pid;"],
                                  capture_output=True, text=True, env={**os.environ, **ENVIRONMENT},
                                  check=False)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_plain(self):
        self.check("listen.conf")

    def test_tls(self):
        self.check("listen-tls.conf")


if __name__ == "__main__":
    unittest.main()
