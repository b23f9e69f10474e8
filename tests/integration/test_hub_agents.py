"""Agents of the former hub mix orders, reads and sockets for some seconds: no error at all."""
import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from exchange import Exchange  # noqa: E402

AGENTS = Path(__file__).resolve().parents[2] / "bench/hub_agents.py"


class HubAgents(unittest.TestCase):
    def test_twenty_agents_meet_no_error(self):
        with Exchange(rate_registrations=0) as exchange:
            exchange.start()
            done = subprocess.run(
                [sys.executable, str(AGENTS), "--url", f"http://127.0.0.1:{exchange.port}",
                 "--agents", "20", "--seconds", "5", "--rate", "5"],
                capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
            result = json.loads(done.stdout.strip().splitlines()[-1])
            self.assertGreater(result["requests"], 400)
            self.assertGreater(result["messages"], 400)
            self.assertEqual(exchange.stop(), 0)


if __name__ == "__main__":
    unittest.main()
