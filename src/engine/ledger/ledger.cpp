#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

bool only_the_exchange_may(CommandType type) {
  return type == CommandType::register_agent || type == CommandType::update_price ||
         type == CommandType::create_market || type == CommandType::configure ||
         type == CommandType::tick || type == CommandType::set_market_mode ||
         type == CommandType::fund_insurance || type == CommandType::change_market ||
         type == CommandType::consume_stream;
}

uint64_t payload_hash_of(const Command& command, std::string_view text) {
  const uint64_t head = static_cast<uint64_t>(command.header.type) << 8 | command.header.market;
  const uint64_t hash = hash_bytes(command.bytes, sizeof command.bytes, head);
  const CommandHeader& header = command.header;
  if (header.text_length == 0) return hash;
  return hash_bytes(text.data() + header.text_offset, header.text_length, hash);
}

}  // namespace

void Ledger::begin_batch(std::size_t command_count) { pending_.assign(command_count, Pending{}); }

void Ledger::finish(uint32_t index, const Outcome& outcome) {
  const Pending& pending = pending_[index];
  if (pending.key_place != IdempotencyTable::kNone) {
    idempotency_.complete(pending.key_place, outcome);
  }
  if (pending.client_place != IdempotencyTable::kNone) {
    idempotency_.complete(pending.client_place, outcome);
  }
}

Decision Ledger::defer(AgentId agent) {
  if (agent != 0) accounts_.set_flag(agent, kDeferred);
  Decision decision;
  decision.disposition = Disposition::deferred;
  return decision;
}

Decision Ledger::refuse_or_defer(AgentId agent, const Outcome& refusal) {
  if (accounts_.has_flag(agent, kWentToMarket)) return defer(agent);
  Decision decision;
  decision.outcome = refusal;
  return decision;
}

// True if the key is known: `decision` is then what a repeat gets.
bool Ledger::answer_repeat(const Hash128& key, uint64_t payload_hash, AgentId agent,
                           Decision& decision) {
  const IdempotencyEntry* entry = idempotency_.find(key);
  if (entry == nullptr) return false;
  if (entry->pending != 0) {
    decision = defer(agent);
  } else if (entry->payload_hash == payload_hash) {
    decision.outcome = entry->outcome;
    decision.outcome.replayed = 1;
  } else {
    decision.outcome = rejected(ResultCode::idempotency_conflict);
  }
  return true;
}

Decision Ledger::decide(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  Decision decision;
  if (header.agent != 0) {
    if (!accounts_.exists(header.agent)) {
      decision.outcome = rejected(ResultCode::agent_not_found);
      return decision;
    }
    if (accounts_.has_flag(header.agent, kDeferred)) return defer(header.agent);
    if (header.key_id != 0) {
      const ApiKey* sender = registry_.live_key(header.agent, header.key_id);
      if (sender == nullptr || !sender->is_live_at(context.log_time_ms)) {
        decision.outcome = rejected(ResultCode::key_expired);
        return decision;
      }
    }
  }
  const bool has_key = !header.key.is_zero();
  const bool has_client_id =
      header.type == CommandType::place_order && command.place.client_id[0] != 0;
  const bool is_expired = header.valid_until_ms != 0 && context.log_time_ms > header.valid_until_ms;
  if (!has_key && !has_client_id && !is_expired) return decide_by_type(command, index, context);
  Hash128 key, client_key;
  const uint64_t payload_hash = payload_hash_of(command, context.text);
  if (has_key) {
    key = idempotency_key(header.key, header.agent, KeySpace::idempotency_key, seed());
    if (answer_repeat(key, payload_hash, header.agent, decision)) return decision;
  }
  if (has_client_id) {
    const Hash128 sent = hash128_text(client_id_view(command.place.client_id), seed());
    client_key = idempotency_key(sent, header.agent, KeySpace::client_id, seed());
    if (answer_repeat(client_key, payload_hash, header.agent, decision)) return decision;
  }
  if (is_expired) {
    decision.outcome = rejected(ResultCode::request_expired);
    return decision;
  }
  decision = decide_by_type(command, index, context);
  if (decision.disposition == Disposition::deferred) return decision;
  if (has_key) pending_[index].key_place = idempotency_.insert_pending(key, payload_hash);
  if (has_client_id) {
    pending_[index].client_place = idempotency_.insert_pending(client_key, payload_hash);
  }
  return decision;
}

Decision Ledger::decide_by_type(const Command& command, uint32_t index, const Context& context) {
  const CommandType type = command.header.type;
  Decision refusal;
  refusal.outcome = rejected(ResultCode::invalid_request);
  if ((command.header.agent == 0) != only_the_exchange_may(type)) return refusal;
  if (key_may_not(command.header)) {
    refusal.outcome = rejected(ResultCode::key_limited, static_cast<int64_t>(KeyLimit::command));
    return refusal;
  }
  switch (type) {
    case CommandType::register_agent: return register_agent(command, index, context);
    case CommandType::create_key: return create_key(command, index, context);
    case CommandType::revoke_key: return revoke_key(command, index, context);
    case CommandType::deposit: return deposit(command, index, context);
    case CommandType::withdraw: return withdraw(command, index, context);
    case CommandType::transfer: return transfer(command, index, context);
    case CommandType::claim_faucet: return claim_faucet(command, index, context);
    case CommandType::place_order: return place(command, index, context);
    case CommandType::amend_order: return amend(command, index, context);
    case CommandType::cancel_order: return cancel(command, index, context);
    case CommandType::cancel_all: return cancel_all(command, index, context);
    case CommandType::set_leverage: return set_leverage(command, index, context);
    case CommandType::set_netting: return forward(command, index, context);
    case CommandType::update_price: return forward(command, index, context);
    case CommandType::tick: return tick(index);
    case CommandType::set_market_mode: return forward(command, index, context);
    case CommandType::fund_insurance: return fund_insurance(command, index, context);
    case CommandType::adjust_margin: return adjust_margin(command, index, context);
    case CommandType::post_thought: return post_thought(command, index, context);
    case CommandType::create_market: return create_market(command, context);
    case CommandType::configure: return configure(command, context);
    case CommandType::place_trigger: return place_trigger(command, index, context);
    case CommandType::cancel_all_after: return cancel_all_after(command, index, context);
    case CommandType::set_key_limits: return set_key_limits(command, index, context);
    case CommandType::change_market: return change_market(command, index, context);
    case CommandType::create_signal: return create_signal(command, index, context);
    case CommandType::fade_signal: return fade_signal(command, index, context);
    case CommandType::set_risk_limits: return set_risk_limits(command, index, context);
    case CommandType::consume_stream: return consume_stream(command.consume);
    case CommandType::none:
      break;
  }
  return refusal;
}

Decision Ledger::consume_stream(const ConsumeStream& consumed) {
  Decision decision;
  if (consumed.stream >= streams_.size() || consumed.last <= streams_[consumed.stream]) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  streams_[consumed.stream] = consumed.last;
  return decision;
}

void Ledger::save(ByteSink& sink) const {
  accounts_.save(sink);
  registry_.save(sink);
  idempotency_.save(sink);
  key_limits_.save(sink);
  risk_.save(sink);
  write_value(sink, risk_defaults_);
  claims_.save(sink);
  write_value(sink, static_cast<uint64_t>(leverage_.size()));
  for (const std::vector<uint16_t>& settings : leverage_) write_vector(sink, settings);
  write_value(sink, thought_count_);
  write_value(sink, is_configured_);
  for (const StreamPosition& position : streams_) write_value(sink, position);
}

bool Ledger::load(ByteSource& source) {
  if (!accounts_.load(source) || !registry_.load(source) || !idempotency_.load(source) ||
      !key_limits_.load(source) || !risk_.load(source) || !read_value(source, risk_defaults_) ||
      !claims_.load(source)) {
    return false;
  }
  if (registry_.agent_count() != accounts_.agent_count()) return false;
  uint64_t markets = 0;
  if (!read_value(source, markets) || markets > limits::kMarketsMax) return false;
  leverage_.resize(markets);
  for (std::vector<uint16_t>& settings : leverage_) {
    if (!read_vector(source, settings, uint64_t{limits::kAgentsMax} * 2)) return false;
  }
  if (!read_value(source, thought_count_) || !read_value(source, is_configured_)) return false;
  for (StreamPosition& position : streams_) {
    if (!read_value(source, position)) return false;
  }
  return true;
}

void Ledger::check_invariants() const {
  accounts_.check_invariants();
  idempotency_.check_invariants();
  PERPETUA_ASSERT(registry_.agent_count() == accounts_.agent_count());
}

}  // namespace perpetua
