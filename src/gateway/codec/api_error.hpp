// ApiError: a refusal as the wire shows it.
//
//   {"code":"insufficient_margin","message":"...","field":"size","hint":"...",
//    "needed":"130.5","available":"12.25"}
//
// Code, default message, default hint and HTTP status come from kResultInfos. Numbers are exact
// decimal strings. Values; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/schema/command.hpp"
#include "engine/schema/outcome.hpp"

namespace perpetua::gateway {

class MarketDirectory;

struct ApiError {
  ResultCode code = ResultCode::ok;
  std::string field;
  std::string message;  // empty: the table's
  std::string hint;     // empty: the table's
  std::vector<std::pair<std::string_view, std::string>> numbers;
  int64_t retry_after_s = 0;  // 0: no Retry-After header
  bool is_replayed = false;   // the first answer to a repeated request

  ApiError() = default;
  explicit ApiError(ResultCode c, std::string f = {}, std::string m = {}, std::string h = {})
      : code(c), field(std::move(f)), message(std::move(m)), hint(std::move(h)) {}

  bool is_error() const { return code != ResultCode::ok; }
  int http_status() const { return result_info(code).http_status; }
};

// The refusal in `outcome` with its numbers in the units of the command's market.
// REQUIRES: outcome.code != ok.
ApiError outcome_error(const Command& command, const Outcome& outcome,
                       const MarketDirectory& markets);

// Appends the JSON object.
void render_error(std::string& out, const ApiError& error);

}  // namespace perpetua::gateway
