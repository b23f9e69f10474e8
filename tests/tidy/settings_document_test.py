#!/usr/bin/env python3
"""docs/settings.md and deploy/perpetua.toml say what the binary says."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ["PERPETUA_BINARY"]


def printed(*arguments):
    return subprocess.run([BINARY, "settings", *arguments], capture_output=True, text=True,
                          check=True).stdout


def main():
    failures = []
    if printed() not in (ROOT / "docs/settings.md").read_text():
        failures.append("docs/settings.md differs from `perpetua settings`")
    if printed("--toml") != (ROOT / "deploy/perpetua.toml").read_text():
        failures.append("deploy/perpetua.toml differs from `perpetua settings --toml`")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
