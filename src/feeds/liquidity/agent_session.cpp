#include "feeds/liquidity/agent_session.hpp"

#include <utility>

namespace perpetua::feeds {

namespace {

// A value no key hashes to that anyone knows: the exchange needs a hash, the agent needs no key.
Sha256 unusable_key_hash(std::string_view wallet) {
  const Hash128 first = hash128_text(wallet, 0x686f7573652d6b65ull);
  const Hash128 second = hash128_text(wallet, first.low);
  const uint64_t words[4] = {first.high, first.low, second.high, second.low};
  Sha256 hash{};
  static_assert(sizeof words == sizeof hash);
  std::memcpy(hash.data(), words, sizeof words);
  return hash;
}

}  // namespace

AgentSession::AgentSession(AgentProfile profile, uint32_t index)
    : profile_(std::move(profile)), index_(index), view_(profile_.market) {
  PERPETUA_ASSERT(profile_.wallet.size() <= limits::kWalletBytesMax);
  PERPETUA_ASSERT(profile_.display_name.size() <= limits::kDisplayNameBytesMax);
  PERPETUA_ASSERT(profile_.fund.value > 0 && index_ > 0 && index_ <= 0xFFFF);
}

bool AgentSession::is_set_up() const {
  return view_.agent() != 0 && view_.leverage() == profile_.leverage && view_.netting();
}

Command AgentSession::next_step() const {
  if (view_.agent() == 0) {
    Command command(CommandType::register_agent);
    command.register_agent = RegisterAgent{};
    command.register_agent.key_sha256 = unusable_key_hash(profile_.wallet);
    command.register_agent.scopes = kScopeRead;
    command.register_agent.wallet_length = static_cast<uint16_t>(profile_.wallet.size());
    command.register_agent.display_name_length =
        static_cast<uint16_t>(profile_.display_name.size());
    return command;
  }
  if (needs_top_up()) {
    Command command(CommandType::deposit, view_.agent());
    command.money = MoveMoney{};
    command.money.amount = profile_.fund - view_.collateral();
    return command;
  }
  if (view_.leverage() != profile_.leverage) {
    Command command(CommandType::set_leverage, view_.agent(), profile_.market);
    command.set_leverage.leverage = profile_.leverage;
    return command;
  }
  Command command(CommandType::set_netting, view_.agent(), profile_.market);
  command.set_netting.netting = 1;
  return command;
}

bool AgentSession::advance(int64_t now_ms, CommandSink& sink) {
  if (has_failed_) return false;
  if ((!is_set_up() || needs_top_up()) && set_up_token_ == 0 && now_ms >= retry_at_ms_) {
    const Command command = next_step();
    const uint64_t token = static_cast<uint64_t>(index_) << kTokenCounterBits | ++counter_;
    std::string text;
    if (command.header.type == CommandType::register_agent) {
      text = profile_.wallet + profile_.display_name;
    }
    if (sink.send(command, std::move(text), token)) {
      set_up_token_ = token;
      set_up_type_ = command.header.type;
    } else {
      retry_at_ms_ = now_ms + kSetUpRetryMs;
    }
  }
  return is_set_up() && view_.collateral().value > 0;
}

bool AgentSession::on_outcome(uint64_t token, const Outcome& outcome, int64_t now_ms) {
  if (token != set_up_token_) return false;
  set_up_token_ = 0;
  if (outcome.code != ResultCode::ok) {
    retry_at_ms_ = now_ms + kSetUpRetryMs;
    has_failed_ = outcome.code == ResultCode::wallet_taken;
  } else if (set_up_type_ == CommandType::register_agent) {
    view_.set_agent(static_cast<AgentId>(outcome.id));
  }
  return true;
}

uint64_t AgentSession::send(const Command& command, CommandSink& sink) {
  const uint64_t token = static_cast<uint64_t>(index_) << kTokenCounterBits | ++counter_;
  return sink.send(command, {}, token) ? token : 0;
}

}  // namespace perpetua::feeds
