#include "gateway/codec/render_perpetual.hpp"

#include <algorithm>

#include "engine/market/funding.hpp"
#include "engine/schema/position.hpp"
#include "gateway/codec/render.hpp"

namespace perpetua::gateway {
namespace {

constexpr unsigned kPpbDigits = 9;

JsonWriter& rate(JsonWriter& json, int64_t ppb) { return json.decimal(ppb, kPpbDigits); }

// Sums of money are bounded by what was deposited; the clamp is for a broken identity alone.
JsonWriter& wide_micro(JsonWriter& json, Int128 value) {
  const Int128 bound = INT64_MAX;
  return json.micro(Micro(static_cast<int64_t>(std::clamp(value, -bound, bound))));
}

void write_side(JsonWriter& json, Lots base) {
  json.key("side");
  if (base.value == 0)
    json.null();
  else
    json.text(base.value > 0 ? "long" : "short");
}

Lots size_of(Lots base) { return base.value < 0 ? -base : base; }

void write_fund(JsonWriter& json, const FundChanged& fund, const MarketSpec& spec) {
  write_side(json, fund.base);
  json.key("size").lots(size_of(fund.base), spec);
  json.key("entry_notional").micro(fund.entry_notional);
  json.key("cash").micro(fund.margin);
  json.key("bad_debt").micro(fund.bad_debt);
}

std::string_view overall_status(const std::vector<stores::MarketView>& markets) {
  const auto accepts = [](const stores::MarketView& market) { return market.accepts_orders(); };
  if (std::all_of(markets.begin(), markets.end(), accepts)) return "open";
  return std::any_of(markets.begin(), markets.end(), accepts) ? "partly_open" : "closed";
}

}  // namespace

std::string_view status_text(const stores::MarketView& view) {
  switch (view.mode) {
    case MarketMode::settled:
      return "delisted: every position was closed at the mark price";
    case MarketMode::halted:
      return "halted by the operator: only cancels work; no funding, no liquidations";
    case MarketMode::cancel_only:
      return "orders can be cancelled, not placed; funding and liquidations go on";
    case MarketMode::open:
      break;
  }
  if (view.is_stale) {
    return "the index price is too old: the mark is frozen and liquidations wait; open again "
           "after three fresh prices";
  }
  if (view.index == Price(0)) return "no index price yet: orders are refused until there is one";
  if (view.is_breaker_open) {
    return "open; liquidations through the book wait for the next minute";
  }
  return "open";
}

void write_status_fields(JsonWriter& json, const stores::MarketView& view) {
  json.key("mode").text(wire_name(view.mode));
  json.key("is_stale").boolean(view.is_stale);
  json.key("is_breaker_open").boolean(view.is_breaker_open);
  json.key("accepts_orders").boolean(view.accepts_orders());
  json.key("text").text(status_text(view));
}

void render_market_status(std::string& out, const stores::MarketView& view) {
  JsonWriter json(out);
  json.begin_object().key("market").text(symbol_view(view.spec));
  write_status_fields(json, view);
  json.end_object();
}

void render_exchange_status(std::string& out, const StatusReport& report) {
  JsonWriter json(out);
  json.begin_object().key("status").text(overall_status(report.markets));
  json.key("applied_batch").id(report.applied_batch).key("time").number(report.time_ms);
  json.key("markets").begin_array();
  for (const stores::MarketView& market : report.markets) {
    json.begin_object().key("market").text(symbol_view(market.spec));
    write_status_fields(json, market);
    json.end_object();
  }
  json.end_array().end_object();
}

void render_funding(std::string& out, const stores::MarketView& view) {
  const bool has_settled = view.last_funding.hour != 0;
  JsonWriter json(out);
  json.begin_object().key("market").text(symbol_view(view.spec));
  rate(json.key("predicted_rate"), view.funding.predicted_rate_ppb);
  rate(json.key("average_premium"), view.funding.average_premium_ppb);
  json.key("samples").number(view.funding.samples);
  json.key("samples_needed").number(kPremiumSamplesMin);
  json.key("next_settlement").number(view.funding.next_settlement_ms);
  json.key("last_rate");
  if (has_settled)
    rate(json, view.last_funding.rate_ppb);
  else
    json.null();
  json.key("last_settlement").number(has_settled ? (view.last_funding.hour + 1) * kFundingHourMs
                                                 : 0);
  json.key("index_price").price_or_null(view.index, view.spec);
  json.key("mark_price").price_or_null(view.mark, view.spec);
  json.end_object();
}

void render_funding_hour(std::string& out, const stores::FundingView& view,
                         const MarketSpec& spec) {
  const FundingSettled& funding = view.funding;
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(spec));
  json.key("hour_end").number((funding.hour + 1) * kFundingHourMs);
  rate(json.key("rate"), funding.rate_ppb);
  rate(json.key("average_premium"), funding.average_premium_ppb);
  json.key("samples").number(funding.samples);
  json.key("index_price").price(funding.index, spec);
  json.key("paid").micro(funding.due).key("received").micro(funding.received);
  json.key("time").number(view.time_ms).end_object();
}

void render_funding_payment(std::string& out, const stores::FundingPaymentView& view,
                            const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(spec));
  json.key("hour_end").number((view.hour + 1) * kFundingHourMs);
  rate(json.key("rate"), view.rate_ppb);
  json.key("index_price").price(view.index, spec);
  write_side(json, view.base);
  json.key("size").lots(size_of(view.base), spec);
  json.key("amount").micro(view.amount).key("margin").micro(view.margin);
  json.key("time").number(view.time_ms).end_object();
}

void render_liquidation(std::string& out, const stores::LiquidationView& view,
                        const MarketSpec& spec) {
  const Liquidation& step = view.step;
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(spec));
  json.key("agent_id").id_or_null(view.agent);
  json.key("step").text(wire_name(step.step));
  write_side(json, step.base);
  json.key("size").lots(step.lots, spec).key("notional").micro(step.value);
  json.key("average_price");
  write_average_price(json, step.value, step.lots, spec);
  json.key("fee").micro(step.fee);
  json.key("position_size").lots(size_of(step.base), spec);
  json.key("equity").micro(step.equity).key("maintenance_margin").micro(step.maintenance);
  json.key("mark_price").price(step.mark, spec);
  json.key("time").number(view.time_ms).end_object();
}

void render_fund_change(std::string& out, const stores::FundChangeView& view,
                        const MarketSpec& spec) {
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(spec));
  write_fund(json, view.fund, spec);
  json.key("time").number(view.time_ms).end_object();
}

void render_insurance(std::string& out, const stores::MarketView& view,
                      const std::vector<stores::FundChangeView>& recent) {
  const FundChanged& fund = view.fund;
  const Position position{fund.base, fund.entry_notional, fund.margin};
  const Micro value = notional_at(position, view.mark, view.spec);
  JsonWriter json(out);
  json.begin_object().key("market").text(symbol_view(view.spec));
  write_fund(json, fund, view.spec);
  json.key("entry_price");
  write_average_price(json, fund.entry_notional, position.size(), view.spec);
  json.key("mark_price").price_or_null(view.mark, view.spec);
  json.key("notional").micro(value).key("equity").micro(equity_at(position, value));
  json.key("max_notional").micro(view.spec.fund_notional_max);
  json.key("recent_changes").begin_array();
  for (const stores::FundChangeView& change : recent) {
    std::string row;
    render_fund_change(row, change, view.spec);
    json.raw(row);
  }
  json.end_array().end_object();
}

void render_position_change(std::string& out, const stores::PositionChangeView& view,
                            const MarketSpec& spec) {
  const PositionChanged& change = view.change;
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("market").text(symbol_view(spec)).key("cause").text(wire_name(change.cause));
  json.key("amount").micro(change.amount);
  json.key("closed").lots(change.lots, spec).key("closed_notional").micro(change.value);
  write_side(json, change.base);
  json.key("size").lots(size_of(change.base), spec);
  json.key("entry_notional").micro(change.entry_notional);
  json.key("margin").micro(change.margin);
  json.key("realised_pnl").micro(change.realised_pnl_total);
  json.key("rank");
  if (change.rank == 0)
    json.null();
  else
    json.number(change.rank);
  json.key("score").decimal(change.score_ppm, kMicroDigits);
  json.key("counterparty").id_or_null(change.counterparty);
  json.key("time").number(view.time_ms).end_object();
}

void render_alert(std::string& out, const stores::AlertView& view, const MarketSpec& spec) {
  const bool is_warning = view.kind == stores::AlertKind::margin_warning;
  const bool has_figures = view.kind != stores::AlertKind::deleveraged;
  const auto figure = [&](JsonWriter& json, std::string_view name, Micro value) {
    json.key(name);
    if (has_figures)
      json.micro(value);
    else
      json.null();
  };
  JsonWriter json(out);
  json.begin_object().key("sequence").id(view.sequence);
  json.key("kind").text(wire_name(view.kind)).key("market").text(symbol_view(spec));
  write_side(json, view.base);
  json.key("size").lots(size_of(view.base), spec);
  json.key("mark_price").price_or_null(view.mark, spec);
  figure(json, "equity", view.equity);
  figure(json, "maintenance_margin", view.maintenance);
  json.key("closed").lots(view.lots, spec).key("closed_notional").micro(view.value);
  json.key("hint").text(is_warning ? "add margin or reduce the position: it is liquidated when "
                                     "equity falls below maintenance margin"
                                   : "see /api/v1/account/liquidations and "
                                     "/api/v1/account/position-changes");
  json.key("time").number(view.time_ms).end_object();
}

namespace {

void write_money(JsonWriter& json, const stores::SolvencyView& view) {
  Int128 signed_entry = 0, cash = 0, debt = 0;
  for (const stores::MarketMoney& market : view.markets) {
    signed_entry += market.signed_entry;
    cash += market.fund_cash.value;
    debt += market.bad_debt.value;
  }
  json.begin_object();
  wide_micro(json.key("collateral"), view.collateral);
  wide_micro(json.key("signed_entry_notional"), signed_entry);
  json.key("fees").micro(view.totals.fees);
  wide_micro(json.key("fund_cash"), cash);
  wide_micro(json.key("bad_debt"), debt);
  json.key("bet_escrow").micro(view.bet_escrow);
  wide_micro(json.key("left_side"), view.left_side());
  json.key("deposits").micro(view.totals.deposits);
  json.key("withdrawals").micro(view.totals.withdrawals);
  wide_micro(json.key("right_side"), view.right_side());
  wide_micro(json.key("difference"), view.left_side() - view.right_side());
  json.end_object();
}

std::string_view verdict(const stores::SolvencyView& view) {
  const bool is_balanced =
      std::all_of(view.markets.begin(), view.markets.end(),
                  [](const stores::MarketMoney& market) { return market.is_balanced(); });
  return is_balanced && view.left_side() == view.right_side() ? "ok" : "violated";
}

}  // namespace

void render_solvency(std::string& out, const stores::SolvencyView& view,
                     const MarketDirectory& markets) {
  JsonWriter json(out);
  json.begin_object().key("verdict").text(verdict(view));
  json.key("applied_batch").id(view.batch);
  json.key("sequence").id_or_null(view.sequence);
  json.key("time").number(view.time_ms);
  json.key("identity").text(
      "collateral - signed_entry_notional + fees + fund_cash - bad_debt + bet_escrow = "
      "deposits - withdrawals; long_size = short_size in every market");
  json.key("money");
  write_money(json, view);
  json.key("markets").begin_array();
  for (const stores::MarketMoney& market : view.markets) {
    const MarketSpec& spec = *markets.spec(market.market);
    json.begin_object().key("market").text(symbol_view(spec));
    json.key("long_size").lots(market.long_lots, spec);
    json.key("short_size").lots(market.short_lots, spec);
    json.key("is_balanced").boolean(market.is_balanced());
    wide_micro(json.key("signed_entry_notional"), market.signed_entry);
    json.key("fund_cash").micro(market.fund_cash).key("bad_debt").micro(market.bad_debt);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace perpetua::gateway
