#include "stores/projection/account_reader.hpp"

#include <algorithm>

#include "stores/projection/key_schema.hpp"
#include "stores/projection/rows.hpp"
#include "stores/projection/state_writer.hpp"

namespace perpetua::projection {

struct AccountReader::Shared {
  redis::Client& client;
  const stores::HotStore& markets;
  int64_t timeout_ms = 0;
  std::function<void(AgentId)> on_missing;
};

struct AccountReader::Reading {
  std::shared_ptr<const Shared> shared;
  AccountQuery query;
  Done done;
  AccountState state;
  std::vector<MarketId> markets;  // whose positions the second request reads
  std::size_t intents = 0;        // how many it reads behind them

  // `is_lost`: Redis answered, and something is missing.
  void fail(bool is_lost) {
    if (is_lost && shared->on_missing) shared->on_missing(query.agent);
    done(std::nullopt);
  }
};

namespace {

HashFields hash_of(const redis::Reply& reply) {
  std::vector<std::string_view> fields;
  fields.reserve(reply.elements.size());
  for (const redis::Reply& element : reply.elements) fields.emplace_back(element.text);
  return HashFields(std::move(fields));
}

bool has_error(const std::vector<redis::Reply>& replies) {
  return std::any_of(replies.begin(), replies.end(),
                     [](const redis::Reply& reply) { return reply.is_error(); });
}

std::optional<OrderView> intent_of(const redis::Reply& reply, const stores::HotStore& markets) {
  const HashFields hash = hash_of(reply);
  const auto symbol = intent_market(hash);
  const auto market = symbol ? markets.market_id(*symbol) : std::nullopt;
  if (!market) return std::nullopt;
  return decode_intent(hash, *market, *markets.market_spec(*market));
}

void add_hash(redis::Request& request, const std::string& key) {
  request.add(key, {"HGETALL", key});
}

}  // namespace

AccountReader::AccountReader(redis::Client& client, const stores::HotStore& markets,
                             int64_t timeout_ms, std::function<void(AgentId)> on_missing)
    : shared_(std::make_shared<const Shared>(
          Shared{client, markets, timeout_ms, std::move(on_missing)})) {}

void AccountReader::read(const AccountQuery& query, Done done) {
  auto reading = std::make_shared<Reading>();
  reading->shared = shared_;
  reading->query = query;
  reading->done = std::move(done);
  redis::Request request;
  add_hash(request, agent_key(query.agent));
  if (query.with_open_intents) {
    const std::string list = agent_intents_key(query.agent);
    request.add(list, {"LRANGE", list, "0", "-1"});
  }
  if (query.intent != 0) add_hash(request, intent_key(query.agent, query.intent));
  redis::CallOptions options;
  options.timeout_ms = shared_->timeout_ms;
  options.is_idempotent = true;
  const auto submitted = shared_->client.submit(
      std::move(request), options,
      [reading](std::vector<redis::Reply>&& replies) { take_account(reading, replies); });
  if (submitted != redis::Submit::accepted) reading->fail(false);
}

void AccountReader::take_account(const std::shared_ptr<Reading>& reading,
                                 const std::vector<redis::Reply>& replies) {
  const AccountQuery& query = reading->query;
  const Shared& shared = *reading->shared;
  if (has_error(replies)) return reading->fail(false);
  const auto row = decode_agent(hash_of(replies[0]));
  if (!row || row->agent.id != query.agent) return reading->fail(true);
  reading->state.account = row->account;
  reading->state.open_orders = row->open_orders;
  if (query.intent != 0 && !replies.back().elements.empty()) {
    const auto intent = intent_of(replies.back(), shared.markets);
    if (!intent || intent->agent != query.agent) return reading->fail(true);
    reading->state.intents.push_back(*intent);
  }
  redis::Request request;
  for (const std::string& symbol : row->markets) {
    const auto market = shared.markets.market_id(symbol);
    if (!market) return reading->fail(false);
    if (!query.with_holdings) continue;
    reading->markets.push_back(*market);
    add_hash(request, position_key(query.agent, symbol));
  }
  if (query.with_open_intents) {
    const auto ids = parse_intent_list(replies[1]);
    reading->intents = ids.size();
    for (const OrderId id : ids) add_hash(request, intent_key(query.agent, id));
  }
  if (request.empty()) return reading->done(std::move(reading->state));
  redis::CallOptions options;
  options.timeout_ms = shared.timeout_ms;
  options.is_idempotent = true;
  const auto submitted = shared.client.submit(
      std::move(request), options,
      [reading](std::vector<redis::Reply>&& rows) { take_rows(*reading, rows); });
  if (submitted != redis::Submit::accepted) reading->fail(false);
}

void AccountReader::take_rows(Reading& reading, const std::vector<redis::Reply>& replies) {
  const stores::HotStore& markets = reading.shared->markets;
  AccountState& state = reading.state;
  if (has_error(replies)) return reading.fail(false);
  for (std::size_t i = 0; i < reading.markets.size(); ++i) {
    const MarketId market = reading.markets[i];
    auto holding = decode_position(hash_of(replies[i]), *markets.market_spec(market));
    if (!holding || holding->agent != reading.query.agent) return reading.fail(true);
    holding->market = market;
    state.holdings.push_back(*holding);
  }
  for (std::size_t i = 0; i < reading.intents; ++i) {
    const redis::Reply& reply = replies[reading.markets.size() + i];
    // Closed and dropped between the two round trips.
    if (reply.elements.empty()) continue;
    const auto intent = intent_of(reply, markets);
    if (!intent) return reading.fail(true);
    if (intent->is_open()) state.intents.push_back(*intent);
  }
  std::sort(state.intents.begin(), state.intents.end(),
            [](const auto& a, const auto& b) { return a.order_id > b.order_id; });
  reading.done(std::move(state));
}

}  // namespace perpetua::projection
