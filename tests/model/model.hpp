// The naive model of the engine: the same batches in, the same outcomes and events out.
//
// Written from docs/rules.md alone (sections 2, 3, 7, 8; markets: model_market.hpp) to be compared
// with the engine byte for byte. Single-threaded; every table is ordered; a refusal is thrown.
#pragma once

#include <cstring>
#include <deque>
#include <numeric>
#include <string>

#include "model_market.hpp"

namespace perpetua::model {

struct Account {
  int64_t free = 0;
  int64_t reserved = 0;
  int64_t margin = 0;
  uint64_t private_events = 0;
  uint32_t live_keys = 0;
  int64_t faucet_opened_ms = 0;
  int64_t faucet_used = 0;
  Wide in_use() const { return Wide{reserved} + margin; }
  Wide collateral() const { return free + in_use(); }
};

class Model {
 public:
  void apply(const BatchInput& input, BatchOutput& out) {
    batch_ = input;
    output_ = &out;
    out.first_event = next_sequence_;
    out.outcomes.assign(input.commands.size(), Outcome{});
    out.events.clear();
    next_round_.resize(input.commands.size());
    std::iota(next_round_.begin(), next_round_.end(), 0);
    rounds_ = 0;
    do run_round();
    while (!next_round_.empty());
    for (Event& event : out.events) {
      event.header.sequence = next_sequence_++;
      if (!is_private(event.header.type)) continue;
      event.header.agent_sequence = ++accounts_[event.header.agent].private_events;
    }
  }

  // Both identities of docs/money.md; `full` counts every account and position again.
  bool identities_hold(bool full) const {
    Wide total = collateral_, base = 0;
    for (const Market& market : markets_) {
      total += market.fees - market.long_minus_short;
      if (market.base_sum != 0) return false;
    }
    if (total != deposited_ || !full) return total == deposited_;
    total = 0;
    for (const Account& account : accounts_) total += account.collateral();
    for (const Market& market : markets_) {
      total += market.fees;
      for (const auto& [agent, position] : market.positions) {
        total -= position.signed_entry();
        base += position.base;
      }
      if (base != 0) return false;
    }
    return total == deposited_;
  }

  const std::vector<Market>& markets() const { return markets_; }
  const std::vector<Account>& accounts() const { return accounts_; }  // [0] is the exchange
  uint32_t rounds() const { return rounds_; }                         // of the last batch

 private:
  using Decision = std::optional<Outcome>;  // nothing: it went to a market
  struct Later {};  // thrown: the command waits for the next round
  struct Remembered {
    std::string payload;
    Outcome outcome;
    bool is_pending = false;
  };

  // ---- Rounds, section 2

  void run_round() {
    const std::vector<uint32_t> round = std::exchange(next_round_, {});
    waiting_agents_.clear();
    agents_in_markets_.clear();
    touched_.clear();
    pending_.clear();
    amended_orders_.clear();
    operations_.clear();
    for (const uint32_t index : round) reserve(index);
    for (Market& market : markets_) run_market(market);
    for (const auto& [name, index] : pending_) {
      table_.at(name).outcome = output_->outcomes[index];
      table_.at(name).is_pending = false;
    }
    index_ = kNoCommand;
    for (const AgentId agent : touched_) {
      const Account& account = accounts_[agent];
      emit(EventType::account_changed, agent).account_changed = {
          Micro(account.free), Micro(account.reserved), Micro(account.margin), {}};
    }
    ++rounds_;
  }

  void run_market(Market& market) {
    if (rounds_ == 0) market.expire(batch_.log_time_ms);
    for (const Operation& operation : operations_[market.id]) {
      const Outcome result = market.run(operation, batch_.log_time_ms);
      const CommandType type = operation.command->header.type;
      Outcome& outcome = output_->outcomes[operation.index];
      const uint32_t count = outcome.count + result.count;
      if (type != CommandType::cancel_order || result.code == ResultCode::ok) outcome = result;
      outcome.count = count;
    }
    output_->events.insert(output_->events.end(), market.events.begin(), market.events.end());
    for (const Credit& each : market.credits) credit(each);
    market.events.clear();
    market.credits.clear();
  }

  void reserve(uint32_t index) {
    const Command& command = batch_.commands[index];
    const CommandHeader& header = command.header;
    Outcome& outcome = output_->outcomes[index];
    const auto defer = [&] {
      next_round_.push_back(index);
      if (header.agent != 0) waiting_agents_.insert(header.agent);
    };
    outcome = rejected(ResultCode::agent_not_found);
    if (header.agent >= accounts_.size()) return;
    if (waiting_agents_.contains(header.agent)) return defer();
    const std::string payload =
        bytes(header.type) + bytes(header.market) + bytes(command.bytes) + text(header);
    const std::vector<std::string> names = names_of(command);
    for (const std::string& name : names) {
      const auto found = table_.find(name);
      if (found == table_.end()) continue;
      if (found->second.is_pending) return defer();
      outcome = rejected(ResultCode::idempotency_conflict);
      if (found->second.payload != payload) return;
      outcome = found->second.outcome;
      outcome.replayed = 1;
      return;
    }
    outcome = rejected(ResultCode::request_expired);
    if (header.valid_until_ms != 0 && batch_.log_time_ms > header.valid_until_ms) return;
    outcome = Outcome{};
    index_ = index;
    Decision decision;
    try {
      decision = decide(command);
    } catch (const Later&) {
      return defer();
    }
    if (decision && agents_in_markets_.contains(header.agent) &&
        (decision->code == ResultCode::insufficient_margin ||
         decision->code == ResultCode::insufficient_balance ||
         (header.type == CommandType::amend_order &&
          decision->code == ResultCode::order_not_found))) {
      return defer();
    }
    if (decision) outcome = *decision;
    if (!decision) agents_in_markets_.insert(header.agent);
    for (const std::string& name : names) {
      table_[name] = {payload, outcome, !decision};
      table_order_.push_back(name);
      if (!decision) pending_.push_back({name, index});
      if (table_order_.size() <= limits::kIdempotencyEntriesMax) continue;
      table_.erase(table_order_.front());
      table_order_.pop_front();
    }
  }

  template <class T>
  static std::string bytes(const T& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  }
  std::string text(const CommandHeader& header) const {
    return std::string(batch_.text.substr(header.text_offset, header.text_length));
  }
  static std::vector<std::string> names_of(const Command& command) {
    const CommandHeader& header = command.header;
    std::vector<std::string> names;
    if (!header.key.is_zero()) names.push_back(bytes(header.agent) + bytes(header.key));
    if (header.type == CommandType::place_order && command.place.client_id != ClientId{}) {
      names.push_back(bytes(header.agent) + bytes(command.place.client_id));
    }
    return names;
  }

  Event& emit(EventType type, AgentId agent, MarketId market = kNoMarket) {
    return output_->events.emplace_back(type, agent, market, index_);
  }

  void credit(const Credit& credit) {
    if (credit.free == 0 && credit.reserved == 0 && credit.margin == 0) return;
    Account& account = accounts_[credit.agent];
    account.free += credit.free;
    account.reserved += credit.reserved;
    account.margin += credit.margin;
    collateral_ += credit.free + credit.reserved + credit.margin;
    if (std::find(touched_.begin(), touched_.end(), credit.agent) == touched_.end()) {
      touched_.push_back(credit.agent);
    }
  }

  // ---- Orders, sections 3 and 6

  Decision decide(const Command& command) {
    const CommandHeader& header = command.header;
    const CommandType type = header.type;
    const bool is_of_exchange =
        type == CommandType::register_agent || type == CommandType::update_price ||
        type == CommandType::create_market || type == CommandType::configure;
    try {
      refuse_if(is_of_exchange != (header.agent == 0), ResultCode::invalid_request);
      switch (type) {
        case CommandType::register_agent: return register_agent(header, command.register_agent);
        case CommandType::create_key: return create_key(header.agent, command.create_key);
        case CommandType::revoke_key: return revoke_key(header.agent, command.revoke_key.key_id);
        case CommandType::deposit:
        case CommandType::claim_faucet: return deposit(header, command.money.amount.value);
        case CommandType::withdraw:
        case CommandType::transfer: return withdraw(header, command.money);
        case CommandType::place_order: return place(command, command.place);
        case CommandType::amend_order: return amend(command, command.amend);
        case CommandType::cancel_order: return cancel(command, command.cancel);
        case CommandType::cancel_all: return queue_everywhere(command);
        case CommandType::set_leverage: return set_leverage(header, command.set_leverage.leverage);
        case CommandType::post_thought: return post_thought(header);
        case CommandType::create_market: return create_market(header);
        case CommandType::configure: return configure(command.configure);
        case CommandType::update_price:
        case CommandType::set_netting: return queue(market_of(header), command);
        default: return rejected(ResultCode::invalid_request);
      }
    } catch (const Refusal& refusal) {
      return refusal.outcome;
    }
  }

  Market& market_of(const CommandHeader& header) {
    refuse_if(header.market >= markets_.size(), ResultCode::market_not_found);
    return markets_[header.market];
  }

  Decision queue(const Market& market, const Command& command, const Order& order = {}) {
    operations_[market.id].push_back({&command, index_, order});
    return std::nullopt;
  }
  Decision queue_everywhere(const Command& command) {
    if (command.header.market != kNoMarket) return queue(market_of(command.header), command);
    for (const Market& each : markets_) queue(each, command);
    return std::nullopt;
  }
  Decision hold(const Market& market, const Command& command, Order& order, Wide need) {
    const Account& account = accounts_[order.agent];
    const Wide allowed = floor_div(account.collateral() * margin_use_max_ppm_, kPpm);
    const Wide available =
        std::min<Wide>(account.free, std::max<Wide>(0, allowed - account.in_use()));
    refuse_if(need > available, ResultCode::insufficient_margin, need, available);
    order.held = narrow(need);
    credit({order.agent, -order.held, order.held, 0});
    return queue(market, command, order);
  }

  Decision place(const Command& command, const PlaceOrder& wanted) {
    Market& market = market_of(command.header);
    refuse_if(market.mark == 0, ResultCode::price_unavailable);
    Order order;
    order.agent = command.header.agent;
    order.price = wanted.price;
    order.leverage =
        wanted.leverage != 0 ? wanted.leverage : market.settings_of(order.agent).leverage;
    order.side = wanted.side;
    order.kind = wanted.kind;
    order.time_in_force = wanted.time_in_force;
    order.post_only = wanted.post_only;
    order.stp = wanted.stp;
    order.flags = wanted.flags;
    order.text_length = command.header.text_length;
    order.client_id = wanted.client_id;
    const bool closes = (wanted.flags & kClosePosition) != 0;
    const bool is_market = order.kind == OrderKind::market;
    refuse_if(order.post_only != PostOnly::none && !order.may_rest(), ResultCode::invalid_request);
    const bool expires = order.time_in_force == TimeInForce::gtd && !is_market;
    if (expires) order.expires_at_ms = wanted.expires_at_ms;
    refuse_if(expires && order.expires_at_ms <= batch_.log_time_ms, ResultCode::invalid_expiry);
    if (!closes) {
      const int64_t lots = wanted.lots.value, budget = wanted.budget.value;
      refuse_if((lots <= 0 || budget != 0) && (lots != 0 || budget <= 0),
                ResultCode::invalid_quantity);
      order.lots = wanted.lots;
      order.budget = wanted.budget;
      order.budget_left = budget;
    }
    if (is_market) set_bound(market, wanted.slippage_ppm, order);
    if (!is_market) refuse_outside_band(market, order.price.value);
    order.reserve_price = market.reserve_price(order.side, order.price.value);
    if (!closes) refuse_size(market, order);
    const uint32_t highest = market.spec.tiers[0].max_leverage;
    refuse_if(order.leverage > highest, ResultCode::leverage_too_high, order.leverage, highest);
    if (order.reduces()) return queue(market, command, order);
    const Wide size = order.has_budget() ? Wide{order.budget.value}
                                         : market.notional(order.reserve_price, order.rest());
    return hold(market, command, order, market.required(size, order.leverage));
  }

  void refuse_outside_band(const Market& market, int64_t price) {
    const auto [low, high] = market.band();
    refuse_if(price < low || price > high, ResultCode::price_out_of_band, price, low, high);
  }

  void set_bound(const Market& market, uint32_t given, Order& order) {
    const MarketSpec& spec = market.spec;
    const Wide slippage = given == 0 ? spec.slippage_default_ppm : given;
    refuse_if(order.price.value != 0, ResultCode::invalid_request);
    refuse_if(slippage > spec.slippage_max_ppm, ResultCode::invalid_slippage, slippage,
              spec.slippage_max_ppm);
    const Wide bound = order.side == Side::buy ? floor_div(market.mark * (kPpm + slippage), kPpm)
                                               : ceil_div(market.mark * (kPpm - slippage), kPpm);
    order.price = std::clamp(Price(narrow(bound)), spec.price_min, spec.price_max);
  }

  void refuse_size(const Market& market, const Order& order) {
    const bool has_budget = order.has_budget();
    const Wide budget = order.budget.value, largest = limits::kNotionalMaxMicro;
    const Wide size = has_budget ? budget : market.notional(order.reserve_price, order.rest());
    refuse_if(size > largest || order.lots.value > lots_max(market.spec).value, ResultCode::size_too_large,
              size, largest);
    const Wide lot = market.notional(order.reserve_price, 1);
    refuse_if(has_budget && budget < lot, ResultCode::size_too_small, budget, lot);
    const Wide value = has_budget ? budget : market.notional(order.price.value, order.rest());
    const Wide least = market.spec.notional_min.value;
    refuse_if(!order.reduces() && value < least, ResultCode::size_too_small, value, least);
  }

  Decision cancel(const Command& command, const CancelOrder& wanted) {
    const MarketId market = order_market(wanted.order_id);
    refuse_if(wanted.order_id == 0 && wanted.client_id == ClientId{}, ResultCode::invalid_request);
    refuse_if(wanted.order_id != 0 && market >= markets_.size(), ResultCode::order_not_found);
    const Decision sent = wanted.order_id != 0 ? queue(markets_[market], command)
                                               : queue_everywhere(command);
    output_->outcomes[index_] = rejected(ResultCode::order_not_found);  // until a market has it
    return sent;
  }

  Decision amend(const Command& command, const AmendOrder& wanted) {
    const CommandHeader& header = command.header;
    const bool asks_one = wanted.order_id == 0 && header.market != kNoMarket;
    const Price price = wanted.price;
    Order* found = nullptr;
    refuse_if(wanted.order_id == 0 && wanted.client_id == ClientId{}, ResultCode::invalid_request);
    refuse_if(wanted.lots.value < 0 || price.value < 0 ||
                  (wanted.lots.value == 0 && price.value == 0),
              ResultCode::invalid_quantity);
    if (asks_one) found = market_of(header).find(header.agent, 0, wanted.client_id);
    for (Market& each : markets_) {
      if (found != nullptr || asks_one) break;
      found = each.find(header.agent, wanted.order_id, wanted.client_id);
    }
    refuse_if(found == nullptr, ResultCode::order_not_found);
    if (amended_orders_.contains(found->order_id)) throw Later{};
    const Market& market = markets_[order_market(found->order_id)];
    if (price.value > 0) refuse_outside_band(market, price.value);
    Order order = *found;
    order.held = 0;
    if (wanted.lots.value > 0) order.lots = wanted.lots;
    if (price.value > 0) order.price = price;
    refuse_if(order.rest() <= 0, ResultCode::invalid_quantity, order.lots.value, order.filled);
    order.reserve_price = market.reserve_price(order.side, order.price.value);
    const Wide size = market.notional(order.reserve_price, order.rest());
    refuse_if(size > limits::kNotionalMaxMicro || order.lots.value > lots_max(market.spec).value,
              ResultCode::size_too_large, size, limits::kNotionalMaxMicro);
    const bool shrinks = order.price == found->price && order.lots <= found->lots;
    const bool holds = !shrinks && !order.reduces();
    const auto required = [&](int64_t lots, int64_t at) {
      return market.required(market.notional(at, lots), order.leverage);
    };
    Wide need = -4;
    for (const int64_t gone : {found->filled, std::min(order.lots, found->lots).value - 1}) {
      need = std::max(need, required(order.lots.value - gone, order.reserve_price) -
                                required(found->lots.value - gone, found->price.value));
    }
    const Decision sent = holds ? hold(market, command, order, need + 4)
                                : queue(market, command, order);
    amended_orders_.insert(order.order_id);
    return sent;
  }

  // ---- The ledger's own commands, sections 7 and 8

  Decision register_agent(const CommandHeader& header, const RegisterAgent& wanted) {
    const uint32_t size = wanted.wallet_length + wanted.display_name_length + wanted.bio_length;
    const int64_t balance = wanted.start_balance_micro;
    refuse_if(wanted.wallet_length < 1 || wanted.wallet_length > limits::kWalletBytesMax ||
                  wanted.display_name_length > limits::kDisplayNameBytesMax ||
                  wanted.bio_length > limits::kBioBytesMax || size != header.text_length ||
                  wanted.scopes < 1 || wanted.scopes > kScopesAll,
              ResultCode::invalid_request);
    const std::string wallet = text(header).substr(0, wanted.wallet_length);
    refuse_if(wallets_.contains(wallet), ResultCode::wallet_taken);
    refuse_if(key_hashes_.contains(wanted.key_sha256), ResultCode::key_taken);
    refuse_if(accounts_.size() > limits::kAgentsMax || last_key_ >= limits::kKeysTotalMax,
              ResultCode::agent_limit_reached);
    refuse_if(balance < 0 || balance > limits::kAmountMaxMicro, ResultCode::invalid_amount);
    refuse_if(deposited_ + balance > limits::kCollateralMaxMicro, ResultCode::deposit_limit);
    const AgentId agent = static_cast<AgentId>(accounts_.size());
    accounts_.emplace_back();
    wallets_.insert(wallet);
    emit(EventType::agent_registered, agent).agent_registered = {
        {header.text_offset, size}, batch_.log_time_ms, wanted.wallet_length,
        wanted.display_name_length, wanted.bio_length, {}};
    add_key(agent, wanted.key_sha256, wanted.key_expires_at_ms, wanted.scopes);
    if (balance > 0) move(agent, balance, 0, LedgerEntryKind::deposit);
    return done(agent, last_key_);
  }

  void add_key(AgentId agent, const Sha256& hash, int64_t expires_at_ms, uint8_t scopes) {
    keys_[++last_key_] = {agent, hash};
    key_hashes_.insert(hash);
    ++accounts_[agent].live_keys;
    emit(EventType::key_created, agent).key_created = {
        hash, last_key_, scopes, {}, batch_.log_time_ms, expires_at_ms, {}};
  }
  Decision create_key(AgentId agent, const CreateKey& wanted) {
    refuse_if(wanted.scopes < 1 || wanted.scopes > kScopesAll, ResultCode::invalid_request);
    refuse_if(key_hashes_.contains(wanted.key_sha256), ResultCode::key_taken);
    refuse_if(accounts_[agent].live_keys >= limits::kKeysPerAgentMax ||
                  last_key_ >= limits::kKeysTotalMax,
              ResultCode::key_limit_reached);
    add_key(agent, wanted.key_sha256, wanted.expires_at_ms, wanted.scopes);
    return done(last_key_);
  }
  Decision revoke_key(AgentId agent, uint32_t key) {
    refuse_if(!keys_.contains(key) || keys_[key].first != agent, ResultCode::key_not_found);
    emit(EventType::key_revoked, agent).key_revoked = {keys_[key].second, key, {}};
    keys_.erase(key);
    --accounts_[agent].live_keys;
    return done(key);
  }

  // `amount` is above zero for what comes in, below for what goes out.
  void move(AgentId agent, int64_t amount, AgentId counterparty, LedgerEntryKind kind) {
    deposited_ += amount;  // a transfer's two sides add up to nothing
    credit({agent, amount, 0, 0});
    emit(EventType::ledger_entry, agent).ledger_entry = {
        Micro(std::abs(amount)), Micro(accounts_[agent].free), counterparty, kind, {}};
  }
  Outcome balances(AgentId agent) const {
    return done(0, accounts_[agent].free, accounts_[agent].reserved, accounts_[agent].margin);
  }

  Decision deposit(const CommandHeader& header, int64_t amount) {
    constexpr int64_t kDayMs = 86'400'000;
    const bool is_faucet = header.type == CommandType::claim_faucet;
    Account& account = accounts_[header.agent];
    refuse_if(amount < 1 || amount > limits::kAmountMaxMicro, ResultCode::invalid_amount);
    refuse_if(deposited_ + amount > limits::kCollateralMaxMicro, ResultCode::deposit_limit);
    if (is_faucet) {
      const bool opens = account.faucet_used == 0 ||
                         batch_.log_time_ms - account.faucet_opened_ms >= kDayMs;
      const int64_t used = opens ? 0 : account.faucet_used;
      const int64_t left = limits::kFaucetPerDayMicro - used;
      refuse_if(amount > left, ResultCode::faucet_limit, amount, left);
      account.faucet_used = used + amount;
      if (opens) account.faucet_opened_ms = batch_.log_time_ms;
    }
    move(header.agent, amount, 0, is_faucet ? LedgerEntryKind::faucet : LedgerEntryKind::deposit);
    return balances(header.agent);
  }

  Decision withdraw(const CommandHeader& header, const MoveMoney& wanted) {
    const bool is_transfer = header.type == CommandType::transfer;
    const AgentId agent = header.agent, to_agent = wanted.to_agent;
    const int64_t amount = wanted.amount.value;
    refuse_if(is_transfer && (to_agent == 0 || to_agent >= accounts_.size()),
              ResultCode::agent_not_found);
    refuse_if(is_transfer && to_agent == agent, ResultCode::invalid_request);
    refuse_if(amount < 1 || amount > limits::kAmountMaxMicro, ResultCode::invalid_amount);
    const Account& account = accounts_[agent];
    const Wide tied = ceil_div(account.in_use() * kPpm, margin_use_max_ppm_);
    const Wide available =
        std::min<Wide>(account.free, std::max<Wide>(0, account.collateral() - tied));
    refuse_if(amount > available, ResultCode::insufficient_balance, amount, available);
    if (is_transfer) {
      move(agent, -amount, to_agent, LedgerEntryKind::transfer_out);
      move(to_agent, amount, agent, LedgerEntryKind::transfer_in);
    } else {
      move(agent, -amount, 0, LedgerEntryKind::withdrawal);
    }
    return balances(agent);
  }

  Decision set_leverage(const CommandHeader& header, uint16_t leverage) {
    Market& market = market_of(header);
    const uint32_t highest = market.spec.tiers[0].max_leverage;
    refuse_if(leverage < 1 || leverage > highest, ResultCode::leverage_too_high, leverage, highest);
    market.settings_of(header.agent).leverage = leverage;
    output_->events.push_back(market.settings_event(header.agent, index_));
    return done();
  }

  Decision post_thought(const CommandHeader& header) {
    const uint32_t size = header.text_length;
    refuse_if(size < 1 || size > limits::kThoughtBytesMax, ResultCode::invalid_request);
    if (header.market != kNoMarket) market_of(header);
    emit(EventType::thought_posted, header.agent, header.market).thought_posted = {
        ++last_thought_, {header.text_offset, size}, {}};
    return done(last_thought_);
  }

  Decision create_market(const CommandHeader& header) {
    MarketSpec spec;
    refuse_if(header.text_length != sizeof spec, ResultCode::invalid_request);
    std::memcpy(&spec, text(header).data(), sizeof spec);
    refuse_if(!is_valid(spec), ResultCode::invalid_request);
    refuse_if(markets_.size() >= limits::kMarketsMax, ResultCode::invalid_request);
    for (const Market& market : markets_) {
      refuse_if(symbol_view(market.spec) == symbol_view(spec), ResultCode::market_exists);
    }
    const MarketId id = static_cast<MarketId>(markets_.size());
    markets_.emplace_back();
    markets_.back().id = id;
    markets_.back().spec = spec;
    emit(EventType::market_created, 0, id).market_created = {
        {header.text_offset, header.text_length}, {}};
    return done(id);
  }

  Decision configure(const Configure& wanted) {
    const bool is_sound = wanted.margin_use_max_ppm > 0 && wanted.margin_use_max_ppm <= kPpm;
    refuse_if(is_configured_ || !is_sound || accounts_.size() > 1 || !markets_.empty(),
              ResultCode::invalid_request);
    is_configured_ = true;
    margin_use_max_ppm_ = wanted.margin_use_max_ppm;
    return done();
  }

  std::vector<Account> accounts_ = std::vector<Account>(1);
  std::vector<Market> markets_;
  std::set<std::string> wallets_;
  std::map<uint32_t, std::pair<AgentId, Sha256>> keys_;  // live ones
  std::set<Sha256> key_hashes_;
  std::map<std::string, Remembered> table_;
  std::deque<std::string> table_order_;
  Wide margin_use_max_ppm_ = 800'000;
  bool is_configured_ = false;
  uint32_t last_key_ = 0;
  uint64_t last_thought_ = 0;
  uint64_t next_sequence_ = 1;
  int64_t deposited_ = 0;   // less what was withdrawn
  Wide collateral_ = 0;  // of all accounts

  BatchInput batch_;
  BatchOutput* output_ = nullptr;
  uint32_t rounds_ = 0;
  uint32_t index_ = 0;  // of the command being decided
  std::vector<uint32_t> next_round_;
  std::set<AgentId> waiting_agents_;
  std::set<AgentId> agents_in_markets_;
  std::set<OrderId> amended_orders_;
  std::vector<AgentId> touched_;
  std::vector<std::pair<std::string, uint32_t>> pending_;
  std::map<MarketId, std::vector<Operation>> operations_;
};

}  // namespace perpetua::model
