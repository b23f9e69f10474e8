// Api: how the generator speaks to the exchange; the only file that knows paths and field names.
//
// Requests are built as text, replies are read as JSON. A reply is `ok` if it is the result of a
// command, `rejected` if it carries one of the exchange's codes, and an `error` otherwise. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/traffic.hpp"

namespace perpetua::load {

struct HttpCall {
  std::string_view method;
  std::string path;
  std::string body;  // empty: none
};

// HTTP/1.1 request text, keep-alive. Empty keys are left out.
std::string http_text(const HttpCall& call, std::string_view host, std::string_view api_key,
                      std::string_view idempotency_key = {});

HttpCall register_call(std::string_view wallet, std::string_view display_name);
HttpCall fund_call(uint32_t amount_usdc, bool by_operator, std::string_view agent_id);
HttpCall netting_call(std::string_view symbol);
HttpCall markets_call();
HttpCall account_call();
HttpCall solvency_call();
HttpCall order_history_call(std::string_view cursor);  // "": the newest
HttpCall order_call(const Action& action, const std::vector<TradedMarket>& markets);

inline constexpr std::string_view kClientIdPrefix = "load-";  // then NewOrder::number
inline constexpr std::string_view kWsPath = "/ws";
inline constexpr uint64_t kWsAuthId = 1;  // order requests use larger ones
std::string ws_auth_text(std::string_view api_key);
std::string ws_order_text(const Action& action, const std::vector<TradedMarket>& markets,
                          uint64_t id);

struct Registration {
  std::string agent_id;
  std::string api_key;
};
std::optional<Registration> read_registration(std::string_view body);

// Markets that have a price; nothing if the body is no market list.
std::optional<std::vector<TradedMarket>> read_markets(std::string_view body);

// The exchange's own code in an error body, "" if there is none.
std::string read_code(std::string_view body);

// One entry per order of the request; entries the reply does not speak of are errors.
std::vector<OrderReply> read_order_reply(unsigned status, std::string_view body, std::size_t count);

struct WsReply {
  uint64_t id = 0;                // of the request; 0: the message answers none
  bool is_authenticated = false;  // the answer to ws_auth_text
  std::vector<OrderReply> orders;
};
WsReply read_ws_message(std::string_view text, std::size_t count);

}  // namespace perpetua::load
