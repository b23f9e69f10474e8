#!/usr/bin/env python3
"""A whole cluster under the load of 50, then of 10,000 agents: latencies, fan-out, memory.

    bench/cluster_load.py [--agents 10000] [--rate 1000] [--seconds 300] [--small]

Every agent has a socket with its private stream, one in a hundred follows a book, too; requests go
over nginx. Bars: no request late or failed, order and fan-out p99 below 100 ms, all sockets shared
evenly by the WebSocket nodes, every stream without a gap, every acknowledged order there once.
Short form: --small --agents 200 --rate 200 --seconds 15.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults  # noqa: E402

FEW = 50
P99_BAR_MS = 100
UNEVEN_MAX = 0.05  # of an equal share of the sockets


def memory_rows(cluster):
    rows = []
    for node in cluster.nodes.values():
        proportional, resident = node.memory_kib()
        rows.append((node.name, f"{proportional / 1024:.1f}", f"{resident / 1024:.1f}"))
    total = sum(float(row[1]) for row in rows)
    return [*rows, ("all", f"{total:.1f}", "")]


def run(cluster, options, page, agents, data):
    with AgentsLoad(cluster, agents, options.rate, options.seconds) as load:
        load.wait_measuring()
        used = drill_kit.ProcessorTime(cluster, load)
        load.sleep_until(options.seconds * 0.9)
        sockets = {node.name: int(drill_kit.metric(node, "perpetua_websocket_connections"))
                   for node in cluster.of_role("ws")}
        data["cores"], memory = used.cores(), memory_rows(cluster)
        data["load_mib"] = resident_mib(load.process.pid)
        seen = load.finish()
        names = drill_kit.timeline(Path(f"{page.path}-{agents}"), load.rows, [])
    data.update(seen=seen, sockets=sockets, memory=memory)
    page.text(f"## {agents} agents")
    page.table(drill_kit.RUN_HEAD, [drill_kit.run_row(seen)])
    page.plots(names)
    page.text(f"Refusals: {seen['refusals'] or 'none'}. Sockets: {sockets}. Generator: "
              f"{data['load_mib']:.0f} MiB.")
    page.table(["cores used by", *data["cores"]], [["", *data["cores"].values()]])
    page.table(["process", "PSS MiB", "RSS MiB"], memory)
    for text in faults(seen):
        page.fail(f"{agents} agents: {text}")
    page.need(seen["late"] + seen["failed"] == 0,
              f"{agents} agents: {seen['late']} requests late, {seen['failed']} failed "
              f"({seen['failures'] or 'none'})")
    page.need(seen["latency_p99_ms"] < P99_BAR_MS,
              f"{agents} agents: requests p99 {seen['latency_p99_ms']} ms < {P99_BAR_MS} ms")
    page.need(seen["fanout_p99_ms"] < P99_BAR_MS,
              f"{agents} agents: fan-out p99 {seen['fanout_p99_ms']} ms < {P99_BAR_MS} ms")
    share = agents / len(sockets)
    page.need(all(abs(count - share) <= max(1, share * UNEVEN_MAX) for count in sockets.values()),
              f"{agents} agents: about {share:.0f} sockets on each WebSocket node")


def resident_mib(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def main():
    options = drill_kit.parser(__doc__, agents=10_000, rate=1_000, seconds=300).parse_args()
    page = drill_kit.Page(options, "cluster-load", "Load of a whole cluster")
    with drill_kit.open_cluster(options) as cluster:
        for agents in sorted({min(FEW, options.agents), options.agents}):
            run(cluster, options, page, agents, page.data.setdefault(str(agents), {}))
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
