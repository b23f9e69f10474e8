#include "stores/projection/audit.hpp"

#include <algorithm>
#include <set>

#include "base/decimal.hpp"
#include "stores/account_state.hpp"
#include "stores/projection/key_schema.hpp"
#include "stores/projection/rows.hpp"

namespace perpetua::projection {
namespace {

constexpr std::size_t kAgentsPerRequest = 200;
constexpr int64_t kTimeoutMs = 10'000;

class Audit {
 public:
  Audit(redis::Client& client, const stores::HotStore& hot, unsigned groups,
        const std::function<void(const std::string&)>& print)
      : client_(client), hot_(hot), groups_(groups), print_(print) {}

  AuditResult run() {
    compare_agents();
    for (const MarketView& market : hot_.markets()) {
      expect_hash(price_key(symbol_view(market.spec)), encode_price(market));
    }
    compare_expected();
    for (unsigned group = 0; group < groups_.count(); ++group) compare_indexes(group);
    return result_;
  }

 private:
  enum class Kind { hash, set, string };
  struct Expected {
    std::string key;
    Kind kind = Kind::hash;
    std::vector<std::string> values;  // of a hash names and values, of a set members
  };

  void expect_hash(const std::string& key, Fields fields) {
    request_.add(key, {"HGETALL", key});
    expected_.push_back({key, Kind::hash, std::move(fields)});
  }
  void expect_set(const std::string& key, std::vector<std::string> members) {
    request_.add(key, {"SMEMBERS", key});
    expected_.push_back({key, Kind::set, std::move(members)});
  }
  void expect_string(const std::string& key, std::string value) {
    request_.add(key, {"GET", key});
    expected_.push_back({key, Kind::string, {std::move(value)}});
  }

  void compare_agents() {
    for (AgentId after = 0;;) {
      const auto page = hot_.agents(after, kAgentsPerRequest);
      for (const AgentView& agent : page) {
        after = agent.id;
        expect_agent(agent);
      }
      compare_expected();
      if (page.size() < kAgentsPerRequest || !result_.error.empty()) return;
    }
  }

  void expect_agent(const AgentView& agent) {
    AgentRow row{agent, *hot_.account(agent.id), hot_.open_order_count(agent.id), {}, 0};
    std::vector<std::string> open;
    for (const PositionView& holding : hot_.holdings(agent.id)) {
      const MarketSpec& spec = *hot_.market_spec(holding.market);
      row.markets.emplace_back(symbol_view(spec));
      if (holding.base.value != 0) open.emplace_back(symbol_view(spec));
      expect_hash(position_key(agent.id, symbol_view(spec)), encode_position(holding, spec));
    }
    expect_hash(agent_key(agent.id), encode_agent(row));
    expect_string(balance_key(agent.id), decimal_text(row.account.free.value, kMicroDigits));
    expect_set(agent_positions_key(agent.id), std::move(open));
    for (const OrderView& intent : stores::open_intents(hot_, agent.id)) {
      expect_hash(intent_key(agent.id, intent.order_id),
                  encode_intent(intent, *hot_.market_spec(intent.market)));
    }
    for (const KeyView& key : hot_.keys(agent.id)) {
      expect_hash(key_key(key.sha256), encode_key(key));
      expect_string(apikey_key(key.sha256), std::to_string(agent.id));
    }
  }

  void compare_expected() {
    redis::CallOptions options;
    options.timeout_ms = kTimeoutMs;
    options.is_idempotent = true;
    if (request_.empty() || !result_.error.empty()) return;
    const auto replies = client_.call(request_, options);
    for (std::size_t i = 0; i < expected_.size() && result_.error.empty(); ++i) {
      compare(expected_[i], replies[i]);
    }
    request_.clear();
    expected_.clear();
  }

  void compare(const Expected& expected, const redis::Reply& reply) {
    ++result_.keys;
    if (reply.is_error() && reply.failure != redis::Failure::none) {
      result_.error = reply.text;
      return;
    }
    if (reply.is_error()) return differ(expected.key + ": " + reply.text);
    if (expected.kind == Kind::string) {
      if (reply.text == expected.values.front()) return;
      return differ(expected.key + ": Redis has " + (reply.text.empty() ? "nothing" : reply.text) +
                    ", the exchange " + expected.values.front());
    }
    std::vector<std::string_view> found;
    for (const redis::Reply& element : reply.elements) found.emplace_back(element.text);
    if (expected.kind == Kind::hash) return compare_hash(expected, HashFields(std::move(found)));
    const std::set<std::string_view> wanted(expected.values.begin(), expected.values.end());
    if (std::set<std::string_view>(found.begin(), found.end()) != wanted) {
      differ(expected.key + ": other members");
    }
  }

  void compare_hash(const Expected& expected, const HashFields& found) {
    if (found.is_empty()) return differ(expected.key + ": missing");
    for (std::size_t i = 0; i < expected.values.size(); i += 2) {
      const std::string& name = expected.values[i];
      const auto value = found.find(name);
      if (name == "batch" || value == expected.values[i + 1]) continue;
      differ(expected.key + " " + name + ": Redis has " + std::string(value.value_or("nothing")) +
             ", the exchange " + expected.values[i + 1]);
    }
  }

  // Names that the exchange does not have, and names that are missing.
  void compare_indexes(unsigned group) {
    for (const std::string& hex : members(groups_.key_index_key(group))) {
      Sha256 sha256{};
      if (!parse_hex(hex, sha256) || !hot_.find_key(sha256)) {
        differ(apikey_key(sha256) + ": the exchange has no such key");
      }
    }
    std::set<std::string> agents;
    for (const std::string& id : members(groups_.agent_index_key(group))) agents.insert(id);
    for (AgentId after = 0; result_.error.empty();) {
      const auto page = hot_.agents(after, kAgentsPerRequest);
      for (const AgentView& agent : page) {
        after = agent.id;
        if (groups_.group_of(agent.id) != group) continue;
        if (agents.erase(std::to_string(agent.id)) == 0) {
          differ(agent_key(agent.id) + ": not in the index");
        }
      }
      if (page.size() < kAgentsPerRequest) break;
    }
    for (const std::string& id : agents) {
      differ("agent:{" + id + "}: the exchange has no such agent");
    }
  }

  std::vector<std::string> members(const std::string& key) {
    redis::CallOptions options;
    options.timeout_ms = kTimeoutMs;
    std::vector<std::string> found;
    const auto replies = client_.call(redis::Request(key, {"SMEMBERS", key}), options);
    if (replies.front().is_error()) result_.error = replies.front().text;
    for (const redis::Reply& element : replies.front().elements) found.push_back(element.text);
    return found;
  }

  void differ(const std::string& line) {
    if (++result_.differences <= kAuditLinesMax) print_(line);
  }

  redis::Client& client_;
  const stores::HotStore& hot_;
  const SlotGroups groups_;
  const std::function<void(const std::string&)>& print_;
  redis::Request request_;
  std::vector<Expected> expected_;
  AuditResult result_;
};

}  // namespace

AuditResult audit(redis::Client& client, const stores::HotStore& hot, unsigned groups,
                  const std::function<void(const std::string&)>& print) {
  return Audit(client, hot, groups, print).run();
}

}  // namespace perpetua::projection
