#!/usr/bin/env python3
"""How many orders a second a cluster carries, by api processes and by agents, and what ends it.

    bench/cluster_scaling.py [--api 1,2,4,10] [--agents-list 1000,2500,5000,10000] [--seconds 10]

For each number of api processes (with the first number of agents) and for each number of agents
(with all api processes) the rate rises by steps until one misses the bar twice: p99 of requests
below 100 ms, none late or failed. The last rate that met it is the figure; at the one that missed,
the processor time of each group of processes says where the cores went. Short form: --small
--api 1,2 --agents-list 100,200 --seconds 3 --rate 100 --step 1.5.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults  # noqa: E402
from cluster.nginx_node import write_configuration  # noqa: E402
from svg_plot import Chart  # noqa: E402

P99_BAR_MS = 100
RATE_MAX = 20_000
WARM_S = 2
TRIES = 2  # of a rate: one slow second of the machine is not its end


def use_api(cluster, count):
    """nginx knows the first `count` api processes; the others are stopped."""
    nodes, nginx = cluster.of_role("api"), cluster.nodes["nginx:0"]
    for node in nodes[:count]:
        node.start()
    write_configuration(nginx.folder, nginx.address, f"127.0.0.1:{nginx.status_port}",
                        [node.address for node in nodes[:count]],
                        [node.address for node in cluster.of_role("ws")])
    nginx.reload()
    for node in nodes[count:]:
        if node.pid:
            node.stop()


def measure(cluster, agents, rate, seconds):
    options = ["--no-audit", "--timeout-ms", "5000"]
    with AgentsLoad(cluster, agents, rate, seconds + WARM_S, options=options) as load:
        load.wait_measuring()
        load.sleep_until(WARM_S)
        used = drill_kit.ProcessorTime(cluster, load)
        load.sleep_until(WARM_S + seconds * 0.9)
        cores = used.cores()
        seen = load.finish()
    return seen, cores


def climb(cluster, options, agents):
    """Steps of one curve point: (rate, seen, cores), the last one misses the bar."""
    rate, steps = options.rate, []
    while rate <= RATE_MAX:
        for _ in range(TRIES):
            seen, cores = measure(cluster, agents, rate, options.seconds)
            print(f"  {agents} agents, {rate}/s: p99 {seen['latency_p99_ms']} ms, fan-out p99 "
                  f"{seen['fanout_p99_ms']} ms, late {seen['late']}, failed {seen['failed']}, "
                  f"cores {cores['machine']}", flush=True)
            if is_met(seen):
                break
        steps.append((rate, seen, cores))
        if not is_met(seen):
            break
        rate = int(rate * options.step)
    return steps


def is_met(seen):
    return seen["latency_p99_ms"] < P99_BAR_MS and not seen["late"] + seen["failed"]


def row(name, steps):
    met = [step for step in steps if is_met(step[1])]
    rate, seen, cores = met[-1] if met else (0, steps[0][1], steps[0][2])
    missed = next((step for step in steps if step not in met), None)
    return (name, rate, seen["latency_p50_ms"], seen["latency_p99_ms"], seen["fanout_p99_ms"],
            cores["machine"], missed[0] if missed else "none", *(
                (missed or steps[-1])[2][group] for group in (*drill_kit.GROUPS, "load")))


HEAD = ("", "orders/s", "p50 ms", "p99 ms", "fan-out p99 ms", "cores", "missed at",
        *(f"{group} cores" for group in (*drill_kit.GROUPS, "load")))


def curve(page, name, title, points):
    rows = [row(count, steps) for count, steps in points]
    page.text(f"## {title}")
    page.table(HEAD, rows)
    chart = Chart(f"Requests a second with p99 below {P99_BAR_MS} ms, {title.lower()}", "a second",
                  [(count, str(count)) for count, _ in points])
    chart.line("requests a second", [count for count, _ in points], [each[1] for each in rows])
    chart.write(Path(f"{page.path}-{name}.svg"))
    page.plots([f"{page.name}-{name}.svg"])
    page.data[name] = [{"count": count, "steps": [
        {"rate": rate, "seen": seen, "cores": cores} for rate, seen, cores in steps]}
        for count, steps in points]
    for _, steps in points:
        for _, seen, _ in steps:
            for text in faults(seen):
                page.fail(text)


def numbers(text):
    return [int(part) for part in text.split(",")]


def main():
    parser = drill_kit.parser(__doc__, agents=None, rate=500, seconds=10)
    parser.add_argument("--api", type=numbers, default=[1, 2, 4, 10])
    parser.add_argument("--agents-list", type=numbers, default=[1_000, 2_500, 5_000, 10_000])
    parser.add_argument("--step", type=float, default=1.25, help="factor from rate to rate")
    options = parser.parse_args()
    page = drill_kit.Page(options, "scaling", "Where two cores end")
    with drill_kit.open_cluster(options) as cluster:
        most = len(cluster.of_role("api"))
        by_api = []
        for count in [count for count in options.api if count <= most]:
            use_api(cluster, count)
            by_api.append((count, climb(cluster, options, options.agents_list[0])))
        use_api(cluster, most)
        by_agents = [(agents, climb(cluster, options, agents)) for agents in options.agents_list]
    curve(page, "api", "By api processes", by_api)
    curve(page, "agents", "By agents", by_agents)
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
