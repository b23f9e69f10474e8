// The accounts of the double entry against the exchange's own.
#include "stores/perpetual_test_support.hpp"
#include "stores/postgres/postgres_test_support.hpp"

namespace perpetua::stores {
namespace {

using namespace test;

class PostgresAccounts : public PostgresHistoryTest {};

// Balances, positions and prices against what the exchange itself says.
void expect_true_accounts(const std::string& url, const HotStore& hot) {
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts"), 0);
  EXPECT_EQ(number_in(url,
                      "SELECT count(*) FROM accounts a WHERE balance <>"
                      " (SELECT coalesce(sum(amount), 0) FROM ledger_entries"
                      "  WHERE credit_account = a.account AND credit_id = a.id) -"
                      " (SELECT coalesce(sum(amount), 0) FROM ledger_entries"
                      "  WHERE debit_account = a.account AND debit_id = a.id)"),
            0);
  pg::Connection connection = connected(url);
  std::size_t positions = 0;
  for (const AgentView& agent : hot.agents(0, 1'000)) {
    pg::Parameters id;
    id.add(agent.id);
    const pg::Result balance =
        connection.run("SELECT balance FROM accounts WHERE account = 1 AND id = $1", id);
    const auto account = hot.account(agent.id);
    const Micro total = account->free + account->reserved + account->position_margin;
    EXPECT_EQ(balance.rows() == 1 ? balance.integer(0, 0) : 0, total.value) << agent.id;
    for (const PositionView& held : hot.positions(agent.id)) {
      ++positions;
      pg::Parameters key;
      key.add(agent.id).add(held.market);
      const pg::Result row = connection.run(
          "SELECT base, entry_notional, margin FROM positions WHERE agent = $1 AND market = $2"
          " AND closed_sequence = 0",
          key);
      ASSERT_EQ(row.rows(), 1);
      EXPECT_EQ(row.integer(0, 0), held.base.value);
      EXPECT_EQ(row.integer(0, 1), held.entry_notional.value);
      EXPECT_EQ(row.integer(0, 2), held.margin.value);
    }
  }
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence = 0"),
            static_cast<int64_t>(positions));
  for (const MarketView& market : hot.markets()) {
    EXPECT_EQ(number_in(url,
                        "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 3"
                        " AND id = " +
                            std::to_string(market.id)),
              (market.fund.margin - market.fund.bad_debt).value);
  }
  const MoneyTotals totals = hot.solvency().totals;
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 2"),
            totals.fees.value);
  EXPECT_EQ(number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 0"),
            (totals.withdrawals - totals.deposits).value);
}

TEST_P(PostgresAccounts, double_entry_and_positions_agree_with_the_exchange) {
  const auto batches = Flow(39).take(600);
  const std::string url = new_database(server());
  HotStore hot;
  PostgresHistoryWriter writer(options(url));
  for (const RecordedBatch& batch : batches) {
    hot.apply(batch.view());
    writer.apply(batch.view());
  }
  ASSERT_TRUE(writer.flush()) << writer.failure();
  expect_true_accounts(url, hot);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM trades"),
            number_in(url, "SELECT count(*) FROM fills WHERE is_taker = 1"));
  EXPECT_GT(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence > 0"), 50);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM positions WHERE closed_sequence > 0"),
            number_in(url, "SELECT count(*) FROM position_ends"));
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 13"), 0)
      << "an agent's money that no other line explains";
  EXPECT_GT(number_in(url, "SELECT count(*) FROM prices"), 100);
  EXPECT_EQ(number_in(url, "SELECT count(DISTINCT time_ms) FROM equity"),
            number_in(url, "SELECT count(DISTINCT time_ms / 3600000) - 1 FROM prices"));
}

TEST_P(PostgresAccounts, a_collapse_is_paid_for_in_the_double_entry) {
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  Collapse market(&writer);
  market.fund(5'000);
  market.fall();
  market.mode(MarketMode::settled);
  ASSERT_TRUE(writer.flush()) << writer.failure();
  expect_true_accounts(url, market.hot);
  EXPECT_EQ(number_in(url, "SELECT sum(amount) FROM ledger_entries WHERE kind = 11"),
            5'000'000'000);
  EXPECT_GT(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 8"), 0);
  EXPECT_EQ(number_in(url, "SELECT cause FROM positions WHERE agent = " +
                               std::to_string(market.long_agent)),
            static_cast<int64_t>(PositionEndCause::liquidation));
}

TEST_P(PostgresAccounts, stakes_lie_in_escrow_until_their_signal_is_over) {
  const std::string url = new_database(server());
  PostgresHistoryWriter writer(options(url));
  PerpetualMarket market(&writer);
  const AgentId creator = market.add_agent(1'000);
  const AgentId fader = market.add_agent(1'000);
  const auto create = [&](int64_t stake_usdc) {
    Command command(CommandType::create_signal, creator, 0);
    command.create_signal.target = PerpetualMarket::kIndex + 100;
    command.create_signal.stake = Micro(stake_usdc * 1'000'000);
    command.create_signal.duration_ms = limits::kSignalDurationMinMs;
    const Outcome outcome = market.run(command);
    EXPECT_EQ(outcome.code, ResultCode::ok);
    return outcome.id;
  };
  const auto escrow = [&] {
    EXPECT_TRUE(writer.flush()) << writer.failure();
    return number_in(url, "SELECT coalesce(sum(balance), 0) FROM accounts WHERE account = 5");
  };
  Command fade(CommandType::fade_signal, fader);
  fade.fade_signal.signal_id = create(100);
  EXPECT_EQ(escrow(), 100'000'000);
  ASSERT_EQ(market.run(fade).code, ResultCode::ok);
  create(30);  // nobody fades it
  EXPECT_EQ(escrow(), 230'000'000);
  expect_true_accounts(url, market.hot);
  market.now_ms += limits::kSignalDurationMinMs;
  for (int i = 0; i < 5; ++i, market.now_ms += 1'000) market.price(PerpetualMarket::kIndex);
  EXPECT_EQ(escrow(), 0);
  expect_true_accounts(url, market.hot);
  EXPECT_EQ(number_in(url, "SELECT sum(amount) FROM ledger_entries WHERE kind = 16"), 198'000'000);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM ledger_entries WHERE kind = 13"), 0);
  EXPECT_EQ(number_in(url, "SELECT count(*) FROM signals WHERE closed_sequence > 0"), 2);
}

INSTANTIATE_TEST_SUITE_P(Servers, PostgresAccounts, kEveryServer, kind_name);

}  // namespace
}  // namespace perpetua::stores
