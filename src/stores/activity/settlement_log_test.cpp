#include "stores/activity/settlement_log.hpp"

#include <gtest/gtest.h>

namespace perpetua::stores {
namespace {

LedgerEntryView entry(uint64_t sequence, LedgerEntryKind kind, AgentId agent, AgentId counterparty,
                      int64_t amount) {
  LedgerEntryView view;
  view.sequence = sequence;
  view.kind = kind;
  view.agent = agent;
  view.counterparty = counterparty;
  view.amount = Micro(amount);
  return view;
}

TEST(SettlementLog, ShowsATransferOnceAndToBothEnds) {
  SettlementLog log;
  log.add(entry(1, LedgerEntryKind::deposit, 7, 0, 500));
  log.add(entry(2, LedgerEntryKind::transfer_out, 7, 8, 200));
  log.add(entry(3, LedgerEntryKind::transfer_in, 8, 7, 200));
  const auto all = log.newest(0, 10);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].sequence, 2u);
  EXPECT_EQ(all[0].kind, SettlementKind::internal);
  EXPECT_EQ(all[0].from, 7u);
  EXPECT_EQ(all[0].to, 8u);
  EXPECT_EQ(log.newest(8, 10), std::vector(1, all[0]));
  EXPECT_EQ(log.newest(7, 10), all);
  EXPECT_TRUE(log.newest(9, 10).empty());
}

TEST(SettlementLog, CountsTheFaucetAsADepositAndChainTransfersApart) {
  SettlementLog log;
  log.add(entry(1, LedgerEntryKind::faucet, 7, 0, 10));
  log.add(entry(2, LedgerEntryKind::deposit, 7, 0, 5));
  log.add(entry(3, LedgerEntryKind::withdrawal, 7, 0, 2));
  LedgerEntryView onchain = entry(4, LedgerEntryKind::transfer_out, 7, 8, 3);
  onchain.is_onchain = true;
  log.add(onchain);
  const SettlementTotals totals = log.totals();
  const auto sum = [&](SettlementKind kind) {
    return totals.by_kind[static_cast<std::size_t>(kind)];
  };
  EXPECT_EQ(sum(SettlementKind::deposit).count, 2u);
  EXPECT_EQ(sum(SettlementKind::deposit).amount, Micro(15));
  EXPECT_EQ(sum(SettlementKind::withdraw).amount, Micro(2));
  EXPECT_EQ(sum(SettlementKind::onchain).count, 1u);
  EXPECT_EQ(sum(SettlementKind::internal).count, 0u);
}

TEST(SettlementLog, GivesAtMostTheWantedRowsNewestFirst) {
  SettlementLog log;
  for (uint64_t i = 1; i <= 5; ++i) log.add(entry(i, LedgerEntryKind::deposit, 7, 0, 1));
  const auto rows = log.newest(7, 2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].sequence, 5u);
  EXPECT_EQ(rows[1].sequence, 4u);
  log.clear();
  EXPECT_TRUE(log.newest(0, 2).empty());
  EXPECT_EQ(log.totals().by_kind[2].count, 0u);
}

}  // namespace
}  // namespace perpetua::stores
