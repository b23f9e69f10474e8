// Agents, keys, settings and thoughts: docs/rules.md section 7.

#include "engine/ledger/ledger.hpp"

namespace perpetua {
namespace {

bool scopes_are_known(uint8_t scopes) { return scopes >= 1 && scopes <= kScopesAll; }

bool lengths_fit(const RegisterAgent& agent, uint32_t text_length) {
  return agent.wallet_length >= 1 && agent.wallet_length <= limits::kWalletBytesMax &&
         agent.display_name_length <= limits::kDisplayNameBytesMax &&
         agent.bio_length <= limits::kBioBytesMax &&
         agent.twitter_handle_length <= limits::kTwitterHandleBytesMax &&
         uint32_t{agent.wallet_length} + agent.display_name_length + agent.bio_length +
                 agent.twitter_handle_length ==
             text_length;
}

AgentProfile make_profile(const RegisterAgent& wanted, std::string_view text, int64_t log_time_ms) {
  const auto take = [&text](std::size_t size) {
    const std::string part(text.substr(0, size));
    text.remove_prefix(size);
    return part;
  };
  AgentProfile profile;
  profile.wallet = take(wanted.wallet_length);
  profile.display_name = take(wanted.display_name_length);
  profile.bio = take(wanted.bio_length);
  profile.twitter_handle = take(wanted.twitter_handle_length);
  profile.registered_at_ms = log_time_ms;
  return profile;
}

Event key_created(const ApiKey& key, uint32_t index) {
  Event event(EventType::key_created, key.agent, kNoMarket, index);
  event.key_created.sha256 = key.sha256;
  event.key_created.key_id = key.key_id;
  event.key_created.scopes = key.scopes;
  event.key_created.created_at_ms = key.created_at_ms;
  event.key_created.expires_at_ms = key.expires_at_ms;
  return event;
}

}  // namespace

Decision Ledger::register_agent(const Command& command, uint32_t index, const Context& context) {
  const RegisterAgent& wanted = command.register_agent;
  const CommandHeader& header = command.header;
  const std::string_view text = context.text.substr(header.text_offset, header.text_length);
  Decision decision;
  const auto refuse = [&](ResultCode code) {
    decision.outcome = rejected(code);
    return decision;
  };
  if (!lengths_fit(wanted, header.text_length) || !scopes_are_known(wanted.scopes)) {
    return refuse(ResultCode::invalid_request);
  }
  const std::string_view wallet = text.substr(0, wanted.wallet_length);
  if (registry_.has_wallet(wallet)) return refuse(ResultCode::wallet_taken);
  if (registry_.has_key(wanted.key_sha256)) return refuse(ResultCode::key_taken);
  if (registry_.agent_count() >= limits::kAgentsMax ||
      registry_.keys().size() >= limits::kKeysTotalMax) {
    return refuse(ResultCode::agent_limit_reached);
  }
  const Micro balance(wanted.start_balance_micro);
  if (balance < Micro(0) || balance.value > limits::kAmountMaxMicro) {
    return refuse(ResultCode::invalid_amount);
  }
  if (!deposit_fits(balance)) return refuse(ResultCode::deposit_limit);

  const AgentId agent = registry_.add(make_profile(wanted, text, context.log_time_ms));
  PERPETUA_ASSERT(accounts_.add() == agent);
  Event event(EventType::agent_registered, agent, kNoMarket, index);
  event.agent_registered.text = {header.text_offset, header.text_length};
  event.agent_registered.registered_at_ms = context.log_time_ms;
  event.agent_registered.wallet_length = wanted.wallet_length;
  event.agent_registered.display_name_length = wanted.display_name_length;
  event.agent_registered.bio_length = wanted.bio_length;
  event.agent_registered.twitter_handle_length = wanted.twitter_handle_length;
  context.events.push_back(event);

  ApiKey key{wanted.key_sha256,
             context.log_time_ms,
             wanted.key_expires_at_ms,
             agent,
             0,
             wanted.scopes,
             0,
             {}};
  key.key_id = registry_.add_key(key, {});
  accounts_.add_live_keys(agent, 1);
  context.events.push_back(key_created(key, index));
  if (wanted.has_risk_limits != 0 && risk_defaults_ != RiskLimits{}) {
    limit_agent(agent, risk_defaults_, index, context);
  }
  if (balance > Micro(0)) {
    accounts_.deposit(agent, balance);
    add_entry(agent, index, LedgerEntryKind::deposit, balance, 0, context);
  }
  decision.outcome.id = agent;
  decision.outcome.values[0] = key.key_id;
  return decision;
}

Decision Ledger::create_key(const Command& command, uint32_t index, const Context& context) {
  const CreateKey& wanted = command.create_key;
  const AgentId agent = command.header.agent;
  Decision decision;
  const CommandHeader& header = command.header;
  if (!scopes_are_known(wanted.scopes) || !are_valid(wanted.limits) ||
      header.text_length > limits::kKeyNameBytesMax) {
    decision.outcome = rejected(ResultCode::invalid_request);
  } else if (registry_.has_key(wanted.key_sha256)) {
    decision.outcome = rejected(ResultCode::key_taken);
  } else if (accounts_.get(agent).live_keys >= limits::kKeysPerAgentMax ||
             registry_.keys().size() >= limits::kKeysTotalMax) {
    decision.outcome = rejected(ResultCode::key_limit_reached);
  } else {
    ApiKey key{wanted.key_sha256,
               context.log_time_ms,
               wanted.expires_at_ms,
               agent,
               0,
               wanted.scopes,
               0,
               {}};
    key.key_id =
        registry_.add_key(key, context.text.substr(header.text_offset, header.text_length));
    accounts_.add_live_keys(agent, 1);
    Event event = key_created(key, index);
    event.key_created.name = {header.text_offset, header.text_length};
    context.events.push_back(event);
    if (wanted.limits != KeyLimits{}) limit_key(agent, key.key_id, wanted.limits, index, context);
    decision.outcome.id = key.key_id;
  }
  return decision;
}

Decision Ledger::revoke_key(const Command& command, uint32_t index, const Context& context) {
  const AgentId agent = command.header.agent;
  Decision decision;
  ApiKey* key = registry_.live_key(agent, command.revoke_key.key_id);
  if (key == nullptr) {
    decision.outcome = rejected(ResultCode::key_not_found);
    return decision;
  }
  key->is_revoked = 1;
  accounts_.add_live_keys(agent, -1);
  Event event(EventType::key_revoked, agent, kNoMarket, index);
  event.key_revoked.sha256 = key->sha256;
  event.key_revoked.key_id = key->key_id;
  context.events.push_back(event);
  decision.outcome.id = key->key_id;
  return decision;
}

Decision Ledger::set_leverage(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  const uint16_t leverage = command.set_leverage.leverage;
  Decision decision;
  if (header.market >= context.markets.size()) {
    decision.outcome = rejected(ResultCode::market_not_found);
    return decision;
  }
  if (is_refused(check_key_market(header), decision)) return decision;
  const uint32_t leverage_max = context.markets[header.market].spec->tiers[0].max_leverage;
  if (leverage < 1 || leverage > leverage_max) {
    decision.outcome = rejected(ResultCode::leverage_too_high, leverage, leverage_max);
    return decision;
  }
  if (is_refused(check_risk_leverage(header.agent, leverage), decision)) return decision;
  const KeyLimits* limits = limits_of(header);
  if (limits != nullptr && is_refused(check_key_leverage(*limits, leverage), decision)) {
    return decision;
  }
  std::vector<uint16_t>& settings = leverage_[header.market];
  if (settings.size() <= header.agent) settings.resize(accounts_.agent_count() + 1);
  settings[header.agent] = leverage;
  // The netting half of the event is the market's; the engine fills it in.
  Event event(EventType::settings_changed, header.agent, header.market, index);
  event.settings_changed.leverage = leverage;
  context.events.push_back(event);
  return decision;
}

// To everybody, or to one agent: then each end has an event of its own.
Decision Ledger::post_thought(const Command& command, uint32_t index, const Context& context) {
  const CommandHeader& header = command.header;
  const PostThought& wanted = command.thought;
  Decision decision;
  const auto refuse = [&](ResultCode code) {
    decision.outcome = rejected(code);
    return decision;
  };
  const int32_t content_length = int32_t{header.text_length} - wanted.metadata_length;
  if (content_length < 1 || content_length > static_cast<int32_t>(limits::kThoughtBytesMax) ||
      wanted.metadata_length > limits::kMetadataBytesMax ||
      wanted.kind > MessageKind::agent_message) {
    return refuse(ResultCode::invalid_request);
  }
  if (header.market != kNoMarket && header.market >= context.markets.size()) {
    return refuse(ResultCode::market_not_found);
  }
  const AgentId to_agent = wanted.to_agent;
  if (to_agent != 0 && !accounts_.exists(to_agent)) return refuse(ResultCode::agent_not_found);
  const bool is_note = to_agent == header.agent;  // to oneself: of alerts one has seen
  if (is_note && wanted.kind != MessageKind::alert) return refuse(ResultCode::invalid_request);
  decision.outcome.id = ++thought_count_;
  const auto size = static_cast<uint32_t>(content_length);
  const TextSpan text{header.text_offset, size};
  const TextSpan metadata{header.text_offset + size, wanted.metadata_length};
  if (to_agent == 0) {
    Event event(EventType::thought_posted, header.agent, header.market, index);
    event.thought_posted.thought_id = thought_count_;
    event.thought_posted.text = text;
    event.thought_posted.metadata = metadata;
    event.thought_posted.kind = wanted.kind;
    context.events.push_back(event);
    return decision;
  }
  for (const AgentId end : {header.agent, to_agent}) {
    Event event(EventType::private_message, end, header.market, index);
    event.private_message.message_id = thought_count_;
    event.private_message.text = text;
    event.private_message.metadata = metadata;
    event.private_message.from_agent = header.agent;
    event.private_message.to_agent = to_agent;
    event.private_message.kind = wanted.kind;
    context.events.push_back(event);
    if (is_note) break;
  }
  return decision;
}

Decision Ledger::configure(const Command& command, const Context& context) {
  const Configure& wanted = command.configure;
  Decision decision;
  if (is_configured_ != 0 || accounts_.agent_count() != 0 || !context.markets.empty() ||
      wanted.margin_use_max_ppm < 1 || wanted.margin_use_max_ppm > kPpm ||
      !are_valid(wanted.risk_limits)) {
    decision.outcome = rejected(ResultCode::invalid_request);
    return decision;
  }
  is_configured_ = 1;
  registry_.set_seed(wanted.hash_seed);
  accounts_.set_margin_cap_ppm(wanted.margin_use_max_ppm);
  risk_defaults_ = wanted.risk_limits;
  return decision;
}

}  // namespace perpetua
