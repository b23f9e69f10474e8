#include "runtime_metrics.hpp"

#include "metric_families.hpp"

namespace perpetua::app {
namespace {

double usdc(Micro amount) { return static_cast<double>(amount.value) * 1e-6; }

// What an operator of markets watches: docs/operations.md.
void add_markets(MetricFamilies& out, const stores::HotStore& hot) {
  const auto markets = hot.markets();
  const stores::SolvencyView money = hot.solvency();
  bool is_solvent = money.left_side() == money.right_side();
  for (const stores::MarketMoney& market : money.markets) {
    is_solvent = is_solvent && market.is_balanced();
  }
  out.gauge("perpetua_solvent", "1: the identities of money and open interest hold", is_solvent);
  out.per_market("perpetua_market_accepts_orders", "1: orders are taken", markets,
                 [](const auto& market) { return market.accepts_orders() ? 1.0 : 0.0; });
  out.per_market("perpetua_market_stale", "1: the index is too old", markets,
                 [](const auto& market) { return market.is_stale ? 1.0 : 0.0; });
  out.per_market("perpetua_insurance_cash_usdc", "cash of the insurance fund", markets,
                 [](const auto& market) { return usdc(market.fund.margin); });
  out.per_market("perpetua_bad_debt_usdc", "credited, but paid by nobody", markets,
                 [](const auto& market) { return usdc(market.fund.bad_debt); });
}

}  // namespace

void add_state_metrics(MetricFamilies& out, const stores::HotStore& hot) {
  const stores::HotTotals totals = hot.totals();
  out.gauge("perpetua_agents", "registered agents", totals.agents);
  out.gauge("perpetua_open_orders", "resting orders", totals.open_orders);
  out.gauge("perpetua_open_positions", "positions that are not zero", totals.open_positions);
  out.counter("perpetua_trades_total", "trades since the process started", totals.trades);
  add_markets(out, hot);
}

std::vector<prometheus::MetricFamily> RuntimeMetricsSource::Collect() const {
  const runtime::RuntimeMetrics m = runtime_.metrics();
  MetricFamilies out;
  out.counter("perpetua_commands_total", "commands sequenced", m.commands);
  out.counter("perpetua_batches_total", "batches", m.batches);
  out.gauge("perpetua_ring_depth", "commands waiting for the sequencer", m.ring_depth);
  out.gauge("perpetua_ring_slots", "capacity of the command ring", m.ring_slots);
  out.gauge("perpetua_applied_batch", "last batch the engine has applied", m.applied_batch);
  out.gauge("perpetua_durable_batch", "last batch that is durable", m.durable_batch);
  out.gauge("perpetua_released_batch", "last batch that has left", m.released_batch);
  out.counter("perpetua_refused_overloaded_total", "refused before sequencing: ring full",
              m.refused_overloaded);
  out.counter("perpetua_refused_unavailable_total", "refused before sequencing: no disk space",
              m.refused_unavailable);
  out.counter("perpetua_sequencer_stalls_total", "waits for disk or egress", m.stalls);
  out.histogram("perpetua_batch_commands", "commands in a batch", m.batch_commands, 1);
  out.histogram("perpetua_commit_seconds", "write and sync of a group", m.commit_us, 1e-6);
  out.counter("perpetua_snapshots_total", "snapshots completed", m.snapshots);
  out.counter("perpetua_snapshot_failures_total", "snapshots that failed", m.snapshot_failures);
  out.gauge("perpetua_snapshot_batch", "batch of the newest snapshot", m.snapshot_batch);
  out.gauge("perpetua_matchers", "threads of the match phase", m.matchers);
  if (history_ != nullptr) {
    out.gauge("perpetua_history_batch", "last batch in the history", history_->applied_batch());
    out.gauge("perpetua_history_queued_bytes", "rows waiting for the history",
              history_->queued_bytes());
  }
  add_state_metrics(out, hot_);
  return out.take();
}

}  // namespace perpetua::app
