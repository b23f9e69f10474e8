#!/usr/bin/env python3
"""Every process of the exchange is started anew, one at a time, under load: no request may fail.

    upgrade_drill.py [--agents 2000] [--rate 500] [--to BINARY] [--small]

ws and api processes drain and come back, then projector and standby engine; the leader hands over
and comes back last (scripts/cluster upgrade). Sockets resume on other nodes without a gap. Ends
when the upgrade has ended and a while has passed. Short form: --small --agents 100 --rate 100.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import drill_kit  # noqa: E402
from agents_load import AgentsLoad, faults  # noqa: E402

CALM_S = 5  # before and after
LONGEST_S = 3_600


def main():
    parser = drill_kit.parser(__doc__, agents=2_000, rate=500, seconds=LONGEST_S)
    parser.add_argument("--to", help="the binary of the new version; default: the same again")
    options = parser.parse_args()
    page = drill_kit.Page(options, "upgrade", "Rolling upgrade under load")
    with drill_kit.open_cluster(options) as cluster:
        with AgentsLoad(cluster, options.agents, options.rate, options.seconds) as load:
            load.wait_measuring()
            events = drill_kit.Events(load)
            load.sleep_until(CALM_S)
            cluster.upgrade(options.to, say=events.say)
            load.sleep_until(load.second() + CALM_S)
            seen = load.finish(is_early=True)
            page.table(drill_kit.RUN_HEAD, [drill_kit.run_row(seen)])
            page.plots(drill_kit.timeline(page.path, load.rows, events.rows))
            page.events(events.rows)
            page.data.update(seen=seen, events=events.rows, seconds=load.rows)
    for text in faults(seen):
        page.fail(text)
    page.need(seen["failed"] == 0, f"{seen['failed']} failed requests, {seen['late']} later than "
              f"1 s, {seen['retried']} repeated once; failures {seen['failures'] or 'none'}")
    sys.exit(page.finish())


if __name__ == "__main__":
    main()
