#!/usr/bin/python3
"""All HTTP tests in one process, then the judgement over all of them: every operation of
/openapi.json answered well at least once, every documented error code provoked at least once.

  PERPETUA_BINARY=build/release/bin/perpetua run_api_tests.py [MODULE...]

With MODULE names only those run, without the judgement.
"""
import json
import sys
import unittest

import api_case
from api_coverage import NOT_FROM_OUTSIDE, Recorder, check_document

MODULES = ("test_shared_refusals", "test_agents", "test_account", "test_markets", "test_orders",
           "test_order_refusals", "test_positions_intents", "test_thoughts", "test_idempotency",
           "test_limits_auth", "test_perpetual", "test_safety", "test_triggers")


class Document(api_case.ApiTest):
    """The document itself, and the judge: both must be able to fail."""

    def test_openapi_is_a_sane_document(self):
        document = self.ok(self.guest.get("/openapi.json"))
        check_document(document)
        self.assertGreater(len(Recorder(document).operations), 40)
        version = self.ok(self.guest.get("/healthz"))["version"]
        self.assertEqual(document["info"]["version"], version)

    def test_every_excused_code_is_documented_somewhere(self):
        documented = {c for o in api_case.recorder.operations for c in o.all_codes()}
        self.assertLessEqual(set(NOT_FROM_OUTSIDE), documented)

    def test_the_recorder_refuses_answers_that_are_not_documented(self):
        document = json.loads(self.guest.get("/openapi.json").text)
        market = document["components"]["schemas"]["Market"]["properties"]
        market["mark_price"]["type"] = "integer"
        del document["paths"]["/api/v1/markets/{market}"]["get"]["responses"]["404"]
        recorder = Recorder(document)
        reply = self.guest.get("/api/v1/markets/BTC-PERP")
        with self.assertRaisesRegex(AssertionError, "mark_price"):
            recorder.record("GET", "/api/v1/markets/BTC-PERP", reply)
        reply = self.guest.get("/api/v1/markets/NO-PERP")
        with self.assertRaisesRegex(AssertionError, "undocumented status"):
            recorder.record("GET", "/api/v1/markets/NO-PERP", reply)
        self.assertIn("health: no success", recorder.missing())


def main():
    loader = unittest.defaultTestLoader
    names = sys.argv[1:] or MODULES
    suite = unittest.TestSuite(loader.loadTestsFromName(name) for name in names)
    suite.addTests(loader.loadTestsFromTestCase(Document))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    if sys.argv[1:] or not result.wasSuccessful():
        return 0 if result.wasSuccessful() else 1
    missing = api_case.recorder.missing()
    codes = sum(len(o.all_codes()) for o in api_case.recorder.operations)
    print(f"{len(api_case.recorder.operations)} operations, {codes} documented refusals, "
          f"{len(api_case.recorder.errors)} of them seen, {len(missing)} missing")
    for line in missing:
        print("  " + line)
    for code, reason in NOT_FROM_OUTSIDE.items():
        print(f"  excused: {code}: {reason}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
