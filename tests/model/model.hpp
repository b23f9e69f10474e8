// The naive model of the engine: the same batches in, the same outcomes and events out.
//
// Written from docs/rules.md, docs/rules-perpetual.md and docs/rules-agents.md alone (here sections
// 2, 3, 6, 18 to 27; model_ledger.hpp, model_market.hpp, model_perpetual.hpp, ...) to be
// compared with the engine byte for byte. Single-threaded; every table is ordered; refusals are
// thrown.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include "model_ledger.hpp"

// clang-format off: one rule, one line.
namespace perpetua::model {

class Model : private LedgerModel {
 public:
  void apply(const BatchInput& input, BatchOutput& out) {
    batch_ = input; outcomes_.assign(input.commands.size(), {});
    next_round_.resize(input.commands.size());
    std::iota(next_round_.begin(), next_round_.end(), 0);
    for (rounds_ = 0; rounds_ == 0 || !next_round_.empty(); ++rounds_) run_round();
    out = {next_sequence_, outcomes_, std::exchange(books_.events, {})};
    for (Event& event : out.events) {
      const AgentId agent = event.header.agent;
      event.header.sequence = next_sequence_++;
      if (is_private(event.header.type)) event.header.agent_sequence = ++accounts_[agent].events;
    }
  }
  const std::vector<Perpetual>& markets() const { return markets_; }
  const std::vector<Account>& accounts() const { return accounts_; }
  // The part of Engine::describe that needs no names: markets, accounts, positions.
  std::vector<Event> describe() const {
    Books told;
    for (Perpetual market : markets_) {
      market.books = &told;
      market.emit_status();
      market.emit(EventType::fund_changed, 0).fund_changed = market.fund_figures();
      if (market.premium_count > 0) market.emit_premium();
      if (market.index != 0) market.emit_price();
    }
    for (AgentId agent = 1; agent < accounts_.size(); ++agent) {
      const Account& a = accounts_[agent];
      Event& event = told.emit(EventType::account_changed, agent);
      event.account_changed = {Micro(a.free), Micro(a.reserved), Micro(a.margin), {}};
      event.header.agent_sequence = a.events;
      told.emit(EventType::account_described, agent).account_described = {
          Micro(a.paid_in), a.faucet_opened_ms, Micro(a.faucet_used), a.on_chain_ms, {}};
      if (!risks_.contains(agent)) continue;
      const Risk& risk = risks_.at(agent);
      told.emit(EventType::risk_limits_changed, agent).risk_limits_changed = {risk.limits, {}};
      if (risk.day >= 0)
        told.emit(EventType::risk_day_started, agent).risk_day_started = {
            risk.day, Micro(narrow(risk.start)), {}};
    }
    for (const Perpetual& market : markets_)
      for (const auto& [agent, p] : market.positions)
        if (agent != 0 && (p.base != 0 || p.realised != 0))
          told.emit(EventType::position_described, agent, market.id).position_described = {
              Lots(p.base), Micro(p.entry), Micro(p.margin), Micro(p.realised), {}};
    for (Perpetual market : markets_) {
      market.books = &told;
      std::map<std::pair<AgentId, uint64_t>, Trigger> by_agent;
      for (const auto& [age, t] : market.triggers) by_agent[{t.agent, age}] = t;
      for (const auto& [key, t] : by_agent) market.emit_trigger(t);
      for (const auto& [agent, armed] : std::map{market.switches})
        market.set_switch(agent, armed.first, armed.second);
    }
    for (Perpetual market : markets_) { market.books = &told; market.describe_signals(); }
    return told.events;
  }
  const std::map<std::string_view, uint64_t>& reached() const { return books_.reached; }
  StreamPosition stream_position(uint16_t stream) const {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? StreamPosition{} : found->second; }
  uint32_t rounds() const { return rounds_; }                         // of the last batch

 private:
  using Work = std::function<Outcome(Perpetual&)>;
  struct Later {};  // thrown: the command waits for the next round
  struct Operation { uint32_t command; Order order; Work work; };
  struct Remembered { std::string payload; Outcome outcome; bool is_pending; };
  struct Round {
    std::set<AgentId> waiting_agents, agents_in_markets;
    std::set<OrderId> amended_orders;
    std::map<AgentId, Wide> exposure;  // that their orders added
    std::vector<std::pair<std::string, uint32_t>> pending;
    std::map<MarketId, std::vector<Operation>> operations;
  };

  // Rounds: section 2.
  void run_round() {
    round_ = {}; books_.touched.clear();
    for (const uint32_t index : std::exchange(next_round_, {})) {
      const Command& command = batch_.commands[index];
      try {
        reserve(books_.command = index, command, command.header);
      } catch (const Later&) {
        next_round_.push_back(index);
        if (command.header.agent != 0) round_.waiting_agents.insert(command.header.agent);
      }
    }
    for (Perpetual& market : markets_) run_market(market);
    for (const auto& [name, index] : round_.pending)
      table_.at(name) = {table_.at(name).payload, outcomes_[index], false};
    books_.command = kNoCommand;
    for (const AgentId agent : books_.touched) {
      const Account& a = accounts_[agent];
      books_.emit(EventType::account_changed, agent).account_changed = {
          Micro(a.free), Micro(a.reserved), Micro(a.margin), {}};
    }
  }
  void run_market(Perpetual& market) {
    books_.command = kNoCommand; market.now_ms = batch_.log_time_ms;
    if (rounds_ == 0) {
      market.watch_age(); market.expire(batch_.log_time_ms);
      market.act_on_switches(batch_.log_time_ms);
      market.end_overdue(batch_.log_time_ms); }
    for (const auto& [index, order, work] : round_.operations[market.id]) {
      Outcome result, &outcome = outcomes_[books_.command = index];
      try {
        result = work(market);
      } catch (const Refusal& refusal) {
        result = refusal.outcome;
        books_.release(order.agent, order.held);
      }
      result.count += outcome.count;
      if (outcome.id == 0 || result.code == ok) outcome = result;  // several may look for an order
    }
    books_.command = kNoCommand;
    if (rounds_ == 0) market.apply_change();
  }
  void reserve(uint32_t index, const Command& command, const CommandHeader& header) {
    Outcome& outcome = outcomes_[index] = rejected(agent_not_found);
    if (header.agent >= accounts_.size()) return;
    if (round_.waiting_agents.contains(header.agent)) throw Later{};
    const auto sender = keys_.find(header.key_id);
    outcome = rejected(key_expired);
    if (header.key_id != 0 && header.agent != 0 &&
        (sender == keys_.end() || sender->second.agent != header.agent ||
         !sender->second.is_live_at(batch_.log_time_ms))) return;
    const std::string agent = bytes(header.agent);
    const std::string payload =
        bytes(header.type) + bytes(header.market) + bytes(command.bytes) + text(header);
    std::vector<std::string> names;
    if (!header.key.is_zero()) names.push_back(agent + bytes(header.key));
    if (header.type == CommandType::place_order && command.place.client_id != ClientId{})
      names.push_back(agent + bytes(command.place.client_id));
    for (const std::string& name : names) {
      if (!table_.contains(name)) continue;
      const Remembered& first = table_.at(name);
      if (first.is_pending) throw Later{};
      outcome = first.payload == payload ? first.outcome : rejected(idempotency_conflict);
      outcome.replayed = first.payload == payload;
      return;
    }
    outcome = rejected(request_expired);
    if (header.valid_until_ms != 0 && batch_.log_time_ms > header.valid_until_ms) return;
    outcome = {};
    const Decision decision = decide(command, header);
    const ResultCode code = decision ? decision->code : ok;
    const bool is_exposure = code == limit_exceeded &&
        decision->values[0] == static_cast<int>(RiskLimit::exposure);
    const bool may_change = code == insufficient_margin || code == insufficient_balance ||
        is_exposure ||
        (header.type == CommandType::amend_order && code == order_not_found);
    if (may_change && round_.agents_in_markets.contains(header.agent)) throw Later{};
    if (decision) outcome = *decision;
    if (!decision) round_.agents_in_markets.insert(header.agent);
    for (const std::string& name : names) {
      table_[name] = {payload, outcome, !decision};
      if (!decision) round_.pending.push_back({name, index});
      table_order_.push_back(name);
      if (table_order_.size() <= limits::kIdempotencyEntriesMax) continue;
      table_.erase(table_order_.front()); table_order_.pop_front();
    }
  }

  Decision queue(const Market& market, const Work& work, const Order& order = {}) {
    round_.operations[market.id].push_back({books_.command, order, work}); return std::nullopt; }
  Decision queue_everywhere(const CommandHeader& header, const Work& work) {
    if (header.market != kNoMarket) return queue(market_of(header), work);
    return queue_in_all(work); }
  Decision queue_in_all(const Work& work) {
    for (const Market& each : markets_) queue(each, work);
    return std::nullopt; }

  Decision decide(const Command& command, const CommandHeader& header) try {
    using enum CommandType;
    const AgentId agent = header.agent;
    const bool is_of_exchange = header.type == register_agent || header.type == change_market ||
        header.type == consume_stream ||
        (header.type >= update_price && header.type <= fund_insurance &&
         header.type != adjust_margin);
    refuse_if(is_of_exchange != (agent == 0), invalid_request);
    sender_ = agent == 0 ? 0 : header.key_id;
    const bool leads_out = header.type == create_key || header.type == set_key_limits ||
                           header.type == withdraw || header.type == transfer ||
                           header.type == create_signal || header.type == fade_signal ||
                           header.type == set_risk_limits;
    refuse_if(leads_out && limits_of_sender() != nullptr, key_limited,
              static_cast<int>(KeyLimit::command));
    switch (header.type) {
      case register_agent: return add_agent(header, command.register_agent);
      case create_key: return add_key(header, command.create_key);
      case revoke_key: return remove_key(agent, command.revoke_key.key_id);
      case deposit: case claim_faucet: return pay_in(header, command.money);
      case withdraw: case transfer: return pay_out(header, command.money);
      case place_order: return place(header, command.place);
      case amend_order: return amend(header, command.amend);
      case cancel_order: return cancel(header, command.cancel);
      case set_leverage: return choose_leverage(header, command.set_leverage.leverage);
      case post_thought: return post(header, command.thought);
      case create_market: return add_market(header);
      case configure: return set_up(command.configure);
      case consume_stream: return consume(command.consume);
      case CommandType::cancel_all:
        return queue_everywhere(header, [=, &command](Perpetual& m) {
          return m.cancel_scope(agent, command.cancel_all.scope, CloseReason::cancel_all); });
      case place_trigger: return add_trigger(header, command.trigger);
      case cancel_all_after: return arm_switch(header, command.cancel_all_after);
      case CommandType::set_key_limits: return limit_key(agent, command.set_key_limits);
      case CommandType::create_signal: return bet(header, command.create_signal);
      case CommandType::fade_signal: return bet_against(header, command.fade_signal.signal_id);
      case CommandType::set_risk_limits: return choose_limits(agent, command.set_risk_limits);
      case change_market: return schedule(header, command.change_market.effective_at_ms);
      case set_netting:
        return queue(allowed_market_of(header), [=, &command](Perpetual& m) {
          return m.set_netting(agent, command.set_netting.netting != 0); });
      case update_price:
        return queue(market_of(header), [&command](Perpetual& m) {
          return m.update_price(command.update_price); });
      case adjust_margin: return adjust(header, command.adjust_margin.amount.value);
      case fund_insurance: return insure(header, command.fund_insurance.amount.value);
      case tick: return queue_in_all([](Perpetual& m) { return m.tick(); });
      case set_market_mode:
        return queue(market_of(header), [&command](Perpetual& m) {
          return m.set_mode(command.set_market_mode.mode); });
      default: return rejected(invalid_request);
    }
  } catch (const Refusal& refusal) { return refusal.outcome; }

  // Section 8.
  Decision consume(const ConsumeStream& taken) {
    refuse_if(taken.stream >= limits::kStreamsMax, invalid_request);
    StreamPosition& position = streams_[taken.stream];
    refuse_if(taken.last <= position, invalid_request);
    position = taken.last;
    return Outcome{};
  }
  // Orders: sections 3 and 6.
  Decision place(const CommandHeader& header, const PlaceOrder& p) {
    Market& market = allowed_market_of(header);
    const MarketSpec& spec = market.spec;
    const bool is_market = p.kind == OrderKind::market, closes = (p.flags & kClosePosition) != 0;
    const bool expires = p.time_in_force == TimeInForce::gtd && !is_market;
    const int64_t lots = closes ? 0 : p.lots.value, budget = closes ? 0 : p.budget.value;
    const uint16_t most = static_cast<uint16_t>(spec.tiers[0].max_leverage);
    const uint16_t leverage = p.leverage != 0 ? p.leverage : market.leverage_of(header.agent);
    Order order{{0, p.price, Lots(lots), Micro(budget), Lots(0), expires ? p.expires_at_ms : 0,
                 leverage, p.side, p.kind, p.time_in_force, p.post_only, p.stp, p.flags,
                 header.text_length, p.client_id}};
    order.agent = header.agent; order.budget_left = budget;
    order.stop_loss = p.stop_loss; order.take_profit = p.take_profit;
    refuse_if(market.mark == 0, price_unavailable);
    refuse_if(p.post_only != PostOnly::none && !order.may_rest(), invalid_request);
    refuse_if(expires && p.expires_at_ms <= batch_.log_time_ms, invalid_expiry);
    const bool is_sized = lots == 0 ? budget > 0 : lots > 0 && budget == 0;
    refuse_if(!closes && !is_sized, invalid_quantity);
    if (is_market) order.price = bound(market, p);
    if (!is_market) market.refuse_outside_band(p.price.value);
    const int64_t price = order.price.value;
    order.reserve_price = market.reserve_price(p.side, price);
    const Wide size = budget > 0 ? Wide{budget} : market.notional(order.reserve_price, lots);
    if (!closes) {
      const Wide lot = market.notional(order.reserve_price, 1), least = spec.notional_min.value;
      const Wide value = budget > 0 ? Wide{budget} : market.notional(price, lots);
      refuse_large(market, size, lots);
      refuse_if(budget > 0 && budget < lot, size_too_small, budget, lot);
      refuse_if(!order.reduces() && value < least, size_too_small, value, least);
    }
    refuse_if(leverage > most, leverage_too_high, leverage, most);
    refuse_bracket(market, order);
    refuse_beyond_key(order, size); bound_by_agent(order); refuse_risk(order, size);
    if (!order.reduces()) hold(order, market.required(size, leverage));
    if (!order.reduces()) note_exposure(order.agent, size);
    return queue(market, [order](Perpetual& m) { return m.place(order); }, order);
  }
  static Price bound(const Market& market, const PlaceOrder& p) {
    const Wide most = market.spec.slippage_max_ppm;
    const Wide slippage = p.slippage_ppm == 0 ? market.spec.slippage_default_ppm : p.slippage_ppm;
    refuse_if(p.price.value != 0, invalid_request);
    refuse_if(slippage > most, invalid_slippage, slippage, most);
    const Wide bound = p.side == Side::buy ? floor_div(market.mark * (kPpm + slippage), kPpm)
                                           : ceil_div(market.mark * (kPpm - slippage), kPpm);
    return std::clamp(Price(narrow(bound)), market.spec.price_min, market.spec.price_max);
  }
  static void refuse_large(const Market& market, Wide size, int64_t lots) {
    refuse_if(size > limits::kNotionalMaxMicro || lots > lots_max(market.spec).value,
              size_too_large, size, limits::kNotionalMaxMicro); }
  void hold(Order& order, Wide need) {
    const Account& account = accounts_[order.agent];
    const Wide unused = floor_div(account.collateral() * cap_, kPpm) - account.in_use();
    const Wide available = std::min<Wide>(account.free, std::max<Wide>(0, unused));
    refuse_if(need > available, insufficient_margin, need, available);
    order.held = narrow(need); books_.release(order.agent, -order.held);
  }
  // Sections 20 to 23.
  Decision add_trigger(const CommandHeader& header, const PlaceTrigger& p) {
    Market& market = allowed_market_of(header);
    const MarketSpec& spec = market.spec;
    const bool is_protective = (p.flags & kReduceOnly) != 0;
    const bool has_stop = p.stop.value > 0;
    refuse_if(market.mark == 0, price_unavailable);
    refuse_malformed(p, spec);
    Order order;
    order.agent = header.agent; order.side = p.side; order.lots = p.lots;
    refuse_if(is_protective && p.lots > lots_max(spec), size_too_large, 0,
              limits::kNotionalMaxMicro);
    if (!is_protective) {
      const Price at = has_stop ? p.stop : p.take_profit;
      const Price limit = has_stop ? p.stop_limit : p.take_profit_limit;
      Market then = market;
      then.mark = at.value;
      PlaceOrder bounded;
      bounded.side = p.side; bounded.slippage_ppm = p.slippage_ppm;
      order.price = limit.value > 0 ? limit : bound(then, bounded);
      then.mark = std::max(at.value, market.mark);
      const uint16_t most = static_cast<uint16_t>(spec.tiers[0].max_leverage);
      order.leverage = p.leverage != 0 ? p.leverage : market.leverage_of(header.agent);
      order.reserve_price = then.reserve_price(p.side, order.price.value);
      const Wide size = market.notional(order.reserve_price, p.lots.value);
      const Wide value = market.notional(order.price.value, p.lots.value);
      const Wide least = spec.notional_min.value;
      refuse_large(market, size, p.lots.value);
      refuse_if(value < least, size_too_small, value, least);
      refuse_if(order.leverage > most, leverage_too_high, order.leverage, most);
      refuse_beyond_key(order, size); bound_by_agent(order); refuse_risk(order, size);
      hold(order, market.required(size, order.leverage));
      note_exposure(order.agent, size);
    }
    return queue(market, [order, &p](Perpetual& m) { return m.place_trigger(p, order); }, order);
  }
  Decision arm_switch(const CommandHeader& header, const CancelAllAfter& wanted) {
    const int64_t timeout_ms = wanted.timeout_ms;
    constexpr int64_t kLeast = limits::kSwitchTimeoutMinMs, kMost = limits::kSwitchTimeoutMaxMs;
    if (header.market != kNoMarket) market_of(header);
    refuse_if(timeout_ms != 0 && (timeout_ms < kLeast || timeout_ms > kMost), invalid_timeout,
              timeout_ms, kLeast, kMost);
    const int64_t deadline_ms = timeout_ms == 0 ? 0 : batch_.log_time_ms + timeout_ms;
    return queue_everywhere(header, [=, agent = header.agent, &wanted](Perpetual& m) {
      return m.cancel_all_after(agent, deadline_ms, wanted.scope); });
  }

  // 25: signals and bets.
  void hold_stake(Order& order, int64_t stake) {
    const Wide available = withdrawable(accounts_[order.agent]);
    refuse_if(stake > available, insufficient_balance, stake, available);
    order.held = stake; books_.release(order.agent, -stake); }
  Decision bet(const CommandHeader& header, const CreateSignal& wanted) {
    Order order;
    order.agent = header.agent;
    const Market& market = market_of(header);
    constexpr int64_t kShortest = limits::kSignalDurationMinMs;
    constexpr int64_t kLongest = limits::kSignalDurationMaxMs;
    constexpr int64_t least = limits::kSignalStakeMinMicro, most = limits::kSignalStakeMaxMicro;
    const int64_t stake = wanted.stake.value, lasts_ms = wanted.duration_ms;
    refuse_if(market.mark == 0, price_unavailable);
    refuse_if(static_cast<int>(wanted.kind) > 2, invalid_request);
    refuse_if(lasts_ms < kShortest || lasts_ms > kLongest, invalid_expiry, lasts_ms, kShortest,
              kLongest);
    refuse_if(stake < least || stake > most, invalid_amount, stake, least, most);
    const bool is_move = wanted.kind == SignalKind::price_change;
    const int64_t low = is_move ? 1 : market.spec.price_min.value;
    const int64_t high = is_move ? limits::kSignalChangeMaxPpm : market.spec.price_max.value;
    const int64_t target = wanted.target;
    refuse_if(target < low || target > high, invalid_target, target, low, high);
    hold_stake(order, stake);
    return queue(market, [agent = header.agent, &wanted](Perpetual& m) {
      return m.bet(agent, wanted); }, order);
  }
  Decision bet_against(const CommandHeader& header, SignalId id) {
    Order order;
    order.agent = header.agent;
    const uint64_t number = id / 256;
    refuse_if(id % 256 >= markets_.size(), signal_not_found);
    const Perpetual& market = markets_[id % 256];
    refuse_if(number == 0 || number > market.bets.signals, signal_not_found);
    refuse_if(!market.signals.contains(number), signal_expired);
    const Signal& signal = market.signals.at(number);
    refuse_if(signal.creator == header.agent, own_signal);
    refuse_if(signal.is_bet(), already_matched);
    hold_stake(order, signal.stake());
    return queue(market, [agent = header.agent, number](Perpetual& m) {
      return m.bet_against(agent, number); }, order);
  }

  void note_exposure(AgentId agent, Wide added) {
    const auto risk = risks_.find(agent);
    if (risk == risks_.end() || risk->second.limits == RiskLimits{}) return;
    round_.exposure[agent] += added;
  }

  void refuse_risk(const Order& order, Wide added) {
    if (order.reduces() || !risks_.contains(order.agent)) return;
    Risk& risk = risks_.at(order.agent);
    const int64_t loss_max = risk.limits.daily_loss_max.value;
    const int64_t most = risk.limits.exposure_max.value;
    refuse_risky_leverage(order.agent, order.leverage);
    const Account& account = accounts_[order.agent];
    const Wide result = account.collateral() - account.paid_in;
    const int64_t today = batch_.log_time_ms / 86'400'000;
    if (loss_max > 0 && risk.day != today) {
      risk.day = today; risk.start = result;
      books_.emit(EventType::risk_day_started, order.agent).risk_day_started = {
          today, Micro(narrow(result)), {}}; }
    refuse_risk_if(loss_max > 0 && risk.start - result >= loss_max, RiskLimit::daily_loss,
                   risk.start - result, loss_max);
    Wide exposure = round_.exposure[order.agent] + added;
    for (Perpetual& market : markets_) exposure += market.exposure(order.agent);
    refuse_risk_if(most > 0 && exposure > most, RiskLimit::exposure, exposure, most);
  }

  Decision schedule(const CommandHeader& header, int64_t effective_at_ms) {
    Market& market = market_of(header);
    MarketSpec spec;
    refuse_if(header.text_length != sizeof spec, invalid_request);
    std::memcpy(&spec, text(header).data(), sizeof spec);
    refuse_if(!is_valid(spec), invalid_request);
    refuse_if(effective_at_ms < batch_.log_time_ms + limits::kMarketChangeDelayMinMs,
              invalid_expiry);
    const TextSpan span{header.text_offset, header.text_length};
    return queue(market, [=](Perpetual& m) { return m.schedule(spec, span, effective_at_ms); });
  }

  Decision cancel(const CommandHeader& header, const CancelOrder& c) {
    const MarketId market = order_market(c.order_id);
    const AgentId agent = header.agent;
    const Work work = [agent, &c](Perpetual& m) {
      return is_trigger(c.order_id) ? m.cancel_trigger(agent, c.order_id)
                                    : m.cancel(agent, c.order_id, c.client_id); };
    refuse_if(c.order_id == 0 && c.client_id == ClientId{}, invalid_request);
    refuse_if(c.order_id == 0 ? markets_.empty() && header.market == kNoMarket
                              : market >= markets_.size(), order_not_found);
    return c.order_id == 0 ? queue_everywhere(header, work) : queue(markets_[market], work);
  }
  Decision amend(const CommandHeader& header, const AmendOrder& wanted) {
    const int64_t price = wanted.price.value, lots = wanted.lots.value;
    const bool asks_all = wanted.order_id != 0 || header.market == kNoMarket;
    refuse_if(wanted.order_id == 0 && wanted.client_id == ClientId{}, invalid_request);
    refuse_if(lots < 0 || price < 0 || (lots == 0 && price == 0), invalid_quantity);
    if (!asks_all) market_of(header);
    const Order* found = nullptr;
    for (Market& each : markets_)
      if (found == nullptr && (asks_all || each.id == header.market))
        found = each.find(header.agent, wanted.order_id, wanted.client_id);
    refuse_if(found == nullptr, order_not_found);
    if (round_.amended_orders.contains(found->order_id)) throw Later{};
    const Market& market = markets_[order_market(found->order_id)];
    Order order = *found;
    order.held = order.position_max = 0; order.is_agents_max = false;
    if (price > 0) { market.refuse_outside_band(price); order.price = wanted.price; }
    if (lots > 0) order.lots = wanted.lots;
    refuse_if(order.rest() <= 0, invalid_quantity, order.lots.value, order.filled);
    order.reserve_price = market.reserve_price(order.side, order.price.value);
    const Wide size = market.notional(order.reserve_price, order.rest());
    refuse_large(market, size, order.lots.value);
    refuse_market(market.id); refuse_beyond_key(order, size);
    const bool grows = order.price != found->price || order.lots > found->lots;
    const Wide added = size - market.notional(market.mark, found->rest());
    bound_by_agent(order);
    if (grows) refuse_risk(order, added);
    if (!order.reduces() && grows) {
      Wide need = 0;
      for (const int64_t gone : {found->filled, std::min(order.lots, found->lots).value - 1}) {
        const int64_t before = found->lots.value - gone, after = order.lots.value - gone;
        const Wide held = market.reservation(*found, before, found->price.value);
        need = std::max(need, market.reservation(order, after, order.reserve_price) - held + 4);
      }
      hold(order, need);
      note_exposure(order.agent, added);
    }
    round_.amended_orders.insert(order.order_id);
    return queue(market, [order](Perpetual& m) { return m.amend(order); }, order);
  }

  // Sections 18 and 19.
  Decision adjust(const CommandHeader& header, int64_t amount) {
    Order order;
    order.agent = header.agent;
    constexpr int64_t kMost = limits::kAmountMaxMicro;
    refuse_if(amount == 0 || amount > kMost || amount < -kMost, invalid_amount);
    Market& market = allowed_market_of(header);
    if (amount > 0) hold(order, amount);
    return queue(market, [order, amount](Perpetual& m) {
      return m.adjust_margin(order.agent, amount); }, order);
  }
  Decision insure(const CommandHeader& header, int64_t amount) {
    Market& market = market_of(header);
    refuse_if(amount < 1 || amount > limits::kAmountMaxMicro, invalid_amount);
    refuse_if(deposited_ + amount > limits::kCollateralMaxMicro, deposit_limit);
    deposited_ += amount;
    return queue(market, [amount](Perpetual& m) { return m.insure(amount); });
  }

  std::map<std::string, Remembered> table_; std::deque<std::string> table_order_;
  std::map<uint16_t, StreamPosition> streams_;
  uint64_t next_sequence_ = 1; uint32_t rounds_ = 0;
  std::vector<Outcome> outcomes_; std::vector<uint32_t> next_round_;
  Round round_;
};

}  // namespace perpetua::model
// clang-format on
