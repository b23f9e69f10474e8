"""The README's walks, as printed: their commands are cut out of the page and run by a shell."""
import json
import os
import subprocess
import textwrap
import unittest
from decimal import Decimal
from pathlib import Path

from api_case import ApiTest, until
from postgres_servers import PostgresServer
from redis_servers import RedisServer

ROOT = Path(__file__).resolve().parents[2]


def commands_of(section, behind=""):
    """The indented lines of a section, from the one that contains `behind`."""
    text = (ROOT / "README.md").read_text().split(f"## {section}", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("    ") or not line.strip()]
    return textwrap.dedent("\n".join(lines)).split(behind, 1)[-1] if behind \
        else textwrap.dedent("\n".join(lines))


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

    def walk(self, commands, **environment):
        """What the commands print, sent to the exchange of this test."""
        self.assertIn("localhost:8082", commands)

        def is_quoted():
            market = self.ok(self.guest.get("/api/v1/markets/BTC-PERP"))
            return market["best_bid"] and market["best_ask"]
        until(is_quoted, "BTC is quoted")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c",
             commands.replace("localhost:8082", f"127.0.0.1:{self.guest.port}")],
            env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
            check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_trade_in_a_minute(self):
        funded, intent, positions, protection, closed = objects(
            self.walk(commands_of("Trade in a minute")))
        self.assertEqual(Decimal(funded["free"]), 10_000)
        self.assertEqual(intent["status"], "filled", intent)
        held = positions["items"][0]
        self.assertEqual((held["market"], held["side"]), ("BTC-PERP", "long"))
        self.assertIsNotNone(held["liquidation_price"])
        self.assertEqual(protection["status"], "waiting", protection)
        self.assertEqual(closed["status"], "filled", closed)

    def test_coming_from_the_former_hub(self):
        funded, intent, positions = objects(self.walk(commands_of("Coming from the former hub")))
        self.assertEqual(funded["new_balance"], 10_000)
        self.assertEqual(intent["intent"]["status"], "matched", intent)
        self.assertEqual([held["side"] for held in positions["positions"]], ["long"])


class WithStores(Readme):
    """The same with both servers, and what can be seen in them."""

    @classmethod
    def setUpClass(cls):
        cls.redis, cls.postgres = RedisServer(), PostgresServer()
        cls.addClassCleanup(cls.redis.close)
        cls.addClassCleanup(cls.postgres.close)
        cls.urls = {"REDIS_URL": cls.redis.url,
                    "DATABASE_URL": cls.postgres.create_database("readme")}
        cls.settings = {**Readme.settings, "redis_url": cls.urls["REDIS_URL"],
                        "database_url": cls.urls["DATABASE_URL"]}
        super().setUpClass()

    def test_what_is_in_the_stores(self):
        until(lambda: self.guest.get("/readyz").body["degraded"] is None, "redis is whole")
        until(lambda: self.postgres.sql("SELECT 1 FROM trades LIMIT 1", "readme"), "a trade")
        commands = commands_of("With Redis and PostgreSQL", "what is there\n")
        shown = self.walk(commands.replace("build/release/bin/perpetua", self.exchange.binary),
                          **self.urls)
        ready, rest = json.JSONDecoder().raw_decode(shown)
        self.assertIsNone(ready["degraded"])
        self.assertIn("mark", shown[rest:].split())
        self.assertIn("market | count", shown)
        self.assertIn("primary: batch", shown)


if __name__ == "__main__":
    unittest.main()
