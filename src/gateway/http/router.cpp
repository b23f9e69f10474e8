#include "gateway/http/router.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"
#include "gateway/http/call.hpp"

namespace perpetua::gateway {
namespace {

constexpr std::size_t kSegmentsMax = 8;

bool is_parameter(std::string_view segment) { return !segment.empty() && segment[0] == '{'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Splits "/a/b" into a, b; more than kSegmentsMax: the count is one above it.
std::size_t split(std::string_view path, std::array<std::string_view, kSegmentsMax>& segments) {
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (path.empty()) return 0;
  std::size_t count = 0;
  for (;;) {
    const std::size_t slash = path.find('/');
    if (count == kSegmentsMax) return kSegmentsMax + 1;
    segments[count++] = path.substr(0, slash);
    if (slash == std::string_view::npos) return count;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string_view method_name(Method method) {
  constexpr std::string_view kNames[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
  return kNames[static_cast<std::size_t>(method)];
}

bool percent_decode(std::string_view text, bool is_query, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && is_query) c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == 0) return false;
    out.push_back(c);
  }
  return true;
}

bool parse_query(std::string_view query, FieldSpecs specs, std::vector<Parameter>& out,
                 std::string& bad_name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    bad_name = name.substr(0, 64);
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const FieldSpec& s) { return s.name == name; });
    const bool is_twice =
        std::any_of(out.begin(), out.end(), [&](const Parameter& p) { return p.name == name; });
    if (spec == specs.end() || is_twice) return false;
    Parameter& parameter = out.emplace_back();
    parameter.name = spec->name;
    if (!percent_decode(value, true, parameter.value)) return false;
  }
  return true;
}

Router::Router(std::span<const Endpoint> endpoints) : routes_(kSegmentsMax + 1) {
  for (const Endpoint& endpoint : endpoints) {
    std::array<std::string_view, kSegmentsMax> segments;
    const std::size_t count = split(endpoint.path, segments);
    PERPETUA_ASSERT(count <= kSegmentsMax);
    Route route{&endpoint, {segments.begin(), segments.begin() + count}, 0};
    for (const std::string_view segment : route.segments) {
      if (!is_parameter(segment)) ++route.literals;
    }
    for (const Route& other : routes_[count]) {
      PERPETUA_ASSERT(other.endpoint->path != endpoint.path ||
                      other.endpoint->method != endpoint.method);
    }
    routes_[count].push_back(std::move(route));
  }
  for (auto& routes : routes_) {
    std::stable_sort(routes.begin(), routes.end(),
                     [](const Route& a, const Route& b) { return a.literals > b.literals; });
  }
}

bool Router::fits(const Route& route, std::span<const std::string_view> segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_parameter(route.segments[i]) ? segments[i].empty() : route.segments[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

Router::Match Router::match(Method method, std::string_view path,
                            std::vector<Parameter>& values) const {
  Match match;
  std::array<std::string_view, kSegmentsMax> buffer;
  const std::size_t count = split(path, buffer);
  if (count > kSegmentsMax) return match;
  const std::span<const std::string_view> segments(buffer.data(), count);
  const Route* first = nullptr;  // the path that won; other templates do not count any more
  for (const Route& route : routes_[count]) {
    if (first != nullptr && route.endpoint->path != first->endpoint->path) continue;
    if (!fits(route, segments)) continue;
    first = first == nullptr ? &route : first;
    if (route.endpoint->method != method) {
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += method_name(route.endpoint->method);
      continue;
    }
    match.endpoint = route.endpoint;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_parameter(route.segments[i])) continue;
      Parameter& value = values.emplace_back();
      value.name = route.segments[i].substr(1, route.segments[i].size() - 2);
      if (!percent_decode(segments[i], false, value.value)) return {};
    }
    return match;
  }
  return match;
}

}  // namespace perpetua::gateway
