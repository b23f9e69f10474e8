#include <charconv>
#include <utility>

#include "stores/redis/options.hpp"

namespace perpetua::redis {
namespace {

constexpr uint16_t kDefaultPort = 6379;
constexpr uint32_t kDatabaseMax = 1'023;
constexpr uint32_t kConnectionsMax = 64;
constexpr int64_t kTimeoutMaxMs = 600'000;
constexpr std::string_view kSchemes =
    "expected redis://, rediss://, redis+cluster:// or rediss+cluster://";

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < least || number > most) return std::nullopt;
  return number;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, code] =
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || code != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

// What stands before the first `mark`; `rest` becomes what stands behind it.
std::string_view cut(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  const std::string_view head = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return head;
}

class UrlParser {
 public:
  std::optional<Options> parse(std::string_view url, std::string& error) {
    error_.clear();
    const bool is_good = parse_scheme(url) && parse_rest(url);
    error = is_good ? "" : "REDIS_URL: " + error_;
    if (!is_good) return std::nullopt;
    return std::move(options_);
  }

 private:
  bool fail(std::string text) {
    error_ = std::move(text);
    return false;
  }

  bool parse_scheme(std::string_view& url) {
    const std::size_t end = url.find("://");
    if (end == std::string_view::npos) return fail(std::string(kSchemes));
    std::string_view scheme = url.substr(0, end);
    url.remove_prefix(end + 3);
    const std::string_view base = cut(scheme, '+');
    options_.use_tls = base == "rediss";
    options_.is_cluster = scheme == "cluster";
    if ((base != "redis" && base != "rediss") || (!scheme.empty() && !options_.is_cluster)) {
      return fail(std::string(kSchemes));
    }
    return true;
  }

  bool parse_rest(std::string_view url) {
    const std::size_t at = url.substr(0, url.find_first_of("/?")).rfind('@');
    if (at != std::string_view::npos) {
      if (!parse_user(url.substr(0, at))) return false;
      url.remove_prefix(at + 1);
    }
    std::string_view query = url;
    std::string_view path = cut(query, '?');
    const std::string_view hosts = cut(path, '/');
    return parse_hosts(hosts) && parse_database(path) && parse_query(query);
  }

  bool parse_user(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
      return fail("a password stands behind a colon, redis://:password@host");
    }
    auto user = percent_decoded(text.substr(0, colon));
    auto password = percent_decoded(text.substr(colon + 1));
    if (!user || !password) return fail("'%' in user or password is not followed by two digits");
    if (password->empty()) return fail("the password is empty");
    options_.user = std::move(*user);
    options_.password = std::move(*password);
    return true;
  }

  bool parse_hosts(std::string_view list) {
    if (list.empty()) return fail("no host");
    for (std::string_view rest = list;;) {
      const bool is_last = rest.find(',') == std::string_view::npos;
      if (!parse_host(cut(rest, ','))) return false;
      if (is_last) break;
    }
    if (options_.endpoints.size() > 1) options_.is_cluster = true;
    return true;
  }

  bool parse_host(std::string_view text) {
    Endpoint endpoint;
    endpoint.port = kDefaultPort;
    std::string_view port;
    if (!text.empty() && text.front() == '[') {
      const std::size_t end = text.find(']');
      if (end == std::string_view::npos) return fail("'[' without ']' around an IPv6 address");
      endpoint.host = text.substr(1, end - 1);
      port = text.substr(end + 1);
    } else {
      const std::size_t colon = text.find(':');
      endpoint.host = text.substr(0, colon);
      if (colon != std::string_view::npos) port = text.substr(colon);
    }
    if (endpoint.host.empty()) return fail("an empty host");
    if (!port.empty()) {
      const auto number = parse_number<uint16_t>(port.substr(1), 1, UINT16_MAX);
      if (port.front() != ':' || !number) {
        return fail("the port of '" + endpoint.host + "' is not a number of 1 to 65535");
      }
      endpoint.port = *number;
    }
    options_.endpoints.push_back(std::move(endpoint));
    return true;
  }

  bool parse_database(std::string_view path) {
    if (path.empty()) return true;
    const auto database = parse_number<uint32_t>(path, 0, kDatabaseMax);
    if (!database)
      return fail("the database is not a number of 0 to " + std::to_string(kDatabaseMax));
    if (options_.is_cluster && *database != 0) return fail("a Cluster has only database 0");
    options_.database = *database;
    return true;
  }

  bool parse_query(std::string_view query) {
    while (!query.empty()) {
      std::string_view value = cut(query, '&');
      const std::string name(cut(value, '='));
      const auto decoded = percent_decoded(value);
      if (!decoded) return fail("'%' in option '" + name + "' is not followed by two digits");
      if (!take_option(name, *decoded)) return false;
    }
    if (options_.cert_file.empty() != options_.key_file.empty()) {
      return fail("cert_file and key_file go together");
    }
    return true;
  }

  bool take_option(const std::string& name, const std::string& value) {
    const bool is_tls_option =
        name == "ca_file" || name == "cert_file" || name == "key_file" || name == "verify";
    if (is_tls_option && !options_.use_tls) return fail("option '" + name + "' needs rediss://");
    if (name == "ca_file") return take_text(name, value, options_.ca_file);
    if (name == "cert_file") return take_text(name, value, options_.cert_file);
    if (name == "key_file") return take_text(name, value, options_.key_file);
    if (name == "connect_timeout_ms") return take_time(name, value, options_.connect_timeout_ms);
    if (name == "request_timeout_ms") return take_time(name, value, options_.request_timeout_ms);
    if (name == "verify") {
      if (value != "peer" && value != "none") return fail("option 'verify' is peer or none");
      options_.verify_peer = value == "peer";
      return true;
    }
    if (name == "connections") {
      const auto count = parse_number<uint32_t>(value, 1, kConnectionsMax);
      if (!count) return fail("option 'connections' is 1 to " + std::to_string(kConnectionsMax));
      options_.connections_per_node = *count;
      return true;
    }
    return fail("unknown option '" + name + "'");
  }

  bool take_text(const std::string& name, const std::string& value, std::string& target) {
    if (value.empty()) return fail("option '" + name + "' is empty");
    target = value;
    return true;
  }

  bool take_time(const std::string& name, const std::string& value, int64_t& target) {
    const auto time_ms = parse_number<int64_t>(value, 1, kTimeoutMaxMs);
    if (!time_ms) return fail("option '" + name + "' is 1 to " + std::to_string(kTimeoutMaxMs));
    target = *time_ms;
    return true;
  }

  Options options_;
  std::string error_;
};

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + endpoint.host + "]" : endpoint.host;
  return host + ":" + std::to_string(endpoint.port);
}

std::optional<Options> parse_url(std::string_view url, std::string& error) {
  return UrlParser().parse(url, error);
}

}  // namespace perpetua::redis
