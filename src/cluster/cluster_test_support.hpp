// Helpers of the tests of the command path: thoughts as commands that can be told apart, a stand-in
// for the engine, and what a gateway hears.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cluster/command_intake.hpp"
#include "cluster/entry_format.hpp"
#include "cluster/remote_port.hpp"
#include "cluster/streams.hpp"
#include "stores/redis/client_test_support.hpp"

namespace perpetua::cluster {

// A command whose text says which it is; a key makes it repeatable.
inline runtime::Submission make_thought(AgentId agent, MarketId market, const std::string& text,
                                        bool has_key = true) {
  runtime::Submission submission;
  submission.command = Command(CommandType::post_thought, agent, market);
  if (has_key) submission.command.header.key = hash128_text(text, agent);
  submission.text = text;
  return submission;
}

// "3:17": the 17th thought of agent 3.
inline std::string thought_text(AgentId agent, uint64_t number) {
  std::string text = std::to_string(agent);
  text += ':';
  return text += std::to_string(number);
}

// True if no text is there twice and each agent's come in the order of their numbers.
inline bool are_in_order(const std::vector<std::string>& texts) {
  std::map<std::string, uint64_t> newest;
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    const uint64_t number = std::stoull(text.substr(colon + 1));
    const auto [found, is_first] = newest.try_emplace(text.substr(0, colon), number);
    if (!is_first && number <= found->second) return false;
    found->second = number;
  }
  return true;
}

// What one gateway hears: by follower and by on_ended.
class Replies {
 public:
  void attach(RemotePort* port) {
    const std::lock_guard lock(mutex_);
    port_ = port;
  }
  // As a follower calls its listeners.
  void hear(const BatchInput& batch, std::span<const Outcome> outcomes = {}) {
    const std::lock_guard lock(mutex_);
    if (port_ == nullptr) return;
    std::vector<runtime::ReplyTarget> targets(batch.commands.size());
    port_->fill_targets(batch, targets);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i].channel == 0) continue;
      ++answers_[targets[i].token];
      if (!outcomes.empty() && outcomes[i].code != ResultCode::ok) ++refusals_;
    }
  }
  RemotePort::OnEnded on_ended() {
    return [this](std::span<const Ended> ended) {
      const std::lock_guard lock(mutex_);
      for (const Ended& end : ended) endings_[end.target.token].push_back(end.ending);
    };
  }

  std::map<uint64_t, int> answers() const { return locked(answers_); }
  std::map<uint64_t, std::vector<Ending>> endings() const { return locked(endings_); }
  std::size_t refusals() const { return locked(refusals_); }
  bool are_answered_once(uint64_t count) const {
    const std::lock_guard lock(mutex_);
    return answers_.size() == count &&
           std::ranges::all_of(answers_, [](const auto& answer) { return answer.second == 1; });
  }

 private:
  template <class T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  RemotePort* port_ = nullptr;
  std::map<uint64_t, int> answers_;  // by token
  std::map<uint64_t, std::vector<Ending>> endings_;
  std::size_t refusals_ = 0;
};

// Keeps what the intake submits, and lets the gateway hear it at once.
class FakeEngine final : public runtime::CommandPort {
 public:
  using Group = std::vector<runtime::Submission>;

  explicit FakeEngine(Replies* replies = nullptr) : replies_(replies) {}

  runtime::SubmitResult submit(std::span<runtime::Submission> submissions) override {
    const std::lock_guard lock(mutex_);
    if (room_ == 0) return runtime::SubmitResult::overloaded;
    --room_;
    groups_.emplace_back(submissions.begin(), submissions.end());
    std::vector<Command> commands;
    std::string text;
    for (const runtime::Submission& submission : submissions) {
      Command& command = commands.emplace_back(submission.command);
      command.header.text_offset = static_cast<uint32_t>(text.size());
      command.header.text_length = static_cast<uint16_t>(submission.text.size());
      text += submission.text;
    }
    if (replies_ != nullptr) replies_->hear({groups_.size(), 0, commands, text});
    return runtime::SubmitResult::accepted;
  }
  void set_room(std::size_t groups) {
    const std::lock_guard lock(mutex_);
    room_ = groups;
  }
  std::vector<Group> groups() const {
    const std::lock_guard lock(mutex_);
    return groups_;
  }
  // Of all commands but markers, in order.
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Group& group : groups()) {
      for (std::size_t i = 1; i < group.size(); ++i) texts.push_back(group[i].text);
    }
    return texts;
  }

 private:
  Replies* const replies_;
  mutable std::mutex mutex_;
  std::size_t room_ = SIZE_MAX;
  std::vector<Group> groups_;
};

inline std::string market_symbol(MarketId market) {
  const char* const symbols[] = {"BTC-PERP", "ETH-PERP", "SOL-PERP"};
  return market < std::size(symbols) ? symbols[market] : "";
}

inline IntakeStart three_markets() {
  IntakeStart start;
  for (MarketId market = 0; market < 3; ++market) start.symbols.push_back(market_symbol(market));
  return start;
}

inline RemotePortOptions port_options(uint64_t gateway = 0xA1) {
  RemotePortOptions options;
  options.gateway = gateway;
  options.command_timeout_ms = 60'000;  // the machine may be slow
  options.append_timeout_ms = 2'000;
  options.symbol = market_symbol;
  return options;
}

// One thought under the next token of `channel` 1.
inline runtime::SubmitResult submit_thought(RemotePort& port, uint64_t token, AgentId agent,
                                            MarketId market, const std::string& text,
                                            bool has_key = true) {
  std::vector<runtime::Submission> request = {make_thought(agent, market, text, has_key)};
  request[0].target = {1, 0, token};
  return port.submit(request);
}

}  // namespace perpetua::cluster
