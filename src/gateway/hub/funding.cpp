// Funding: the hour in hand, the hours settled, what positions paid and will pay.
#include <algorithm>

#include "engine/market/funding.hpp"
#include "gateway/hub/trading_handlers.hpp"
#include "stores/history/history_reader.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr std::size_t kHistoryDefault = 24;
constexpr std::size_t kPaymentsDefault = 50;

// Received above zero, paid below.
Micro predicted_payment(const stores::PositionRecord& record, const stores::MarketView& market) {
  const int64_t rate = market.funding.predicted_rate_ppb;
  const FundingAmount amount =
      funding_amount(record.base, market.index, market.spec.value_per_tick_lot_micro, rate);
  if (rate == 0) return Micro(0);
  return pays_funding(record.base, rate) ? -amount.due : amount.received;
}

}  // namespace

void get_funding(Call& call) {
  MarketId id = kNoMarket;
  if (!path_asset(call, id)) return;
  const stores::MarketView market = *call.hot().market(id);
  JsonWriter json(call.reply);
  if (market.funding.next_settlement_ms != 0) {
    write_funding_rate(json, market.spec, market.funding.predicted_rate_ppb,
                       call.hot().log_time_ms(), market.funding.next_settlement_ms);
    return;
  }
  json.begin_object().key("asset").text(asset_name(market.spec));
  json.key("rate").number(0);
  json.key("message").text("No funding rate yet").end_object();
}

void list_funding(Call& call) {
  MarketId id = kNoMarket;
  if (!path_asset(call, id)) return;
  const MarketSpec& spec = *call.hot().market_spec(id);
  auto rows = call.hot().fundings(id, limit_of(call, kHistoryDefault));
  std::reverse(rows.begin(), rows.end());
  JsonWriter json(call.reply);
  json.begin_object().key("asset").text(asset_name(spec)).key("history");
  write_array(json, rows, [&](const stores::FundingView& row) {
    write_funding_rate(json, spec, row.funding.rate_ppb, row.time_ms,
                       (row.funding.hour + 2) * kFundingHourMs);
  });
  json.end_object();
}

void list_funding_payments(Call& call) {
  AgentId agent = 0;
  if (!path_agent(call, agent)) return;
  std::vector<stores::FundingPaymentView> rows;
  if (call.history() != nullptr) {
    if (!call.may_use_disk()) return;
    call.needs_history(call.hot().changes(agent).any);
    if (!call.history_is_current()) {
      call.await_history();
      return;
    }
    auto page =
        call.history()->funding_payments(agent, kNoMarket, {{}, limit_of(call, kPaymentsDefault)});
    if (page.status != stores::PageStatus::ok) {
      call.fail(ResultCode::exchange_unavailable, {}, "the history cannot be read now");
      return;
    }
    rows = std::move(page.rows);
  }
  JsonWriter json(call.reply);
  json.begin_object().key("payments");
  write_array(json, rows, [&](const auto& row) { write_funding_payment(json, call.hot(), row); });
  json.end_object();
}

void predict_funding(Call& call) {
  AgentId agent = 0;
  if (!path_agent(call, agent)) return;
  const AccountState* state = call.account_state({.agent = agent, .with_holdings = true});
  if (state == nullptr) return;
  const auto rows = open_positions(call.hot(), *state);
  Micro total;
  int64_t next_ms = (call.hot().log_time_ms() / kFundingHourMs + 1) * kFundingHourMs;
  JsonWriter json(call.reply);
  json.begin_object().key("agent_id").text(agent_name(agent));
  write_time(json.key("next_settlement"), next_ms);
  json.key("positions");
  write_array(json, rows, [&](const stores::PositionRecord& record) {
    const stores::MarketView market = *call.hot().market(record.market);
    const Micro payment = predicted_payment(record, market);
    total += payment;
    json.begin_object();
    json.key("asset").text(asset_name(market.spec));
    json.key("side").text(record.base.value < 0 ? "short" : "long");
    write_money(json.key("size"), record.entry_notional);
    json.key("rate").text(rate_text(market.funding.predicted_rate_ppb));
    write_money(json.key("predicted_payment"), payment);
    json.end_object();
  });
  write_money(json.key("total_predicted"), total);
  json.end_object();
}

}  // namespace perpetua::gateway::hub
