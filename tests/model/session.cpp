#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "describe.hpp"

namespace perpetua::model {

namespace {

constexpr std::size_t kBigStateBytes = 1u << 20;

std::vector<std::byte> saved(const Engine& engine) {
  VectorSink sink;
  engine.save(sink);
  return sink.bytes();
}

class Described final : public DescribeSink {
 public:
  void on_event(const Event& event, std::string_view) override {
    using enum EventType;
    const EventType type = event.header.type;
    const bool is_known = type == market_status || type == fund_changed || type == price_updated ||
                          type == premium_sampled ||
                          type == account_changed || type == position_described ||
                          type == trigger_changed || type == switch_changed ||
                          type == account_described || type == risk_limits_changed ||
                          type == risk_day_started || type == signal_created ||
                          type == signal_faded || type == betting_described;
    if (is_known) events.push_back(event);
  }
  std::vector<Event> events;
};

}  // namespace

Session::Session(uint64_t seed) : seed_(seed), random_(~seed), generator_(seed) {
  subjects_.push_back(
      {"inline", std::make_unique<InlineExecutor>(), std::make_unique<Engine>(), {}});
  for (const uint32_t threads : {2u, 4u}) {
    subjects_.push_back({fmt::format("{} threads", threads),
                         std::make_unique<ThreadExecutor>(threads), std::make_unique<Engine>(),
                         {}});
  }
  subjects_.push_back({"loaded copy", std::make_unique<InlineExecutor>(),
                       std::make_unique<Engine>(), {}});
}

std::string Session::run(uint64_t commands) {
  while (coverage_.commands() < commands) {
    const std::string difference = run_batch(generator_.next(model_));
    if (!difference.empty()) return difference;
  }
  coverage_.count(model_.reached());
  return check_states();
}

std::string Session::run_batch(const BatchInput& batch) {
  batch_ = batch;
  model_.apply(batch, expected_);
  coverage_.count(batch, expected_, model_.rounds());
  for (Subject& subject : subjects_) {
    subject.engine->apply(batch, *subject.executor, subject.output);
    std::string difference = compare(batch, subject);
    if (!difference.empty()) return difference;
  }
  if (!money_adds_up()) {
    return report("the model's money does not add up\n" + report_batch(batch, 0));
  }
  if (const std::string broken = properties_.check(expected_, model_); !broken.empty()) {
    return report(broken + "\n" + report_batch(batch, 0));
  }
  if (!funds_are_told()) {
    return report("a fund is not what its last event says\n" + report_batch(batch, 0));
  }
  return batch.number >= next_check_ ? check_states() : "";
}

// Both identities of docs/money.md, in the form of docs/rules-agents.md section 25, over every
// account, position and stake of the model.
bool Session::money_adds_up() {
  using enum LedgerEntryKind;
  for (std::size_t i = 0; i < batch_.commands.size(); ++i) {
    const Command& command = batch_.commands[i];
    const Outcome& outcome = expected_.outcomes[i];
    if (command.header.type != CommandType::fund_insurance) continue;
    if (outcome.code == ok && outcome.replayed == 0) {
      deposited_ += command.fund_insurance.amount.value;
    }
  }
  for (const Event& event : expected_.events) {
    if (event.header.type != EventType::ledger_entry) continue;
    const LedgerEntry& entry = event.ledger_entry;
    const bool is_in = entry.kind == deposit || entry.kind == faucet || entry.kind == transfer_in;
    deposited_ += is_in ? entry.amount.value : -entry.amount.value;
  }
  Wide money = 0;
  for (const Account& account : model_.accounts()) money += account.collateral();
  for (const Perpetual& market : model_.markets()) {
    Wide base = 0;
    for (const auto& [agent, position] : market.positions) {
      base += position.base;
      money -= position.base > 0 ? position.entry : -position.entry;
    }
    if (base != 0) return false;
    money += market.fees + market.fund_now().margin - market.bad_debt + market.escrow();
  }
  return money == deposited_;
}

// Cash and bad debt of every fund: not below zero, and not changed without an event.
bool Session::funds_are_told() {
  for (const Event& event : expected_.events) {
    if (event.header.type == EventType::fund_changed) {
      told_funds_[event.header.market] = event.fund_changed;
    }
  }
  for (const Perpetual& market : model_.markets()) {
    const FundChanged now = market.fund_figures();
    const FundChanged& told = told_funds_[market.id];
    if (std::memcmp(&now, &told, sizeof now) != 0) return false;
    if (now.margin < Micro(0) || now.bad_debt < Micro(0)) return false;
  }
  return true;
}

// Events first: they show a difference where it arose, outcomes where it was asked for.
std::string Session::compare(const BatchInput& batch, const Subject& subject) const {
  const BatchOutput& found = subject.output;
  const std::size_t count = std::max(found.events.size(), expected_.events.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Event* mine = i < expected_.events.size() ? &expected_.events[i] : nullptr;
    const Event* other = i < found.events.size() ? &found.events[i] : nullptr;
    if (mine != nullptr && other != nullptr && std::memcmp(mine, other, sizeof *mine) == 0) {
      continue;
    }
    return report(fmt::format("{}: event {}\n  model  {}\n  engine {}\n{}", subject.name, i,
                              mine ? describe(*mine) : "none", other ? describe(*other) : "none",
                              report_batch(batch, (mine ? mine : other)->header.agent)));
  }
  if (found.first_event != expected_.first_event) return report("first event");
  if (found.outcomes.size() != expected_.outcomes.size()) return report("number of outcomes");
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    if (found.outcomes[i] == expected_.outcomes[i]) continue;
    return report(fmt::format("{}: outcome of command {}: {}\n  model  {}\n  engine {}\n{}",
                              subject.name, i, describe(batch.commands[i]),
                              describe(expected_.outcomes[i]), describe(found.outcomes[i]),
                              report_batch(batch, batch.commands[i].header.agent)));
  }
  return "";
}

std::string Session::check_states() {
  const Engine& first = *subjects_.front().engine;
  const uint64_t hash = first.state_hash();
  const std::vector<std::byte> bytes = saved(first);
  first.check_invariants();
  const std::string described = check_description(first);
  if (!described.empty()) return described;
  for (uint16_t stream = 0; stream < limits::kStreamsMax; ++stream) {
    if (first.stream_position(stream) == model_.stream_position(stream)) continue;
    return report(fmt::format("position of stream {}", stream));
  }
  for (const Subject& subject : subjects_) {
    if (subject.engine->state_hash() != hash) return report(subject.name + ": state hash");
    if (saved(*subject.engine) != bytes) return report(subject.name + ": saved state");
  }
  auto copy = std::make_unique<Engine>();
  MemorySource source(bytes.data(), bytes.size());
  if (!copy->load(source) || source.left() != 0) return report("a saved state does not load");
  if (copy->state_hash() != hash) return report("state hash after load");
  copy->check_invariants();
  subjects_.back().engine = std::move(copy);
  next_check_ = batch_.number + 1 + random_.below(bytes.size() > kBigStateBytes ? 5'000 : 300);
  return "";
}

// What the model knows of an engine's description of itself: status, fund and price of markets,
// accounts, positions.
std::string Session::check_description(const Engine& engine) const {
  Described found;
  engine.describe(found);
  const std::vector<Event> expected = model_.describe();
  const std::size_t count = std::max(found.events.size(), expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    const Event* mine = i < expected.size() ? &expected[i] : nullptr;
    const Event* other = i < found.events.size() ? &found.events[i] : nullptr;
    if (mine != nullptr && other != nullptr && std::memcmp(mine, other, sizeof *mine) == 0) {
      continue;
    }
    return report(fmt::format("description {}\n  model  {}\n  engine {}", i,
                              mine ? model::describe(*mine) : "none",
                              other ? model::describe(*other) : "none"));
  }
  return "";
}

std::string Session::report(const std::string& what) const {
  return fmt::format("seed {} batch {}: {}\n", seed_, batch_.number, what);
}

std::string Session::describe_batch() const { return report(report_batch(batch_, 0)); }

// What the model did to `agent`'s commands of the batch, and all its events.
std::string Session::report_batch(const BatchInput& batch, AgentId agent) const {
  std::string text = fmt::format("log time {}; commands of agent {} and the exchange:\n",
                                 batch.log_time_ms, agent);
  for (std::size_t i = 0; i < batch.commands.size(); ++i) {
    const AgentId acting = batch.commands[i].header.agent;
    if (acting != agent && acting != 0 && batch.commands.size() > 12) continue;
    text += fmt::format("  {:3} {}\n      -> {}\n", i, describe(batch.commands[i]),
                        describe(expected_.outcomes[i]));
  }
  text += "events of the model:\n";
  for (const Event& event : expected_.events) {
    if (expected_.events.size() > 60 && event.header.agent != agent) continue;
    text += "  " + describe(event) + "\n";
  }
  return text;
}

}  // namespace perpetua::model
