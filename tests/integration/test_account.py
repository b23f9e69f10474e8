"""Collateral: deposits, withdrawals, transfers, faucet, ledger; exact to the micro-USDC."""
import unittest
from decimal import Decimal

from api_case import ApiTest, until

AMOUNT_MAX = "1000000000"
DEPOSITS_MAX = 1_000  # of AMOUNT_MAX each: what the exchange accepts in all
FAUCET_PER_DAY = "100000"


class Account(ApiTest):
    def account(self, agent):
        return self.ok(agent.get("/api/v1/account"))

    def newest_entries(self, agent, count):
        """The ledger, at once: who reads after a reply sees its effect."""
        found = self.all_pages(agent, "/api/v1/account/ledger")
        self.assertEqual(len(found), count)
        return found

    def move(self, agent, kind, amount, **more):
        return agent.post(f"/api/v1/account/{kind}", {"amount": amount, **more})

    def test_deposit_and_withdrawal_change_free_collateral_exactly(self):
        agent = self.agent(None)
        self.assertEqual(self.ok(self.move(agent, "deposit", "10.000001"))["free"], "10.000001")
        self.assertEqual(self.ok(self.move(agent, "withdraw", "0.000002"))["free"], "9.999999")
        account = self.account(agent)
        self.assertEqual((account["free"], account["equity"]), ("9.999999", "9.999999"))

    def test_amounts_must_be_plain_positive_decimals(self):
        agent = self.agent("10")
        for kind in ("deposit", "withdraw", "faucet"):
            for amount in ("0", "-1", "1000000000.000001"):
                self.refused(self.move(agent, kind, amount), "invalid_amount", "amount")
            for amount in ("1e3", " 1", "1,0", "0x1", "", "0.0000001", "NaN", 1, 1.5, True):
                self.refused(self.move(agent, kind, amount), "invalid_field", "amount")

    def test_more_than_is_free_cannot_be_withdrawn(self):
        agent = self.agent("100")
        error = self.refused(self.move(agent, "withdraw", "100.000001"), "insufficient_balance")
        self.assertEqual((error["amount"], error["available"]), ("100.000001", "100"))

    def test_collateral_under_orders_cannot_be_withdrawn(self):
        agent = self.agent("1000")
        self.place(agent, "buy", "0.01", "60000")  # reserves 600.3; in use may be 80 %
        error = self.refused(self.move(agent, "withdraw", "399"), "insufficient_balance")
        self.assertEqual(error["available"], "249.625")  # 1000 - 600.3 / 0.8
        self.ok(self.move(agent, "withdraw", error["available"]))
        self.refused(self.move(agent, "withdraw", "0.000001"), "insufficient_balance")

    def test_a_transfer_moves_and_shows_on_both_ledgers(self):
        sender, receiver = self.agent("50"), self.agent("1")
        body = {"to_agent_id": receiver.agent_id, "amount": "20.5"}
        self.assertEqual(self.ok(sender.post("/api/v1/account/transfer", body))["free"], "29.5")
        self.assertEqual(self.account(receiver)["free"], "21.5")
        for agent, kind, other in ((sender, "transfer_out", receiver),
                                   (receiver, "transfer_in", sender)):
            entry = self.newest_entries(agent, 2)[0]
            self.assertEqual((entry["kind"], entry["amount"], entry["counterparty"]),
                             (kind, "20.5", other.agent_id))

    def test_transfers_that_make_no_sense_are_refused(self):
        agent = self.agent("50")
        for to_agent_id, amount, code in (
                (agent.agent_id, "1", "invalid_request"), ("999999", "1", "agent_not_found"),
                ("0", "1", "agent_not_found"), ("1", "0", "invalid_amount"),
                ("1", "50.1", "insufficient_balance"), ("x", "1", "invalid_field")):
            body = {"to_agent_id": to_agent_id, "amount": amount}
            if to_agent_id == "1":
                self.assertNotEqual(agent.agent_id, "1")
            self.refused(agent.post("/api/v1/account/transfer", body), code)
        self.assertEqual(self.account(agent)["free"], "50")

    def test_the_faucet_has_a_daily_amount(self):
        agent = self.agent(None)
        self.ok(self.move(agent, "faucet", "99999"))
        error = self.refused(self.move(agent, "faucet", "1.5"), "faucet_limit")
        self.assertEqual((error["wanted"], error["left"]), ("1.5", "1"))
        self.assertEqual(self.ok(self.move(agent, "faucet", "1"))["free"], FAUCET_PER_DAY)

    def test_only_the_operator_names_another_account(self):
        agent, other = self.agent("5"), self.agent("5")
        for kind in ("deposit", "withdraw"):
            reply = self.move(agent, kind, "1", agent_id=other.agent_id)
            self.refused(reply, "forbidden", "agent_id")
            self.ok(self.move(self.operator, kind, "1", agent_id=other.agent_id))
            self.refused(self.move(self.operator, kind, "1"), "missing_field", "agent_id")
            self.refused(self.move(self.operator, kind, "1", agent_id="999999"),
                         "agent_not_found")
        self.refused(self.operator.get("/api/v1/account"), "forbidden")

    def test_the_ledger_explains_the_balance_page_by_page(self):
        agent = self.agent("7")
        for number in range(1, 6):
            self.ok(self.move(agent, "deposit", str(number)))
        self.ok(self.move(agent, "withdraw", "3"))
        entries = self.newest_entries(agent, 7)
        signs = {"deposit": 1, "withdrawal": -1}
        total = sum(signs[e["kind"]] * Decimal(e["amount"]) for e in entries)
        self.assertEqual(total, Decimal(self.account(agent)["free"]))
        sequences = [int(e["sequence"]) for e in entries]
        self.assertEqual(sequences, sorted(set(sequences), reverse=True))

    def test_reserved_margin_and_position_margin_add_up(self):
        buyer, seller = self.agent("10000"), self.agent("10000")
        self.trade(buyer, seller, "0.1", "60000")
        self.place(buyer, "buy", "0.01", "50000")
        account = self.account(buyer)
        parts = [Decimal(account[name]) for name in ("free", "reserved", "position_margin")]
        self.assertEqual(parts, [Decimal("3496.75"), Decimal("500.25"), Decimal("6000")])
        self.assertEqual(sum(parts), Decimal(account["collateral"]))
        self.assertEqual(account["open_orders"], 1)


class DepositLimit(ApiTest):
    has_prices = False

    def test_the_exchange_accepts_a_bounded_sum_of_deposits(self):
        agent = self.agent(None)
        for _ in range(DEPOSITS_MAX):
            reply = agent.post("/api/v1/account/deposit", {"amount": AMOUNT_MAX})
            self.assertEqual(reply.status, 200, reply)
        for kind in ("deposit", "faucet"):
            reply = agent.post(f"/api/v1/account/{kind}", {"amount": "0.000001"})
            self.refused(reply, "deposit_limit", "amount")
        self.ok(agent.post("/api/v1/account/withdraw", {"amount": "1"}))
        self.ok(agent.post("/api/v1/account/deposit", {"amount": "1"}))


class StartBalance(ApiTest):
    settings = {"start_balance": 250}

    def test_a_new_agent_starts_with_the_balance_of_the_sandbox(self):
        agent = self.agent(None)
        self.assertEqual(self.ok(agent.get("/api/v1/account"))["free"], "250")
        entry = self.ok(agent.get("/api/v1/account/ledger"))["items"][0]
        self.assertEqual((entry["kind"], entry["amount"]), ("deposit", "250"))


if __name__ == "__main__":
    unittest.main()
