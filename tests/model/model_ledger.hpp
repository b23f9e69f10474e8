// The naive model's ledger: agents, keys and their limits, risk limits, money, messages, markets'
// beginnings; docs/rules.md sections 7 and 8, rules-perpetual.md 22, rules-agents.md 24, 26, 27.
// What goes through markets is in model.hpp. Single-threaded; refusals are thrown.
#pragma once

#include <cctype>
#include <cstring>
#include <optional>
#include <string>
#include "model_perpetual.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {

class LedgerModel {
 protected:
  using Decision = std::optional<Outcome>;  // nothing: it went to a market
  template <class T> static std::string bytes(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value); }
  std::string text(const CommandHeader& header) const {
    return std::string(batch_.text.substr(header.text_offset, header.text_length)); }
  Market& market_of(const CommandHeader& header) {
    refuse_if(header.market >= markets_.size(), market_not_found); return markets_[header.market]; }

  // Keys and their limits: section 22.
  struct Key {
    AgentId agent = 0; Sha256 hash{}; int64_t expires_at_ms = 0;
    bool is_live_at(int64_t now_ms) const { return expires_at_ms == 0 || expires_at_ms > now_ms; }
  };
  struct Limited { KeyLimits limits; int64_t day = -1; Wide start = 0; };
  const KeyLimits* limits_of_sender() const {
    return limited_.contains(sender_) ? &limited_.at(sender_).limits : nullptr; }
  Perpetual& allowed_market_of(const CommandHeader& header) {
    market_of(header); refuse_market(header.market);
    return markets_[header.market]; }
  void refuse_market(MarketId market) const {
    const KeyLimits* limits = limits_of_sender();
    refuse_if(limits != nullptr && limits->markets != 0 && (limits->markets >> market & 1) == 0,
              key_limited, static_cast<int>(KeyLimit::market), market); }
  void refuse_leverage(uint32_t leverage) const {
    const KeyLimits* limits = limits_of_sender();
    const uint32_t most = limits == nullptr ? 0 : limits->leverage_max;
    refuse_if(most != 0 && leverage > most, key_limited, static_cast<int>(KeyLimit::leverage),
              leverage, most); }
  void refuse_beyond_key(Order& order, Wide size) {
    if (limits_of_sender() == nullptr) return;
    Limited& key = limited_.at(sender_);
    const int64_t value_max = key.limits.order_notional_max.value;
    const int64_t loss_max = key.limits.daily_loss_max.value;
    order.position_max = key.limits.position_notional_max.value;
    if (order.reduces()) return;
    refuse_if(key.limits.reduce_only != 0, key_limited, static_cast<int>(KeyLimit::reduce_only));
    refuse_if(value_max > 0 && size > value_max, key_limited,
              static_cast<int>(KeyLimit::order_notional), size, value_max);
    refuse_leverage(order.leverage);
    if (loss_max == 0) return;
    const Account& account = accounts_[order.agent];
    const Wide result = account.collateral() - account.paid_in;
    const int64_t today = batch_.log_time_ms / 86'400'000;
    if (std::exchange(key.day, today) != today) key.start = result;
    refuse_if(key.start - result >= loss_max, key_limited, static_cast<int>(KeyLimit::daily_loss),
              key.start - result, loss_max);
  }
  static void refuse_negative(const KeyLimits& l) {
    refuse_if(std::min({l.order_notional_max.value, l.position_notional_max.value,
                        l.daily_loss_max.value}) < 0, invalid_request); }
  void put_limits(AgentId agent, uint32_t key, const KeyLimits& limits) {
    limited_.erase(key);
    if (limits != KeyLimits{}) limited_[key].limits = limits;
    Event& event = books_.emit(EventType::key_limits_changed, agent);
    event.key_limits_changed.limits = limits;
    event.key_limits_changed.key_id = key; }
  Decision limit_key(AgentId agent, const SetKeyLimits& wanted) {
    refuse_negative(wanted.limits);
    const auto key = keys_.find(wanted.key_id);
    refuse_if(key == keys_.end() || key->second.agent != agent, key_not_found);
    put_limits(agent, wanted.key_id, wanted.limits);
    return done(wanted.key_id);
  }

  // 26: risk limits of an agent.
  struct Risk { RiskLimits limits; int64_t day = -1; Wide start = 0; };
  static void refuse_invalid(const RiskLimits& l) {
    for (const Micro amount : {l.position_max, l.exposure_max, l.daily_loss_max})
      refuse_if(amount.value < 0 || amount.value > limits::kNotionalMaxMicro, invalid_request);
    refuse_if(l.leverage_max > limits::kLeverageMax, invalid_request); }
  void put_risk(AgentId agent, const RiskLimits& limits) {
    risks_[agent].limits = limits;
    if (limits == RiskLimits{}) risks_.erase(agent);
    books_.emit(EventType::risk_limits_changed, agent).risk_limits_changed = {limits, {}}; }
  Decision choose_limits(AgentId agent, const SetRiskLimits& wanted) {
    RiskLimits limits = risks_.contains(agent) ? risks_.at(agent).limits : RiskLimits{};
    if (wanted.fields & 1) limits.position_max = wanted.limits.position_max;
    if (wanted.fields & 2) limits.exposure_max = wanted.limits.exposure_max;
    if (wanted.fields & 4) limits.leverage_max = wanted.limits.leverage_max;
    if (wanted.fields & 8) limits.daily_loss_max = wanted.limits.daily_loss_max;
    refuse_if(wanted.fields == 0 || wanted.fields > 15, invalid_request);
    refuse_invalid(limits); put_risk(agent, limits);
    return done();
  }
  static void refuse_risk_if(bool condition, RiskLimit which, Wide given, Wide allowed) {
    refuse_if(condition, limit_exceeded, static_cast<int>(which), given, allowed); }
  void refuse_risky_leverage(AgentId agent, uint32_t leverage) const {
    const uint32_t most = risks_.contains(agent) ? risks_.at(agent).limits.leverage_max : 0;
    refuse_risk_if(most != 0 && leverage > most, RiskLimit::leverage, leverage, most); }
  void bound_by_agent(Order& order) const {
    const int64_t key = order.position_max;
    const int64_t own =
        risks_.contains(order.agent) ? risks_.at(order.agent).limits.position_max.value : 0;
    order.is_agents_max = own != 0 && (key == 0 || own < key);
    if (order.is_agents_max) order.position_max = own; }

  // The ledger's own commands: sections 7 and 8.
  Decision add_agent(const CommandHeader& header, const RegisterAgent& w) {
    const AgentId agent = static_cast<AgentId>(accounts_.size());
    const uint32_t size =
        w.wallet_length + w.display_name_length + w.bio_length + w.twitter_handle_length;
    const int64_t balance = w.start_balance_micro;
    const std::string wallet = wallet_name(text(header).substr(0, w.wallet_length));
    refuse_if(w.wallet_length < 1 || w.wallet_length > limits::kWalletBytesMax ||
              w.display_name_length > limits::kDisplayNameBytesMax ||
              w.bio_length > limits::kBioBytesMax ||
              w.twitter_handle_length > limits::kTwitterHandleBytesMax ||
              size != header.text_length, invalid_request);
    refuse_if(w.scopes < 1 || w.scopes > kScopesAll, invalid_request);
    refuse_if(wallets_.contains(wallet), wallet_taken);
    refuse_if(key_hashes_.contains(w.key_sha256), key_taken);
    refuse_if(agent > limits::kAgentsMax, agent_limit_reached);
    refuse_if(last_key_ >= limits::kKeysTotalMax, agent_limit_reached);
    refuse_if(balance < 0 || balance > limits::kAmountMaxMicro, invalid_amount);
    refuse_if(deposited_ + balance > limits::kCollateralMaxMicro, deposit_limit);
    accounts_.emplace_back(); wallets_.insert(wallet);
    books_.emit(EventType::agent_registered, agent).agent_registered = {
        {header.text_offset, size}, batch_.log_time_ms, w.wallet_length, w.display_name_length,
        w.bio_length, w.twitter_handle_length, {}};
    give_key(agent, w.key_sha256, w.key_expires_at_ms, w.scopes, {});
    if (w.has_risk_limits != 0 && first_limits_ != RiskLimits{}) put_risk(agent, first_limits_);
    if (balance > 0) move(agent, balance, 0, LedgerEntryKind::deposit);
    return done(agent, last_key_);
  }
  static std::string wallet_name(std::string wallet) {  // one for all spellings of an address
    const bool is_address = wallet.size() == 42 && wallet.starts_with("0x") &&
        wallet.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
    if (is_address) for (char& c : wallet) c = static_cast<char>(std::tolower(c));
    return wallet; }
  void give_key(AgentId agent, const Sha256& hash, int64_t expires_at_ms, uint8_t scopes,
                const TextSpan& name) {
    keys_[++last_key_] = {agent, hash, expires_at_ms};
    key_hashes_.insert(hash); ++accounts_[agent].keys;
    books_.emit(EventType::key_created, agent).key_created = {
        hash, last_key_, scopes, {}, batch_.log_time_ms, expires_at_ms, name, {}}; }
  Decision add_key(const CommandHeader& header, const CreateKey& wanted) {
    const AgentId agent = header.agent;
    const bool is_full = accounts_[agent].keys >= limits::kKeysPerAgentMax;
    refuse_if(wanted.scopes < 1 || wanted.scopes > kScopesAll, invalid_request);
    refuse_negative(wanted.limits);
    refuse_if(header.text_length > limits::kKeyNameBytesMax, invalid_request);
    refuse_if(key_hashes_.contains(wanted.key_sha256), key_taken);
    refuse_if(is_full || last_key_ >= limits::kKeysTotalMax, key_limit_reached);
    give_key(agent, wanted.key_sha256, wanted.expires_at_ms, wanted.scopes,
             {header.text_offset, header.text_length});
    if (wanted.limits != KeyLimits{}) put_limits(agent, last_key_, wanted.limits);
    return done(last_key_);
  }
  Decision remove_key(AgentId agent, uint32_t key) {
    refuse_if(!keys_.contains(key) || keys_[key].agent != agent, key_not_found);
    books_.emit(EventType::key_revoked, agent).key_revoked = {keys_[key].hash, key, {}};
    keys_.erase(key); --accounts_[agent].keys;
    return done(key);
  }
  // `amount` is above zero for what comes in, below for what goes out.
  Outcome move(AgentId agent, int64_t amount, AgentId counterparty, LedgerEntryKind kind,
               uint8_t flags = 0, const Sha256& claim = {}) {
    const Account& account = accounts_[agent];
    accounts_[agent].paid_in += amount;
    deposited_ += amount;  // a transfer's two sides add up to nothing
    books_.credit(agent, amount, 0, 0);
    books_.emit(EventType::ledger_entry, agent).ledger_entry = {
        Micro(std::abs(amount)), Micro(account.free), counterparty, kind,
        static_cast<uint8_t>(flags & kOnChain), {}, 0, Micro(0), claim, {}};
    return done(0, account.free, account.reserved, account.margin);
  }
  Decision pay_in(const CommandHeader& header, const MoveMoney& wanted) {
    constexpr int64_t kDayMs = 86'400'000;
    const int64_t amount = wanted.amount.value;
    const bool is_deposit = header.type == CommandType::deposit;
    const bool has_claim = is_deposit && wanted.claim != Sha256{};
    std::array<uint8_t, 16> half;
    std::copy_n(wanted.claim.begin(), half.size(), half.begin());
    Account& a = accounts_[header.agent];
    refuse_if(amount < 1 || amount > limits::kAmountMaxMicro, invalid_amount);
    refuse_if(has_claim && claims_.contains(half), already_claimed);
    refuse_if(has_claim && claims_.size() >= limits::kDepositClaimsMax, claim_limit_reached);
    refuse_if(deposited_ + amount > limits::kCollateralMaxMicro, deposit_limit);
    if (has_claim) claims_.insert(half);
    if (is_deposit)
      return move(header.agent, amount, 0, LedgerEntryKind::deposit, wanted.flags, wanted.claim);
    const bool opens = a.faucet_used == 0 || batch_.log_time_ms - a.faucet_opened_ms >= kDayMs;
    const int64_t used = opens ? 0 : a.faucet_used;
    const bool is_over = !opens && (wanted.flags & kOncePerWindow) != 0;
    const int64_t left = is_over ? 0 : limits::kFaucetPerDayMicro - used;
    const int64_t wait_ms = opens ? 0 : a.faucet_opened_ms + kDayMs - batch_.log_time_ms;
    refuse_if(amount > left, faucet_limit, amount, left, wait_ms);
    a.faucet_used = used + amount;
    if (opens) a.faucet_opened_ms = batch_.log_time_ms;
    const std::size_t entry = books_.events.size();
    const Outcome outcome = move(header.agent, amount, 0, LedgerEntryKind::faucet);
    books_.events[entry].ledger_entry.faucet_window_start_ms = a.faucet_opened_ms;
    books_.events[entry].ledger_entry.faucet_claimed = Micro(a.faucet_used);
    return outcome;
  }
  Wide withdrawable(const Account& a) const {
    const Wide spare = a.collateral() - ceil_div(a.in_use() * kPpm, cap_);
    return std::min<Wide>(a.free, std::max<Wide>(0, spare)); }
  Decision pay_out(const CommandHeader& header, const MoveMoney& wanted) {
    const AgentId agent = header.agent, to = wanted.to_agent;
    const int64_t amount = wanted.amount.value;
    const bool is_transfer = header.type == CommandType::transfer;
    Account& a = accounts_[agent];
    const Wide available = withdrawable(a);
    const bool is_on_chain = !is_transfer && (wanted.flags & kOnChain) != 0;
    constexpr int64_t kMost = limits::kOnChainWithdrawalMaxMicro;
    const int64_t wait_ms =
        a.on_chain_ms + limits::kOnChainWithdrawalCooldownMs - batch_.log_time_ms;
    refuse_if(is_transfer && (to == 0 || to >= accounts_.size()), agent_not_found);
    refuse_if(is_transfer && to == agent, invalid_request);
    refuse_if(amount < 1 || amount > limits::kAmountMaxMicro, invalid_amount);
    refuse_if(is_on_chain && amount > kMost, invalid_amount, amount, kMost);
    refuse_if(is_on_chain && a.on_chain_ms != 0 && wait_ms > 0, withdrawal_cooldown, wait_ms);
    refuse_if(amount > available, insufficient_balance, amount, available);
    if (is_on_chain) a.on_chain_ms = batch_.log_time_ms;
    if (!is_transfer)
      return move(agent, -amount, 0, LedgerEntryKind::withdrawal, wanted.flags);
    const Outcome outcome =
        move(agent, -amount, to, LedgerEntryKind::transfer_out, wanted.flags);
    move(to, amount, agent, LedgerEntryKind::transfer_in, wanted.flags);
    return outcome;
  }
  Decision choose_leverage(const CommandHeader& header, uint16_t leverage) {
    Market& market = allowed_market_of(header);
    const uint32_t most = market.spec.tiers[0].max_leverage;
    refuse_if(leverage < 1 || leverage > most, leverage_too_high, leverage, most);
    refuse_risky_leverage(header.agent, leverage); refuse_leverage(leverage);
    market.leverages[header.agent] = leverage;
    return market.emit_settings(header.agent);
  }
  Decision post(const CommandHeader& header, const PostThought& wanted) {
    const uint32_t more = wanted.metadata_length, offset = header.text_offset;
    const AgentId from = header.agent, to = wanted.to_agent;
    refuse_if(more > limits::kMetadataBytesMax || more >= header.text_length, invalid_request);
    const TextSpan text{offset, header.text_length - more}, metadata{offset + text.length, more};
    refuse_if(text.length > limits::kThoughtBytesMax, invalid_request);
    refuse_if(static_cast<int>(wanted.kind) > 5, invalid_request);
    if (header.market != kNoMarket) market_of(header);
    refuse_if(to != 0 && to >= accounts_.size(), agent_not_found);
    refuse_if(to == from, invalid_request);
    ++last_thought_;
    if (to == 0)
      books_.emit(EventType::thought_posted, from, header.market).thought_posted = {
          last_thought_, text, metadata, wanted.kind, {}};
    else
      for (const AgentId end : {from, to})
        books_.emit(EventType::private_message, end, header.market).private_message = {
            last_thought_, text, metadata, from, to, wanted.kind, {}};
    return done(last_thought_);
  }
  Decision add_market(const CommandHeader& header) {
    Perpetual market;
    market.books = &books_; market.id = static_cast<MarketId>(markets_.size());
    refuse_if(header.text_length != sizeof market.spec, invalid_request);
    std::memcpy(&market.spec, text(header).data(), sizeof market.spec);
    refuse_if(!is_valid(market.spec) || market.id >= limits::kMarketsMax, invalid_request);
    const std::string_view symbol = symbol_view(market.spec);
    for (const Market& each : markets_) refuse_if(symbol_view(each.spec) == symbol, market_exists);
    markets_.push_back(market);
    Event& event = books_.emit(EventType::market_created, 0, market.id);
    event.market_created = {{header.text_offset, header.text_length}, {}};
    return done(market.id);
  }
  Decision set_up(const Configure& wanted) {
    const uint32_t cap_ppm = wanted.margin_use_max_ppm;
    const bool is_first = !is_configured_ && accounts_.size() == 1 && markets_.empty();
    refuse_if(!is_first || cap_ppm == 0 || cap_ppm > kPpm, invalid_request);
    refuse_invalid(wanted.risk_limits);
    is_configured_ = true; cap_ = cap_ppm; first_limits_ = wanted.risk_limits;
    return done();
  }

  Books books_;
  std::vector<Account>& accounts_ = books_.accounts; std::vector<Perpetual> markets_;
  std::set<std::string> wallets_;
  std::map<uint32_t, Key> keys_;  // not revoked
  std::map<uint32_t, Limited> limited_; uint32_t sender_ = 0;  // key of the command in hand
  std::set<Sha256> key_hashes_;                          // of all keys
  std::set<std::array<uint8_t, 16>> claims_;             // of all deposits ever: a claim's half
  std::map<AgentId, Risk> risks_; RiskLimits first_limits_;
  Wide cap_ = 800'000; bool is_configured_ = false;  // of the collateral in use, ppm
  int64_t deposited_ = 0;  // less what was withdrawn
  uint64_t last_thought_ = 0; uint32_t last_key_ = 0;
  BatchInput batch_;
};

}  // namespace perpetua::model
// clang-format on
