// Status, funding, liquidations, insurance funds, alerts, solvency; what the operator does to
// markets.
#include "gateway/codec/fields.hpp"
#include "gateway/codec/render_perpetual.hpp"
#include "gateway/native/handlers.hpp"
#include "gateway/native/pages.hpp"

namespace perpetua::gateway::native {
namespace {

constexpr std::size_t kRecentFundChanges = 20;

template <class Row>
auto row_renderer(const Call& call, void (*render)(std::string&, const Row&, const MarketSpec&)) {
  return [&call, render](std::string& out, const Row& row) {
    render(out, row, *call.markets().spec(row.market));
  };
}

// A list of the history whose newest rows the hot store has; it has none of one agent's.
template <class Row, class Read>
void write_history_page(Call& call, std::vector<Row> kept, const Read& read,
                        void (*render)(std::string&, const Row&, const MarketSpec&)) {
  if (call.history() == nullptr) {
    if (kept.size() > call.page_limit()) kept.resize(call.page_limit());
    write_page(call.reply, kept, {}, row_renderer<Row>(call, render));
    return;
  }
  if (!call.may_use_disk()) return;
  const auto page =
      newest_page(call, std::move(kept), read, [](const Row& row) { return row.sequence; });
  if (page_ok(call, page)) {
    write_page(call.reply, page.rows, page.next_cursor, row_renderer<Row>(call, render));
  }
}

// As above, for rows of a market, of which memory has the newest of all that came since the start:
// where it has none, none came.
template <class Row, class Read>
void write_market_page(Call& call, std::vector<Row> kept, const Read& read,
                       void (*render)(std::string&, const Row&, const MarketSpec&)) {
  if (kept.empty()) call.needs_history(call.hot().first_batch());
  write_history_page<Row>(call, std::move(kept), read, render);
}

// As above, for rows of the agent that only the history has.
template <class Row, class Read>
void write_own_page(Call& call, const Read& read,
                    void (*render)(std::string&, const Row&, const MarketSpec&)) {
  MarketId market = kNoMarket;
  if (!query_market(call, market)) return;
  if (call.history() == nullptr) {
    call.fail(ResultCode::exchange_unavailable, {}, "there is no history in this process");
    return;
  }
  call.needs_history(call.hot().changes(call.principal.agent).any);
  write_history_page<Row>(
      call, {}, [&](const stores::PageRequest& request) { return read(market, request); }, render);
}

}  // namespace

void get_exchange_status(Call& call) {
  const BatchNumber batch = call.hot().applied_batch();
  const auto markets = call.hot().markets();
  render_exchange_status(call.reply, {batch, call.hot().log_time_ms(), markets});
}

void get_funding(Call& call) {
  MarketId market = kNoMarket;
  if (path_market(call, market)) render_funding(call.reply, *call.hot().market(market));
}

void list_funding(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  write_market_page<stores::FundingView>(
      call, call.hot().fundings(market, stores::hot_limits::kPageMax),
      [&](const stores::PageRequest& request) { return call.history()->fundings(market, request); },
      render_funding_hour);
}

void list_funding_payments(Call& call) {
  write_own_page<stores::FundingPaymentView>(
      call,
      [&](MarketId market, const stores::PageRequest& request) {
        return call.history()->funding_payments(call.principal.agent, market, request);
      },
      render_funding_payment);
}

void list_liquidations(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  write_market_page<stores::LiquidationView>(
      call, call.hot().liquidations(market, stores::hot_limits::kPageMax),
      [&](const stores::PageRequest& request) {
        return call.history()->liquidations(market, request);
      },
      render_liquidation);
}

void list_own_liquidations(Call& call) {
  write_own_page<stores::LiquidationView>(
      call,
      [&](MarketId market, const stores::PageRequest& request) {
        return call.history()->liquidations_of(call.principal.agent, market, request);
      },
      render_liquidation);
}

void get_insurance(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  render_insurance(call.reply, *call.hot().market(market),
                   call.hot().fund_changes(market, kRecentFundChanges));
}

void list_fund_changes(Call& call) {
  MarketId market = kNoMarket;
  if (!path_market(call, market)) return;
  write_market_page<stores::FundChangeView>(
      call, call.hot().fund_changes(market, stores::hot_limits::kPageMax),
      [&](const stores::PageRequest& request) {
        return call.history()->fund_changes(market, request);
      },
      render_fund_change);
}

void list_position_changes(Call& call) {
  write_own_page<stores::PositionChangeView>(
      call,
      [&](MarketId market, const stores::PageRequest& request) {
        return call.history()->position_changes(call.principal.agent, market, request);
      },
      render_position_change);
}

void list_alerts(Call& call) {
  write_live_page(
      call,
      [&](uint64_t before, uint32_t limit) {
        return call.hot().alerts(call.principal.agent, before, limit);
      },
      [](const stores::AlertView& row) { return row.sequence; },
      row_renderer<stores::AlertView>(call, render_alert));
}

void get_solvency(Call& call) {
  render_solvency(call.reply, call.hot().solvency(), call.markets());
}

bool prepare_market_mode(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_market_mode(*call.body, market, add_submission(call), call.error);
}

bool prepare_fund_insurance(Call& call) {
  MarketId market = kNoMarket;
  return path_market(call, market) &&
         parse_fund_insurance(*call.body, market, add_submission(call), call.error);
}

}  // namespace perpetua::gateway::native
