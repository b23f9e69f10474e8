// Intents and matches: market orders with a slippage bound, or limit orders, told as the hub's
// intents.
#include <algorithm>

#include "gateway/hub/number.hpp"
#include "gateway/hub/past.hpp"
#include "gateway/hub/trading_handlers.hpp"

namespace perpetua::gateway::hub {
namespace {

using stores::IntentState;
using stores::IntentView;

constexpr std::string_view kDefaultAsset = "ETH-PERP";
constexpr int64_t kDefaultSizeCents = 10'000;
constexpr int64_t kDefaultSlippagePpm = 5'000;
constexpr std::size_t kIntentsDefault = 100;
constexpr std::size_t kMatchesDefault = 50;

// What the query's `status` names; matched and executed are both filled here.
struct StatusName {
  std::string_view name;
  std::optional<IntentState> state;
};

std::string hex_text(uint64_t number) {
  constexpr int kDigits = 16;
  std::string out(kDigits, '0');
  for (int i = kDigits; i-- > 0; number >>= 4) {
    out[static_cast<std::size_t>(i)] = "0123456789abcdef"[number & 0xF];
  }
  return out;
}

// A price in USDC as the nearest tick.
Price nearest_tick(int64_t price_e9, const MarketSpec& spec) {
  const Int128 half = spec.tick_size_e9 / 2;
  return Price(static_cast<int64_t>((static_cast<Int128>(price_e9) + half) / spec.tick_size_e9));
}

bool is_in_range(Price price, const MarketSpec& spec) {
  return price >= spec.price_min && price <= spec.price_max;
}

// A leg of the bracket as given, or the default for who opens a position; 0 = none.
uint32_t bracket_leg(const Call& call, std::string_view name, const MarketSpec& spec, Price mark,
                     int64_t default_ppm, bool is_opening) {
  const Value& given = input(call, name);
  Price at(0);
  if (given.is_present) {
    at = nearest_tick(given.number, spec);
    // What no tick can name is refused by the engine as out of band.
    return static_cast<uint32_t>(std::clamp<int64_t>(at.value, 1, UINT32_MAX));
  }
  if (!is_opening || default_ppm == 0) return 0;
  at = Price(mul_div_floor(mark.value, kPpm + default_ppm, kPpm));
  return is_in_range(at, spec) ? static_cast<uint32_t>(at.value) : 0;
}

void set_bracket(const Call& call, MarketId market, PlaceOrder& order) {
  const MarketSpec& spec = *call.hot().market_spec(market);
  const Price mark = call.hot().mark(market);
  const HubOptions& options = call.context.options.hub;
  const int64_t direction = sign(order.side);
  const auto held = call.hot().activity().positions().open(call.principal.agent, market);
  order.stop_loss =
      bracket_leg(call, "stop_loss", spec, mark, -direction * options.stop_loss_ppm, !held);
  order.take_profit =
      bracket_leg(call, "take_profit", spec, mark, direction * options.take_profit_ppm, !held);
}

// What makes a repeat recognisable: the key of the request, or the client's id of the order. The
// order carries it as its client id, so that the first one can be found again (adopt_bracket).
void set_names(Call& call, PlaceOrder& order) {
  const Value& client_id = input(call, "client_order_id");
  if (client_id.is_present && call.idempotency_key.empty()) call.idempotency_key = client_id.text;
  if (client_id.is_present) {
    order.client_id = make_client_id(client_id.text);
  } else if (!call.idempotency_key.empty()) {
    const Hash128 hash = hash128_text(call.idempotency_key, 0);
    order.client_id = make_client_id(hex_text(hash.high) + hex_text(hash.low));
  }
}

// The bracket is ours where the request has none, and depends on the mark: a repeat carries another
// one than the first request, which the exchange takes for another order. It is asked once more
// with the bracket of the order that bears the same name.
bool adopt_bracket(Call& call) {
  PlaceOrder& order = call.submissions.front().command.place;
  if (call.is_retry || order.client_id == ClientId{}) return false;
  const auto first =
      call.hot().activity().intents().find_named(call.principal.agent, order.client_id);
  if (!first) return false;
  call.is_retry = true;
  order.stop_loss = static_cast<uint32_t>(first->order.stop_loss.value);
  order.take_profit = static_cast<uint32_t>(first->order.take_profit.value);
  call.submissions.front().text = input(call, "reason").text;
  return true;
}

bool set_price(Call& call, MarketId market, PlaceOrder& order) {
  const Value& limit = input(call, "limit_price");
  if (!limit.is_present) {
    order.kind = OrderKind::market;
    order.time_in_force = TimeInForce::ioc;
    // 0 means the market's default to the engine; to the caller it means the mark itself.
    order.slippage_ppm = static_cast<uint32_t>(
        std::max<int64_t>(1, number_or(input(call, "max_slippage"), kDefaultSlippagePpm)));
    return true;
  }
  order.kind = OrderKind::limit;
  order.price = nearest_tick(limit.number, *call.hot().market_spec(market));
  return order.price.value > 0 ||
         refuse_field(call, "body", "limit_price", "is below the price step", "greater_than");
}

// As memory has it.
std::optional<IntentView> path_intent(const Call& call) {
  const auto id = parse_id_text(IdKind::intent, call.path_value("intent_id"));
  return id ? call.hot().activity().intents().find(*id) : std::nullopt;
}

// Wherever it is; false: return now.
bool find_path_intent(Call& call, std::optional<IntentView>& intent) {
  const auto id = parse_id_text(IdKind::intent, call.path_value("intent_id"));
  return !id || find_intent(call, *id, intent);
}

// What a repeated request gets when its intent is no longer kept: what its outcome says.
IntentView intent_from_outcome(const Call& call) {
  const Command& command = call.submissions.front().command;
  const Outcome& outcome = outcome_of(call);
  IntentView intent;
  stores::OrderView& order = intent.order;
  order.order_id = outcome.id;
  order.agent = call.principal.agent;
  order.market = command.header.market;
  order.side = command.place.side;
  order.leverage = command.place.leverage;
  order.budget = command.place.budget;
  order.status = outcome.status;
  order.reason = outcome.reason;
  order.filled = Lots(outcome.values[0]);
  order.filled_notional = Micro(outcome.values[1]);
  order.accepted_at_ms = call.replies.front().log_time_ms;
  intent.slippage_ppm = command.place.slippage_ppm;
  const auto held = call.hot().activity().positions().open(order.agent, order.market);
  if (held) intent.position = *held;
  return intent;
}

void write_intent_counts(JsonWriter& json, const stores::IntentTotals& totals) {
  json.key("total_intents").number(static_cast<int64_t>(totals.total));
  json.key("open").number(static_cast<int64_t>(totals.open));
  json.key("filled").number(static_cast<int64_t>(totals.filled));
  json.key("cancelled").number(static_cast<int64_t>(totals.cancelled));
}

bool refuse_not_open(Call& call, IntentState state) {
  const bool is_filled = state == IntentState::filled;
  return refuse(call, kIntentNotOpen, is_filled ? "Intent already matched" : "Intent has expired");
}

}  // namespace

// Notes its state: the request begins anew after a look into history, which found it closed.
bool locate_intent(Call& call) {
  if (!call.noted_ids.empty()) return true;
  std::optional<IntentView> intent;
  if (!find_path_intent(call, intent)) return false;
  if (!intent) return refuse(call, kNotFound, "Intent not found");
  call.noted_ids.push_back(static_cast<uint64_t>(stores::intent_state(intent->order)));
  return intent->order.agent == call.principal.agent ||
         refuse(call, kForbidden, "You don't own this intent");
}

bool prepare_intent(Call& call) {
  const Value& asset = input(call, "asset");
  const auto market = find_asset(call.markets(), asset.is_present ? asset.text : kDefaultAsset);
  if (!market)
    return refuse_field(call, "body", "asset", "is not an asset of this exchange", "enum");
  if (!require_open_market(call, *market)) return false;
  runtime::Submission& submission = add_submission(call);
  submission.command = Command(CommandType::place_order, call.principal.agent, *market);
  submission.command.place = PlaceOrder();
  PlaceOrder& order = submission.command.place;
  order.side = input(call, "intent_type").number == 0 ? Side::buy : Side::sell;
  order.flags = kIntent;
  order.leverage = static_cast<uint16_t>(number_or(input(call, "leverage"), 1));
  order.budget = to_micro(number_or(input(call, "size_usdc"), kDefaultSizeCents), kCentDigits);
  set_names(call, order);
  submission.text = input(call, "reason").text;
  if (!set_price(call, *market, order)) {
    call.submissions.clear();
    return false;
  }
  set_bracket(call, *market, order);
  return true;
}

bool complete_intent(Call& call) {
  const bool is_conflict = outcome_of(call).code == ResultCode::idempotency_conflict;
  if (is_conflict && adopt_bracket(call)) return true;
  if (!is_executed(call)) return false;
  const Outcome& outcome = outcome_of(call);
  const auto found = call.hot().activity().intents().find(outcome.id);
  const IntentView intent = found ? *found : intent_from_outcome(call);
  const bool is_open =
      outcome.status == OrderStatus::open || outcome.status == OrderStatus::partially_filled;
  if (outcome.values[0] == 0 && !is_open) {
    refuse(call, kNoLiquidity,
           "No liquidity: nothing could be filled within max_slippage of the mark price");
    call.refusal.siblings.emplace_back("intent_id",
                                       "\"" + id_text(IdKind::intent, outcome.id) + "\"");
    call.refusal.siblings.emplace_back("intent_status", "\"expired\"");
    return false;
  }
  write_intent_reply(call, intent);
  return false;
}

void list_intents(Call& call) {
  static constexpr StatusName kStatusNames[] = {
      {"open", IntentState::open},       {"matched", IntentState::filled},
      {"executed", std::nullopt},        {"cancelled", IntentState::cancelled},
      {"expired", IntentState::expired}, {"all", std::nullopt}};
  stores::IntentQuery query;
  query.limit = limit_of(call, kIntentsDefault);
  const Value& asset = input(call, "asset");
  if (asset.is_present) {
    const auto market = find_asset(call.markets(), asset.text);
    if (!market) {
      refuse_field(call, "query", "asset", "is not an asset of this exchange", "enum");
      return;
    }
    query.market = *market;
  }
  const StatusName& status = kStatusNames[number_or(input(call, "status"), 0)];
  query.state = status.state;
  const bool is_never = status.name == "executed";  // nothing is filled outside
  auto rows = is_never ? std::vector<IntentView>() : call.hot().activity().intents().newest(query);
  if (!is_never && !add_past_intents(call, query, rows)) return;
  JsonWriter json(call.reply);
  json.begin_object().key("intents");
  write_array(json, rows, [&](const auto& row) { write_intent(json, call.hot(), row); });
  json.end_object();
}

void get_intent(Call& call) {
  auto intent = path_intent(call);
  const bool is_in_memory = intent.has_value();
  if (!is_in_memory && !find_path_intent(call, intent)) return;
  if (!intent) {
    refuse(call, kNotFound, "Intent not found");
    return;
  }
  if (is_in_memory) {
    const AccountState* state =
        call.account_state({.agent = intent->order.agent, .intent = intent->order.order_id});
    if (state == nullptr) return;
    if (!state->intents.empty()) intent->order = state->intents.front();
  }
  JsonWriter json(call.reply);
  write_intent(json, call.hot(), *intent);
}

bool prepare_intent_cancel(Call& call) {
  const auto intent = path_intent(call);
  const IntentState state = intent ? stores::intent_state(intent->order)
                                   : static_cast<IntentState>(call.noted_ids.front());
  if (state == IntentState::cancelled) {
    call.reply = R"({"success":true})";
    return true;
  }
  if (!intent || state != IntentState::open) return refuse_not_open(call, state);
  Command& command = add_submission(call).command;
  command = Command(CommandType::cancel_order, call.principal.agent, intent->order.market);
  command.cancel = CancelOrder();
  command.cancel.order_id = intent->order.order_id;
  return true;
}

bool complete_intent_cancel(Call& call) {
  const bool is_gone = outcome_of(call).code == ResultCode::order_not_found;
  if (!is_gone && !is_done(call)) return false;
  const auto intent = path_intent(call);
  // It ended between the look at it and the cancel: what it came to decides.
  const bool is_cancelled = intent && stores::intent_state(intent->order) == IntentState::cancelled;
  if (is_gone && intent && !is_cancelled) {
    return refuse_not_open(call, stores::intent_state(intent->order));
  }
  call.reply = R"({"success":true})";
  return false;
}

void get_intent_stats(Call& call) {
  const stores::ExchangeStatistics all = call.hot().activity().exchange();
  JsonWriter json(call.reply);
  json.begin_object();
  write_intent_counts(json, all.intents);
  write_money(json.key("total_volume_usdc"), all.intents.asked);
  json.key("by_asset").begin_object();
  for (std::size_t i = 0; i < all.intents_by_market.size(); ++i) {
    const stores::IntentTotals& row = all.intents_by_market[i];
    const MarketSpec* spec = call.hot().market_spec(static_cast<MarketId>(i));
    if (row.total == 0 || spec == nullptr) continue;
    json.key(asset_name(*spec)).begin_object();
    json.key("count").number(static_cast<int64_t>(row.total));
    write_money(json.key("total_size"), row.asked);
    json.end_object();
  }
  json.end_object().end_object();
}

void list_matches(Call& call) {
  const std::size_t limit = limit_of(call, kMatchesDefault);
  auto rows = call.hot().activity().matches().newest(limit);
  if (!add_past_matches(call, limit, rows)) return;
  JsonWriter json(call.reply);
  json.begin_object().key("matches");
  write_array(json, rows, [&](const auto& row) { write_match(json, call.hot(), row); });
  json.end_object();
}

void get_match(Call& call) {
  constexpr unsigned kTradeBits = 40;
  const auto number = parse_id_text(IdKind::match, call.path_value("match_id"));
  std::optional<stores::MatchView> match;
  const bool is_known = number && *number >> kTradeBits < limits::kMarketsMax;
  if (is_known && !find_match(call, static_cast<MarketId>(*number >> kTradeBits),
                              *number & ((1ull << kTradeBits) - 1), match)) {
    return;
  }
  if (!match) {
    refuse(call, kNotFound, "Match not found");
    return;
  }
  JsonWriter json(call.reply);
  write_match(json, call.hot(), *match);
}

}  // namespace perpetua::gateway::hub
