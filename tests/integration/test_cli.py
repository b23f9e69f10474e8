"""The command line: help, settings, journal tools, load."""
import json
import os
import subprocess
import tempfile
import unittest

from api_case import NO_LIMITS, OPERATOR_KEY, QUIET, ApiExchange, harness, order

STREAM_FAULTS = ("gaps", "repeats", "tail_lost", "book_gaps", "tails_unchecked", "lost", "double",
                 "contradicted", "cancels_lost", "unread", "failed")
LOAD_KEYS = ["agents", "connected", "sent", "ok", "rejected", "errors", "rate_per_s", "p50_ms",
             "p99_ms", "p999_ms", "max_ms"]


def run(*arguments, **environment):
    return subprocess.run([harness.BINARY, *arguments], capture_output=True, text=True, timeout=60,
                          env={"PATH": os.environ["PATH"], **environment}, check=False)


class Help(unittest.TestCase):
    def test_help_reads_like_a_manual(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("serve", "load", "journal", "settings", "Exit codes", "PERPETUA_"):
            self.assertIn(word, done.stdout)
        for command in ("serve", "load", "journal", "settings"):
            self.assertEqual(run(command, "--help").returncode, 0, command)
        self.assertRegex(run("--version").stdout, r"\d+\.\d+\.\d+")

    def test_serve_help_lists_each_setting_with_default_and_range(self):
        text = run("serve", "--help").stdout
        for words in ("--listen", "--rate-agent", "--matchers", "1 to 64",
                      "default 127.0.0.1:8082"):
            self.assertIn(words, text)
        for command in ("serve", "load"):
            text = run(command, "--help").stdout
            self.assertNotIn("--operator-key ", text, "a secret is no flag, so it is not listed")
            self.assertIn("--operator-key-file", text)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in ((), ("dance",), ("serve", "--nonsense"), ("journal",),
                          ("journal", "state-hash", "--threads", "0"),
                          ("load", "--transport", "pigeon"), ("load", "--rate", "fast"),
                          ("load", "--agents", "0"), ("load", "agents", "--rate", "0"),
                          ("load", "--operator-key", "k" * 40)):
            self.assertEqual(run(*arguments).returncode, 2, arguments)


class Settings(unittest.TestCase):
    def test_the_table_and_the_file_show_the_same_settings(self):
        table, file = run("settings").stdout, run("settings", "--toml").stdout
        keys = [line.split("|")[3].strip(" `") for line in table.splitlines()[2:]]
        self.assertGreater(len(keys), 15)
        for key in keys:
            self.assertIn(f"{key} =", file)

    def test_an_invalid_setting_names_itself_and_nothing_starts(self):
        cases = (("MATCHERS", "0", "1 to 64"), ("MATCHERS", "two", "1 to 64"),
                 ("MODE", "demo", "sandbox production"), ("RATE_AGENT", "-1", "0 to"),
                 ("LISTEN", "nowhere", "ADDRESS:PORT"), ("LISTEN", "1.2.3.4:99999", "65535"),
                 ("START_BALANCE", "1.5", "0 to"), ("OPERATOR_KEY", "short", "32 or more"))
        with tempfile.TemporaryDirectory() as folder:
            data = os.path.join(folder, "data")
            for name, value, allowed in cases:
                done = run("serve", PERPETUA_DATA_DIR=data, **{f"PERPETUA_{name}": value})
                self.assertEqual(done.returncode, 2, (name, done))
                self.assertIn(name.lower(), done.stderr)
                self.assertIn(f"PERPETUA_{name}", done.stderr)
                self.assertIn(allowed, done.stderr)
                if name != "OPERATOR_KEY":
                    self.assertIn(value, done.stderr)
                self.assertFalse(os.path.exists(data), name)
            done = run("serve", "--matchers", "99", PERPETUA_DATA_DIR=data)
            self.assertEqual((done.returncode, "--matchers" in done.stderr), (2, True))

    def test_a_file_with_an_unknown_setting_or_bad_form_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "perpetua.toml")
            for text, word in (("ratte = 5", "ratte"), ("matchers = [1]", "matchers"),
                               ("mode = ", "perpetua.toml:1"), ("matchers = 65", "matchers")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                done = run("serve", "--config", path,
                           PERPETUA_DATA_DIR=os.path.join(folder, "data"))
                self.assertEqual(done.returncode, 2, text)
                self.assertIn(word, done.stderr)
            missing = run("serve", "--config", os.path.join(folder, "none.toml"))
            self.assertEqual(missing.returncode, 2)

    def test_production_has_no_paper_money(self):
        for name, value in (("START_BALANCE", "5"), ("PRICES", "replay")):
            settings = {"PERPETUA_MODE": "production", "PERPETUA_PRICES": "push",
                        f"PERPETUA_{name}": value}
            done = run("serve", **settings)
            self.assertEqual(done.returncode, 2, name)
            self.assertIn(name.lower(), done.stderr)


class Journal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.exchange = ApiExchange(**NO_LIMITS, **QUIET)
        cls.addClassCleanup(cls.exchange.close)
        cls.exchange.start()
        cls.exchange.push_prices()
        agents = [cls.exchange.register(f"w{n}", "100000")[1] for n in range(4)]
        for number in range(60):
            side = ("buy", "sell")[number % 2]
            agents[number % 4].post("/api/v1/orders", order(
                side, "0.01", str(60_000 + (number * 7) % 40)))
        assert cls.exchange.stop() == 0

    def tool(self, *arguments):
        code, text = self.exchange.tool("journal", *arguments)
        self.assertEqual(code, 0, text)
        return text

    def test_verify_checks_every_byte(self):
        self.assertIn("segment", self.tool("verify").lower())

    def test_the_state_hash_is_the_same_for_any_number_of_threads(self):
        hashes = {self.tool("state-hash", "--threads", threads) for threads in ("1", "2", "4")}
        self.assertEqual(len(hashes), 1, hashes)
        self.assertIn("equal", hashes.pop())  # from zero, and from the snapshot of the live run

    def test_dump_and_replay_stop_where_they_are_told(self):
        lines = self.tool("dump").splitlines()
        self.assertGreater(len(lines), 60)
        self.assertLess(len(self.tool("dump", "--until", "20").splitlines()), len(lines))
        part = self.tool("replay", "--until", "20")
        self.assertIn("batch 20 ", part)
        self.assertNotEqual(part, self.tool("replay", "--threads", "2"))

    def test_damage_is_found_and_named(self):
        folder = os.path.join(self.exchange.data_dir, "data", "journal")
        path = os.path.join(folder, sorted(os.listdir(folder))[0])
        with open(path, "r+b") as file:
            file.seek(8000)
            byte = file.read(1)
            file.seek(8000)
            file.write(bytes([byte[0] ^ 0x40]))
        code, text = self.exchange.tool("journal", "verify")
        with open(path, "r+b") as file:
            file.seek(8000)
            file.write(byte)
        self.assertEqual(code, 1, text)
        self.assertIn(os.path.basename(path), text)
        self.tool("verify")

    def test_a_folder_without_journal_is_wrong_usage(self):
        done = run("journal", "verify", "--data-dir", "/nonexistent")
        self.assertEqual(done.returncode, 2, done)


class Load(unittest.TestCase):
    def test_load_prints_its_figures_as_one_json_line(self):
        with ApiExchange(**NO_LIMITS, **{**QUIET, "prices": "replay"}) as exchange:
            exchange.start()
            for transport, batch in (("http", "1"), ("ws", "1"), ("http", "10")):
                done = run("load", "--agents", "5", "--duration", "2", "--transport", transport,
                           "--batch", batch, "--url", f"http://127.0.0.1:{exchange.port}")
                self.assertEqual(done.returncode, 0, done)
                result = json.loads(done.stdout.strip().splitlines()[-1])
                self.assertEqual(list(result), LOAD_KEYS)
                self.assertEqual((result["agents"], result["connected"], result["errors"]),
                                 (5, 5, 0), result)
                self.assertEqual(result["ok"] + result["rejected"], result["sent"])
                self.assertGreater(result["sent"], 150)
                self.assertGreater(result["ok"], result["rejected"])

    def test_load_agents_audits_every_stream_and_order(self):
        with ApiExchange(**NO_LIMITS, **{**QUIET, "prices": "replay"}) as exchange:
            exchange.start()
            agents = os.path.join(exchange.data_dir, "agents")
            for _ in range(2):  # the second time with the same agents
                done = run("load", "agents", "--agents", "6", "--rate", "200", "--duration", "2",
                           "--market-data", "2", "--agents-file", agents, "--timeout-ms", "60000",
                           "--url", f"http://127.0.0.1:{exchange.port}")
                result = json.loads(done.stdout.strip().splitlines()[-1])
                self.assertEqual(result["in_time"] + result["late"], 400, done)
                self.assertEqual(result["acknowledged"] + result["cancels"] + result["refused"],
                                 400, result)
                self.assertEqual({name: result[name] for name in STREAM_FAULTS},
                                 dict.fromkeys(STREAM_FAULTS, 0), result)
                self.assertEqual((result["solvency"], result["audited"]), ("ok", True))
                self.assertGreater(result["private_events"], 400)
                self.assertGreater(result["public_messages"], 0)
            with open(agents, encoding="utf-8") as file:
                self.assertEqual(len(file.readlines()), 6)

    def test_in_production_mode_the_operator_funds_the_agents(self):
        settings = {**NO_LIMITS, **QUIET, "mode": "production", "jwt_secret": "s" * 32}
        with ApiExchange(**settings) as exchange:
            exchange.start()
            exchange.push_prices()
            url = f"http://127.0.0.1:{exchange.port}"
            path = os.path.join(exchange.data_dir, "operator-key")
            with open(path, "w", encoding="utf-8") as file:
                file.write(OPERATOR_KEY + "\n")
            arguments = ("load", "--agents", "2", "--duration", "1", "--url", url)
            for more, environment in ((("--operator-key-file", path), {}),
                                      ((), {"PERPETUA_OPERATOR_KEY": OPERATOR_KEY})):
                done = run(*arguments, *more, **environment)
                self.assertEqual(done.returncode, 0, done)
                result = json.loads(done.stdout.strip().splitlines()[-1])
                self.assertEqual((result["connected"], result["errors"]), (2, 0), result)
                self.assertGreater(result["ok"], 0)
            self.assertNotEqual(run(*arguments).returncode, 0, "nobody funds them")
            short = run(*arguments, PERPETUA_OPERATOR_KEY="short-secret")
            self.assertEqual(short.returncode, 3, short)
            self.assertIn("PERPETUA_OPERATOR_KEY", short.stderr)
            self.assertNotIn("short-secret", short.stderr)

    def test_load_without_an_exchange_fails(self):
        port = harness.free_port()
        done = run("load", "--agents", "1", "--duration", "1", "--url", f"http://127.0.0.1:{port}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(port), done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
