"""Load for drills: an asyncio program in a process of its own, and what it saw, by phase.

A drill starts servers, an exchange and a DrillLoad, tells it which phase it is in, does its worst
and collects the Tally. Calls are open-loop: their latency counts from the moment they were due.
"""
import asyncio
import collections
import ctypes
import json
import multiprocessing
import signal
import time

from async_http import AsyncConnection

PR_SET_PDEATHSIG = 1
COLLECT_TIMEOUT_S = 120
FAILURES_MAX = 50
NO_REPLY = "no_reply"  # in place of a code: the connection failed or timed out

Sample = collections.namedtuple("Sample", "phase kind done_s ms code")  # code "": status 200


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Tally:
    def __init__(self, phase=None, stop=None):
        self.shared_phase, self.shared_stop = phase, stop
        self.samples = []
        self.failures = []  # of correctness, as text
        self.notes = {}     # what a program wants to tell, by name

    @property
    def phase(self):
        return self.shared_phase.value

    @property
    def is_over(self):
        return self.shared_stop.is_set()

    def fail(self, text):
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(f"phase {self.phase}: {text}"[:600])

    def of(self, phase, kinds):
        return [s for s in self.samples if s.phase == phase and s.kind in kinds]


class Caller:
    """One connection with an agent's key, whose calls are samples."""

    def __init__(self, tally, port, key):
        self.tally, self.key = tally, key
        self.connection = AsyncConnection("127.0.0.1", port)

    async def call(self, kind, method, path, body=None, due=None, headers=()):
        """(status, JSON); status 0: no reply. The phase is that in which the call was made."""
        phase, begun = self.tally.phase, time.monotonic()
        due = begun if due is None else due
        status, reply, code = 0, None, NO_REPLY
        try:
            status, text = await self.connection.request(method, path, body, self.key, headers)
            reply = json.loads(text)
            code = "" if status == 200 else str(reply.get("code"))
        except (OSError, ValueError, EOFError, asyncio.TimeoutError):
            pass
        done = time.monotonic()
        self.tally.samples.append(Sample(phase, kind, done, (done - due) * 1000, code))
        return status, reply


async def repeat(tally, interval_s, offset, act):
    """act(due) every interval_s, from `offset` intervals on, until the load is over."""
    due = time.monotonic() + offset * interval_s
    while not tally.is_over:
        pause = due - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        await act(due)
        due = max(due + interval_s, time.monotonic() - 1)  # late by a second at most


def _run(program, arguments, phase, stop, results):
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tally = Tally(phase, stop)
    try:
        asyncio.run(program(tally, *arguments))
    except Exception as error:  # the drill must hear of it, whatever it is
        tally.fail(f"the load ended: {type(error).__name__} {error}")
    results.send((tally.samples, tally.failures, tally.notes))


class DrillLoad:
    """Runs `program(tally, *arguments)`, a coroutine that ends when tally.is_over."""

    def __init__(self, program, *arguments):
        fork = multiprocessing.get_context("fork")
        self.phase, self.stop = fork.Value("i", 0), fork.Event()
        self.results, far_end = fork.Pipe(duplex=False)
        self.process = fork.Process(target=_run, daemon=True,
                                    args=(program, arguments, self.phase, self.stop, far_end))
        self.process.start()
        far_end.close()

    def collect(self):
        """Ends the load; its Tally."""
        self.stop.set()
        if not self.results.poll(COLLECT_TIMEOUT_S):
            self.process.kill()
            raise RuntimeError("the load does not end")
        tally = Tally(self.phase, self.stop)
        tally.samples, tally.failures, tally.notes = self.results.recv()
        self.process.join()
        return tally

    def close(self):
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()
