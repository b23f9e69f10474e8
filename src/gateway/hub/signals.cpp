// Signals and bets: who claims what about a price, and who bets against it.

#include "gateway/codec/api_error.hpp"
#include "gateway/codec/markets.hpp"
#include "gateway/hub/handlers.hpp"
#include "gateway/hub/number.hpp"
#include "gateway/hub/services.hpp"
#include "gateway/hub/signal_view.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

constexpr int64_t kDurationDefault = 24'000'000;  // hours, 10^-6
constexpr std::size_t kSignalsShownMax = 500;
constexpr int64_t kToldBetMs = 7 * 86'400'000;  // that a result was told is noted so long

std::optional<stores::SignalView> find_signal(const Call& call, IdKind kind,
                                              std::string_view name) {
  const auto id = parse_id_text(kind, name);
  return id ? call.hot().signal(*id) : std::nullopt;
}

// Ticks of the mark, or ppm of its move; half-even. False: it rounds to nothing.
bool read_target(Call& call, const MarketSpec& spec, SignalKind kind, int64_t& target) {
  const int64_t target_e9 = input(call, "target_value").number;
  constexpr int64_t kE9PerPpm = 100'000;  // the value is in percent
  const int64_t unit = kind == SignalKind::price_change ? kE9PerPpm : spec.tick_size_e9;
  const int64_t rest = target_e9 % unit;
  target = target_e9 / unit;
  if (rest * 2 > unit || (rest * 2 == unit && target % 2 == 1)) ++target;
  if (target > 0) return true;
  return refuse_field(call, "body", "target_value", "is less than one price step", "greater_than");
}

bool check_stake(Call& call, const stores::SignalView& signal, std::string_view field) {
  const Value& given = input(call, field);
  if (!given.is_present || to_micro(given.number, kCentDigits) == signal.stake) return true;
  return refuse_field(call, "body", field,
                      "must be the creator's stake, " + usdc_text(signal.stake.value),
                      "value_error");
}

bool refuse_outcome(Call& call) {
  const Outcome& outcome = outcome_of(call);
  switch (outcome.code) {
    case ResultCode::own_signal:
      return refuse(call, kOwnSignal, "Cannot fade your own signal");
    case ResultCode::already_matched:
      return refuse(call, kAlreadyMatched, "Signal is already matched");
    case ResultCode::signal_expired:
      return refuse(call, kSignalExpired, "Signal has expired");
    case ResultCode::signal_not_found:
      return refuse(call, kUnknownSignal, "Signal not found");
    default:
      return is_done(call);
  }
}

bool prepare_fade(Call& call, const stores::SignalView& signal) {
  if (!check_stake(call, signal, "stake_amount") || !check_stake(call, signal, "stake")) {
    return false;
  }
  // Of what is refused for itself the engine says why.
  const bool can_fade =
      signal.status() == stores::SignalStatus::open && signal.creator != call.principal.agent;
  if (can_fade && !require_open_market(call, signal.market)) return false;
  Command& command = add_submission(call).command;
  command = Command(CommandType::fade_signal, call.principal.agent, signal.market);
  command.fade_signal = FadeSignal();
  command.fade_signal.signal_id = signal.id;
  return true;
}

}  // namespace

bool prepare_create_signal(Call& call) {
  const auto market = find_asset(call.markets(), input(call, "asset").text);
  if (!market) {
    return refuse_field(call, "body", "asset", "is no asset of this exchange", "value_error");
  }
  const auto kind = static_cast<SignalKind>(input(call, "signal_type").number);
  int64_t target = 0;
  if (!read_target(call, *call.markets().spec(*market), kind, target)) return false;
  if (!require_open_market(call, *market)) return false;
  const Value& timeframe = input(call, "timeframe_hours");
  const int64_t hours_e6 = timeframe.is_present
                               ? timeframe.number
                               : number_or(input(call, "duration_hours"), kDurationDefault);
  Command& command = add_submission(call).command;
  command = Command(CommandType::create_signal, call.principal.agent, *market);
  command.create_signal = CreateSignal();
  command.create_signal.kind = kind;
  command.create_signal.target = target;
  command.create_signal.stake = money_of(call, "stake_amount");
  command.create_signal.duration_ms = hours_e6 * 36 / 10;
  return true;
}

bool complete_create_signal(Call& call) {
  if (outcome_of(call).code == ResultCode::invalid_target) {
    return refuse_field(call, "body", "target_value", "is outside the market's prices",
                        "value_error");
  }
  if (!is_done(call)) return false;
  const auto signal = call.hot().signal(outcome_of(call).id);
  if (!signal) return refuse(call, kNotFound, "Signal not found");
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("signal");
  write_signal(json, call, *signal);
  json.end_object();
  return false;
}

// The signal named in the body is business, so its refusal is 400.
bool prepare_fade_named(Call& call) {
  const auto signal = find_signal(call, IdKind::signal, input(call, "signal_id").text);
  if (!signal) return refuse(call, kUnknownSignal, "Signal not found");
  return prepare_fade(call, *signal);
}

bool locate_signal(Call& call) {
  return find_signal(call, IdKind::signal, call.path_value("signal_id")).has_value() ||
         refuse(call, kNotFound, "Signal not found");
}

bool prepare_fade_path(Call& call) {
  const auto signal = find_signal(call, IdKind::signal, call.path_value("signal_id"));
  return signal ? prepare_fade(call, *signal) : refuse(call, kNotFound, "Signal not found");
}

bool complete_fade(Call& call) {
  if (!refuse_outcome(call)) return false;
  const auto signal = call.hot().signal(outcome_of(call).id);
  if (!signal) return refuse(call, kNotFound, "Signal not found");
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("bet");
  write_bet(json, call, *signal);
  json.key("message").text("Bet matched: pot " + usdc_text(signal->stake.value * 2) + " USDC");
  json.end_object();
  return false;
}

void get_signal(Call& call) {
  const auto signal = find_signal(call, IdKind::signal, call.path_value("signal_id"));
  if (!signal) {
    refuse(call, kNotFound, "Signal not found");
    return;
  }
  JsonWriter json(call.reply);
  write_signal(json, call, *signal);
}

void list_signals(Call& call) {
  // In the order of the field's choices.
  enum class Wanted : uint8_t { open, all, matched, settled, cancelled, expired };
  const auto wanted = static_cast<Wanted>(number_or(input(call, "status"), 0));
  const auto fits = [wanted](const stores::SignalView& row) {
    switch (wanted) {
      case Wanted::open:
        return row.status() == stores::SignalStatus::open;
      case Wanted::all:
        return true;
      case Wanted::matched:
        return row.status() == stores::SignalStatus::matched;
      case Wanted::settled:
        return row.status() == stores::SignalStatus::settled;
      default:
        return row.status() == stores::SignalStatus::cancelled;
    }
  };
  MarketId market = kNoMarket;
  bool has_market = true;
  if (const Value& asset = input(call, "asset"); asset.is_present) {
    const auto found = find_asset(call.markets(), asset.text);
    has_market = found.has_value();
    market = found.value_or(kNoMarket);
  }
  std::vector<stores::SignalView> rows;
  if (has_market) {
    rows = call.hot().live_signals(market, stores::hot_limits::kPageMax);
    const auto closed = call.hot().closed_signals(market, stores::hot_limits::kPageMax);
    rows.insert(rows.end(), closed.begin(), closed.end());
  }
  JsonWriter json(call.reply);
  json.begin_object().key("signals").begin_array();
  std::size_t shown = 0;
  for (const stores::SignalView& row : rows) {
    if (!fits(row) || shown == kSignalsShownMax) continue;
    write_signal(json, call, row);
    ++shown;
  }
  json.end_array().end_object();
}

void list_open_signals(Call& call) {
  JsonWriter json(call.reply);
  json.begin_object().key("signals").begin_array();
  for (const auto& row : call.hot().live_signals(kNoMarket, stores::hot_limits::kPageMax)) {
    if (row.status() == stores::SignalStatus::open) write_signal(json, call, row);
  }
  json.end_array().end_object();
}

bool locate_bet(Call& call) {
  const auto bet = find_signal(call, IdKind::bet, call.path_value("bet_id"));
  if (!bet || !bet->is_bet()) return refuse(call, kNotFound, "Bet not found");
  const bool is_own = bet->creator == call.principal.agent || bet->fader == call.principal.agent;
  return is_own || refuse(call, kForbidden, "You don't own this bet: you take no part in it");
}

// The engine settles at expiry, by itself, at its own mark; the result is told to each side once,
// as far as is noted.
bool settle_bet(Call& call) {
  const auto bet = find_signal(call, IdKind::bet, call.path_value("bet_id"));
  if (!bet) return refuse(call, kNotFound, "Bet not found");
  if (!bet->is_closed) {
    return refuse(call, kNotExpired,
                  "Bet has not expired yet: it is settled at its end, by itself");
  }
  if (bet->end != SignalEnd::settled) {
    return refuse(call, kAlreadySettled, "Bet is already closed: both stakes were returned");
  }
  const NoteAnswer* told =
      call.ask({NoteAsk::Kind::swap,
                "told:{" + std::to_string(call.principal.agent) + "}:" + std::to_string(bet->id),
                {},
                "1",
                kToldBetMs});
  if (told == nullptr) return false;
  if (told->is_known && !told->is_done) {
    return refuse(call, kAlreadySettled, "Bet is already settled");
  }
  const AgentId loser = bet->winner == bet->creator ? bet->fader : bet->creator;
  JsonWriter json(call.reply);
  json.begin_object().key("success").boolean(true);
  json.key("bet_id").text(id_text(IdKind::bet, bet->id));
  write_price(json.key("settlement_price"), bet->settlement_mark,
              *call.markets().spec(bet->market));
  json.key("winner_id").text(agent_name(bet->winner));
  json.key("loser_id").text(agent_name(loser));
  write_money(json.key("payout"), bet->payout);
  write_money(json.key("protocol_fee"), bet->fee);
  json.end_object();
  return true;
}

void get_betting_stats(Call& call) {
  const stores::BettingTotalsView view = call.hot().betting_totals();
  const BettingTotals& totals = view.totals;
  JsonWriter json(call.reply);
  json.begin_object();
  json.key("total_signals").number(static_cast<int64_t>(totals.signals));
  json.key("total_bets").number(static_cast<int64_t>(totals.bets));
  write_money(json.key("total_volume"), totals.volume);
  write_money(json.key("protocol_fees"), totals.fees);
  json.key("open_signals").number(static_cast<int64_t>(view.open));
  json.key("pending_bets").number(static_cast<int64_t>(view.pending));
  json.key("internal_match_rate").text("100%").end_object();
}

}  // namespace perpetua::gateway::hub
