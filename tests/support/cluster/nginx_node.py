"""nginx with deploy/nginx.conf as it is; what differs by place is written beside it."""
import http.client
import os
import shutil
import signal
from pathlib import Path

from .node import Node

CONFIGURATION = Path(__file__).resolve().parents[3] / "deploy" / "nginx.conf"
# All agents of a drill come from one address; on a real machine deploy/nginx/listen.conf says less.
CONNECTIONS_PER_ADDRESS = 60000
FAILED_FOR_S = 1  # fail_timeout of deploy/nginx/api.conf


def write_configuration(folder, listen, status, api, ws):
    """Everything `nginx -p folder -c nginx.conf` needs. Addresses are host:port."""
    parts = folder / "nginx"
    parts.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIGURATION, folder / "nginx.conf")
    for name, addresses, fails in (("api", api, f"max_fails=1 fail_timeout={FAILED_FOR_S}s"),
                                   ("ws", ws, "max_fails=0")):
        lines = [f"server {address} {fails};\n" for address in addresses]
        (parts / f"{name}.conf").write_text("".join(lines))
    (parts / "listen.conf").write_text(
        f"listen {listen} reuseport backlog=4096;\naccess_log {folder}/access.log brief "
        f"if=$is_logged;\nlimit_conn address {CONNECTIONS_PER_ADDRESS};\n")
    temporary = "".join(f"{kind}_temp_path {folder}/temporary-{kind};\n" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (parts / "local.conf").write_text(
        f"{temporary}server {{\n  listen {status};\n  location = /nginx_status {{\n"
        "    stub_status;\n  }\n}\n")


def start_command(folder):
    directives = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;"
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e",
            str(folder / "error.log"), "-g", directives]


class NginxNode(Node):
    default_port = 8080
    stop_signal = signal.SIGTERM

    def __init__(self, cluster, name, host, port, status_port):
        super().__init__(cluster, name, host, port)
        self.status_port = status_port

    def prepare(self):
        super().prepare()
        write_configuration(self.folder, self.address, f"127.0.0.1:{self.status_port}",
                            [node.address for node in self.cluster.of_role("api")],
                            [node.address for node in self.cluster.of_role("ws")])

    def command(self):
        return start_command(self.folder)

    def reload(self):
        """New workers with the configuration as it is now; old ones serve their sockets on."""
        os.kill(self.pid, signal.SIGHUP)

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def note(self):
        return f"http://{self.address}"
