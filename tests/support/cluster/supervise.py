#!/usr/bin/env python3
"""Starts an engine again that ended with 75: deposed, or it handed its leadership over.

On a real machine systemd (deploy/perpetua-role@.service) or Docker (`restart`) does this, for every
exit code; here nothing else is started again, because drills kill processes and start them.

    supervise.py PID_FILE COMMAND...
"""
import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cluster.processes import PidFile  # noqa: E402

DEPOSED = 75
PAUSE_S = 0.1  # between two starts
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main():
    pid_file, command = PidFile(sys.argv[1]), sys.argv[2:]
    while True:
        process = subprocess.Popen(command, preexec_fn=end_with_parent)
        pid_file.write(process.pid)
        code = process.wait()
        if code != DEPOSED:
            return code if code >= 0 else 128 - code
        print(f"supervise: exit code {DEPOSED}, starting again", file=sys.stderr, flush=True)
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    sys.exit(main())
