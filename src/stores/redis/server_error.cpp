#include "stores/redis/server_error.hpp"

#include <array>
#include <charconv>

#include "stores/redis/request.hpp"

namespace perpetua::redis {
namespace {

struct Row {
  std::string_view code;
  Verdict verdict;
};

constexpr std::array<Row, 8> kRows = {{{"MOVED", Verdict::moved},
                                       {"ASK", Verdict::ask},
                                       {"TRYAGAIN", Verdict::try_again},
                                       {"LOADING", Verdict::try_again},
                                       {"MASTERDOWN", Verdict::try_again},
                                       {"READONLY", Verdict::try_again},
                                       {"CLUSTERDOWN", Verdict::cluster_down},
                                       {"NOSCRIPT", Verdict::no_script}}};

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

Verdict verdict_of(std::string_view error) {
  const std::string_view code = error.substr(0, error.find(' '));
  for (const Row& row : kRows) {
    if (row.code == code) return row.verdict;
  }
  return Verdict::final;
}

std::optional<Redirect> parse_redirect(std::string_view error) {
  const std::size_t slot_at = error.find(' ');
  if (slot_at == std::string_view::npos) return std::nullopt;
  const std::size_t host_at = error.find(' ', slot_at + 1);
  const std::size_t colon = error.rfind(':');  // an IPv6 address comes without brackets
  if (host_at == std::string_view::npos || colon == std::string_view::npos || colon < host_at) {
    return std::nullopt;
  }
  Redirect redirect;
  if (!parse(error.substr(slot_at + 1, host_at - slot_at - 1), redirect.slot) ||
      !parse(error.substr(colon + 1), redirect.target.port) || redirect.slot >= kSlots ||
      redirect.target.port == 0) {
    return std::nullopt;
  }
  redirect.target.host = error.substr(host_at + 1, colon - host_at - 1);
  if (redirect.target.host == "?") return std::nullopt;  // a node that does not know its name
  return redirect;
}

}  // namespace perpetua::redis
