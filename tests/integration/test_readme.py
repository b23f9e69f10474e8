"""The README's walk, as printed: its commands are cut out of the page and run by a shell."""
import json
import subprocess
import textwrap
import unittest
from decimal import Decimal
from pathlib import Path

from api_case import ApiTest, until

README = Path(__file__).resolve().parents[2] / "README.md"


def walk(port):
    """The indented commands under "Trade in a minute", for an exchange on another port."""
    text = README.read_text().split("## Trade in a minute", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("    ") or not line.strip()]
    commands = textwrap.dedent("\n".join(lines))
    assert "localhost:8082" in commands
    return commands.replace("localhost:8082", f"127.0.0.1:{port}")


def objects(text):
    """The JSON values that the commands printed, one after the other."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


class Readme(ApiTest):
    settings = {"prices": "replay", "liquidity": "on"}
    has_prices = False

    def test_the_walk_works_as_printed(self):
        def is_quoted():
            market = self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))
            return market["best_bid"] and market["best_ask"]
        until(is_quoted, "BTC is quoted")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", walk(self.guest.port)],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        funded, intent, positions, protection, closed = objects(done.stdout)
        self.assertEqual(Decimal(funded["free"]), 10_000)
        self.assertEqual(intent["status"], "filled", intent)
        held = positions["items"][0]
        self.assertEqual((held["market"], held["side"]), ("BTC-PERP", "long"))
        self.assertIsNotNone(held["liquidation_price"])
        self.assertEqual(protection["status"], "waiting", protection)
        self.assertEqual(closed["status"], "filled", closed)


if __name__ == "__main__":
    unittest.main()
