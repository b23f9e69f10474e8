#include "coverage.hpp"

#include <algorithm>

#include "describe.hpp"

namespace perpetua::model {

namespace {

constexpr EventType kEventTypes[] = {
    EventType::market_created, EventType::price_updated,    EventType::agent_registered,
    EventType::key_created,    EventType::key_revoked,      EventType::thought_posted,
    EventType::ledger_entry,   EventType::account_changed,  EventType::settings_changed,
    EventType::order_accepted, EventType::order_amended,    EventType::order_closed,
    EventType::fill,           EventType::market_status,    EventType::funding_settled,
    EventType::liquidation,    EventType::fund_changed,     EventType::position_changed,
    EventType::premium_sampled,
    EventType::trigger_changed, EventType::trigger_closed,  EventType::order_bracket,
    EventType::switch_changed, EventType::key_limits_changed,
    EventType::market_change_scheduled, EventType::market_changed, EventType::signal_created,
    EventType::signal_faded, EventType::signal_closed, EventType::private_message,
    EventType::risk_limits_changed, EventType::risk_day_started};

// A quarter of a million agents, a million payments: tests of the ledger reach them, random
// commands do not.
constexpr bool is_out_of_reach(ResultCode code) {
  return code == ResultCode::agent_limit_reached || code == ResultCode::claim_limit_reached;
}

// What the parts of the model name. Not asked for: a second pass of deleveraging and what leads to
// it (docs/rules-perpetual.md section 17 says why nothing does), the highest rate.
constexpr std::string_view kBranches[] = {
    "a bad debt",
    "a bad debt that is repaid",
    "a bet that its creator wins",
    "a bet that its fader wins",
    "a bracket that is armed",
    "a breaker that opened",
    "a change of fees with orders",
    "a fund that is deleveraged",
    "a fund's order that fills",
    "a fund's order that fills in part",
    "a funding payer without enough margin",
    "a liquidation fill without its full fee",
    "a liquidation that ends the position",
    "a liquidation that waits for its next slice",
    "a market that is fresh again",
    "a move that reaches its target",
    "a premium of several levels",
    "a rate above zero",
    "a rate below zero",
    "a refunded signal",
    "a settled fund",
    "a settled market with signals",
    "a settled position that cannot pay",
    "a side too shallow for the impact notional",
    "a slice of more than a fifth",
    "a slice that fills in part",
    "a slice that is not the whole",
    "a stale market",
    "a switch that cancels",
    "a take-over because nobody buys",
    "a take-over of what a slice left",
    "a take-over of a part",
    "a take-over of the whole",
    "a take-over that gains",
    "a take-over that reduces the fund",
    "a take-over that turns the fund",
    "a trailing stop that fires",
    "a trailing stop that follows",
    "a trigger that sends again",
    "a trigger that the limit of its agent refuses",
    "a trigger that the limit of its key refuses",
    "a trigger whose order is refused",
    "a voided bet",
    "funding that a fund pays or gets",
    "hours of funding that are skipped",
    "several triggers at one mark",
};

constexpr CloseReason kLastReason = CloseReason::refused;

constexpr bool is_of_engine(ResultCode code) { return static_cast<int>(code) < 200; }

void print_count(std::FILE* file, std::string_view name, uint64_t count) {
  std::fprintf(file, "  %-45.*s %12llu\n", static_cast<int>(name.size()), name.data(),
               static_cast<unsigned long long>(count));
}

template <class Kind>
void print_counts(std::FILE* file, const char* title, const std::array<uint64_t, 8>& counts,
                  Kind last) {
  std::fprintf(file, "%s\n", title);
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    print_count(file, wire_name(static_cast<Kind>(i)), counts[i]);
  }
}

template <class Kind>
void add_missing(std::vector<std::string_view>& names, const std::array<uint64_t, 8>& counts,
                 Kind last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (counts[i] == 0) names.push_back(wire_name(static_cast<Kind>(i)));
  }
}

}  // namespace

void Coverage::count(const BatchInput& batch, const BatchOutput& output, uint32_t rounds) {
  commands_ += batch.commands.size();
  ++batches_;
  ++rounds_[std::min<std::size_t>(rounds, rounds_.size()) - 1];
  for (const Outcome& outcome : output.outcomes) {
    ++codes_[static_cast<std::size_t>(outcome.code)];
    ++statuses_[static_cast<std::size_t>(outcome.status)];
    replayed_ += outcome.replayed;
    if (outcome.code == ResultCode::limit_exceeded) {
      ++risk_limits_[static_cast<std::size_t>(outcome.values[0])];
    }
    if (outcome.code == ResultCode::key_limited) {
      ++key_limits_[static_cast<std::size_t>(outcome.values[0])];
    }
  }
  for (const Event& event : output.events) {
    const auto add_one = [](auto& counts, auto value) {
      ++counts[static_cast<std::size_t>(value)];
    };
    add_one(events_, event.header.type);
    switch (event.header.type) {
      case EventType::order_closed: add_one(reasons_, event.order_closed.reason); break;
      case EventType::trigger_closed: add_one(reasons_, event.trigger_closed.reason); break;
      case EventType::fill: add_one(causes_, event.fill.cause); break;
      case EventType::position_changed: add_one(changes_, event.position_changed.cause); break;
      case EventType::liquidation: add_one(steps_, event.liquidation.step); break;
      case EventType::market_status: add_one(modes_, event.market_status.mode); break;
      default: break;
    }
  }
}

void Coverage::count(const std::map<std::string_view, uint64_t>& reached) {
  for (const auto& [name, times] : reached) reached_[name] += times;
}

void Coverage::add(const Coverage& other) {
  const auto sum = [](auto& to, const auto& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  commands_ += other.commands_;
  batches_ += other.batches_;
  replayed_ += other.replayed_;
  sum(codes_, other.codes_);
  sum(reasons_, other.reasons_);
  sum(statuses_, other.statuses_);
  sum(events_, other.events_);
  sum(rounds_, other.rounds_);
  sum(causes_, other.causes_);
  sum(changes_, other.changes_);
  sum(steps_, other.steps_);
  sum(modes_, other.modes_);
  sum(key_limits_, other.key_limits_);
  sum(risk_limits_, other.risk_limits_);
  count(other.reached_);
}

void Coverage::print(std::FILE* file) const {
  std::fprintf(file, "commands %llu, batches %llu, replayed outcomes %llu\nresult codes\n",
               static_cast<unsigned long long>(commands_),
               static_cast<unsigned long long>(batches_),
               static_cast<unsigned long long>(replayed_));
  for (const ResultInfo& info : kResultInfos) {
    if (is_of_engine(info.code)) {
      print_count(file, info.name, codes_[static_cast<std::size_t>(info.code)]);
    }
  }
  std::fprintf(file, "close reasons\n");
  for (int i = 1; i <= static_cast<int>(kLastReason); ++i) {
    print_count(file, wire_name(static_cast<CloseReason>(i)), reasons_[i]);
  }
  std::fprintf(file, "order statuses\n");
  for (int i = 1; i <= static_cast<int>(OrderStatus::cancelled); ++i) {
    print_count(file, wire_name(static_cast<OrderStatus>(i)), statuses_[i]);
  }
  std::fprintf(file, "events\n");
  for (const EventType type : kEventTypes) {
    print_count(file, name_of(type), events_[static_cast<std::size_t>(type)]);
  }
  print_counts(file, "changes of positions", changes_, PositionChange::settled);
  print_counts(file, "trades by cause", causes_, TradeCause::fund);
  print_counts(file, "steps of liquidations", steps_, LiquidationStep::deleveraged);
  print_counts(file, "modes", modes_, MarketMode::settled);
  print_counts(file, "limits of keys", key_limits_, KeyLimit::position_notional);
  print_counts(file, "risk limits of agents", risk_limits_, RiskLimit::daily_loss);
  std::fprintf(file, "branches\n");
  for (const auto& [name, times] : reached_) print_count(file, name, times);
  std::fprintf(file, "batches by rounds\n");
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    print_count(file, std::to_string(i + 1) + (i + 1 == rounds_.size() ? " or more" : ""),
                rounds_[i]);
  }
}

std::vector<std::string_view> Coverage::missing() const {
  std::vector<std::string_view> names;
  for (const ResultInfo& info : kResultInfos) {
    if (!is_of_engine(info.code) || is_out_of_reach(info.code)) continue;
    if (codes_[static_cast<std::size_t>(info.code)] == 0) names.push_back(info.name);
  }
  for (int i = 1; i <= static_cast<int>(kLastReason); ++i) {
    if (reasons_[i] == 0) names.push_back(wire_name(static_cast<CloseReason>(i)));
  }
  for (int i = 1; i <= static_cast<int>(OrderStatus::cancelled); ++i) {
    if (statuses_[i] == 0) names.push_back(wire_name(static_cast<OrderStatus>(i)));
  }
  for (const EventType type : kEventTypes) {
    if (events_[static_cast<std::size_t>(type)] == 0) names.push_back(name_of(type));
  }
  add_missing(names, changes_, PositionChange::settled);
  add_missing(names, causes_, TradeCause::fund);
  add_missing(names, steps_, LiquidationStep::deleveraged);
  add_missing(names, modes_, MarketMode::settled);
  add_missing(names, key_limits_, KeyLimit::position_notional);
  add_missing(names, risk_limits_, RiskLimit::daily_loss);
  for (const std::string_view name : kBranches) {
    const auto found = reached_.find(name);
    if (found == reached_.end() || found->second == 0) names.push_back(name);
  }
  if (rounds_[1] == 0) names.push_back("a second round");
  if (rounds_[2] == 0) names.push_back("a third round");
  if (replayed_ == 0) names.push_back("a replayed outcome");
  return names;
}

}  // namespace perpetua::model
