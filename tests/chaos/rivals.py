"""Second engines on the journal table of one that leads and is under load."""
import contextlib
import time

from exchange import Exchange

EXIT_CANNOT_START = 3
WAIT_S = 120
HELD = "another engine leads this journal"


def challenge(shared, leader):
    """Starts two: one gives up after its five seconds, one waits until it is told to stop. Neither
    may lead, and the leader must not notice. Prints what they said and returned."""
    process = leader.process.pid
    hasty = Exchange(**leader.settings, wait_for_leadership="off")
    with hasty as impatient, Exchange(**leader.settings) as patient:
        for rival in (impatient, patient):
            with contextlib.suppress(RuntimeError):
                rival.start(ready_timeout_s=0)
        gave_up = impatient.process.wait(WAIT_S)
        deadline = time.monotonic() + WAIT_S
        while HELD not in patient.log() and time.monotonic() < deadline:
            time.sleep(0.02)
        is_waiting = patient.process.poll() is None and HELD in patient.log()
        stopped = patient.stop()
        print(f"second engine: {impatient.log().strip().splitlines()[-1]} (exit code {gave_up}); "
              f"third: {patient.log().strip().splitlines()[-1]} (after SIGTERM {stopped})",
              flush=True)
        has_led = any("leading" in rival.log() for rival in (impatient, patient))
        if gave_up != EXIT_CANNOT_START or not is_waiting or stopped != 0 or has_led:
            shared.failures.append("a second engine: " + impatient.log() + patient.log())
    if leader.process.pid != process or leader.process.poll() is not None:
        shared.failures.append("the leader ended: " + leader.log()[-500:])
