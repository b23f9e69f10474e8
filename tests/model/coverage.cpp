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
    EventType::fill};

// A quarter of a million agents: a test of the ledger reaches it, random commands do not.
constexpr bool is_out_of_reach(ResultCode code) { return code == ResultCode::agent_limit_reached; }

constexpr bool is_of_engine(ResultCode code) { return static_cast<int>(code) < 200; }

void print_count(std::FILE* file, std::string_view name, uint64_t count) {
  std::fprintf(file, "  %-28.*s %12llu\n", static_cast<int>(name.size()), name.data(),
               static_cast<unsigned long long>(count));
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
  }
  for (const Event& event : output.events) {
    ++events_[static_cast<std::size_t>(event.header.type)];
    if (event.header.type != EventType::order_closed) continue;
    ++reasons_[static_cast<std::size_t>(event.order_closed.reason)];
  }
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
  for (int i = 1; i <= static_cast<int>(CloseReason::budget_spent); ++i) {
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
  for (int i = 1; i <= static_cast<int>(CloseReason::budget_spent); ++i) {
    if (reasons_[i] == 0) names.push_back(wire_name(static_cast<CloseReason>(i)));
  }
  for (int i = 1; i <= static_cast<int>(OrderStatus::cancelled); ++i) {
    if (statuses_[i] == 0) names.push_back(wire_name(static_cast<OrderStatus>(i)));
  }
  for (const EventType type : kEventTypes) {
    if (events_[static_cast<std::size_t>(type)] == 0) names.push_back(name_of(type));
  }
  if (rounds_[1] == 0) names.push_back("a second round");
  if (rounds_[2] == 0) names.push_back("a third round");
  if (replayed_ == 0) names.push_back("a replayed outcome");
  return names;
}

}  // namespace perpetua::model
