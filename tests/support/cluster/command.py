"""The front of scripts/cluster."""
import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from .cluster import ROOT, Cluster
from .network import Namespaces
from .processes import ClusterError, log_tail

WHO = ("ROLE (all of it), ROLE:N, engine:leader, engine:standby or redis:master; roles: redis, "
       "postgres (0 is the primary), engine, projector, api, ws, nginx")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="scripts/cluster", description="The whole cluster on this machine, without Docker. "
        "Folder: $PERPETUA_CLUSTER_DIR, default build/cluster. Settings of the exchange that the "
        "cluster does not fix itself are taken from PERPETUA_* when it is brought up.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="install, build, start everything and wait until it serves")
    up.add_argument("--small", action="store_true", help="2 api, 2 ws and 1 replica")
    up.add_argument("--netns", action="store_true",
                    help="each process in a network namespace of its own, for `cut` (needs root)")
    up.add_argument("--no-build", action="store_true", help="take the binary that is there")
    down = commands.add_parser("down", help="end every process; the data stays")
    down.add_argument("--wipe", action="store_true", help="and delete the data")
    commands.add_parser("status", help="table of processes; exit code 1 if one is not ready")
    for name, text in (("kill", "kill -9"), ("stop", "end cleanly"), ("start", "start again"),
                       ("restart", "stop and start"), ("pause", "SIGSTOP"), ("resume", "SIGCONT"),
                       ("logs", "end of the log")):
        commands.add_parser(name, help=text).add_argument("who", help=WHO)
    upgrade = commands.add_parser("upgrade", help="start every process of the exchange anew, one "
                                  "by one, while the others serve")
    upgrade.add_argument("--binary", help="from now on this one")
    commands.add_parser("handover", help="the leading engine gives its place to the standby")
    cut = commands.add_parser("cut", help="no packet passes between two (up --netns)")
    cut.add_argument("one", help=WHO)
    cut.add_argument("other", help="the same, or '*' for everybody else")
    commands.add_parser("heal", help="undo all cuts")
    return parser.parse_args(arguments)


def build():
    subprocess.run([ROOT / "scripts" / "setup"], check=True)
    subprocess.run([ROOT / "scripts" / "build", "release", "perpetua"], check=True)


def row(node):
    """(name, pid, state, address, PSS in MiB, note)"""
    if not node.pid:
        return node.name, "-", "down", node.address, "-", ""
    if node.is_paused():
        state, note = "paused", ""
    elif node.is_ready():
        state, note = "ready", node.note()
    else:
        state, note = "not ready", ""
    return (node.name, str(node.pid), state, node.address, f"{node.memory_kib()[0] / 1024:.1f}",
            note)


def status(cluster):
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(row, cluster.nodes.values()))
    table = [("process", "pid", "state", "address", "PSS MiB", ""), *rows]
    widths = [max(len(line[column]) for line in table) for column in range(6)]
    for line in table:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
    return 0 if rows and all(line[2] == "ready" for line in rows) else 1


def up(cluster, options):
    if cluster.is_up():
        raise ClusterError(f"already up: {cluster.folder}")
    if options.netns:
        Namespaces("")  # says that it needs root before anything is built
    if not options.no_build:
        build()
    cluster.up(is_small=options.small, is_netns=options.netns)
    code = status(cluster)
    print(f"\nnginx: {cluster.url}   folder: {cluster.folder}")
    return code


def run(options):
    cluster = Cluster()
    if options.command == "up":
        return up(cluster, options)
    if not cluster.nodes:
        if options.command == "down":
            return 0
        raise ClusterError(f"no cluster in {cluster.folder}: scripts/cluster up")
    if options.command == "down":
        cluster.down(is_wiped=options.wipe)
    elif options.command == "status":
        return status(cluster)
    elif options.command == "upgrade":
        cluster.upgrade(options.binary)
    elif options.command == "handover":
        former, now = cluster.hand_over()
        print(f"{former.name} handed over to {now.name}")
    elif options.command == "cut":
        cluster.cut(options.one, options.other)
    elif options.command == "heal":
        cluster.heal()
    elif options.command == "logs":
        for node in cluster.find(options.who):
            print(f"--- {node.log_path}\n{log_tail(node.log_path, 40)}")
    else:
        for node in cluster.find(options.who):
            getattr(node, options.command)()
    return 0


def main():
    os.chdir(ROOT)
    try:
        return run(parse(sys.argv[1:]))
    except (ClusterError, subprocess.CalledProcessError) as error:
        print(f"scripts/cluster: {error}", file=sys.stderr)
        return 1
