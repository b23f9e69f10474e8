#include "load/load.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "load/agents/agents_runner.hpp"
#include "load/load_runner.hpp"

namespace perpetua::load {

namespace asio = boost::asio;

namespace {

constexpr int kExitErrors = 1;
constexpr int kExitCannotStart = 2;
constexpr rlim_t kDescriptorsSpare = 256;

int cannot_start(const std::string& why) {
  fmt::print(stderr, "perpetua load: {}\n", why);
  return kExitCannotStart;
}

// Raises the limit of open files to what the run needs, as far as the system allows.
std::optional<std::string> raise_descriptor_limit(uint32_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return "cannot read the limit of open files";
  const rlim_t wanted = connections + kDescriptorsSpare;
  if (limit.rlim_cur >= wanted) return std::nullopt;
  const rlim_t hard = limit.rlim_max;
  limit.rlim_cur = wanted;
  if (wanted > hard) limit.rlim_max = wanted;  // the super-user may
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return std::nullopt;
  return fmt::format("{} connections need {} open files, the limit is {}: raise `ulimit -n`",
                     connections, wanted, hard);
}

std::optional<asio::ip::tcp::endpoint> resolve(asio::io_context& io, const Target& target) {
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(target.host, target.port, error);
  if (error || found.empty()) return std::nullopt;
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

struct Start {
  asio::ip::tcp::endpoint server;
  std::string host;      // Host header
  std::string run_name;  // unlike that of any run before
};

// Nothing, after it said why: the target cannot be found or may not be used.
std::optional<Start> prepare(asio::io_context& io, const LoadOptions& options,
                             uint32_t connections) {
  const Target target = *parse_url(options.url);
  const auto server = resolve(io, target);
  std::optional<std::string> wrong;
  if (!server) {
    wrong = "cannot resolve `" + target.host + "`";
  } else if (!server->address().is_loopback() && !options.allow_remote) {
    wrong = "`" + target.host + "` is not this machine: --allow-remote if you may put load on it";
  } else {
    wrong = raise_descriptor_limit(connections);
  }
  if (wrong) {
    cannot_start(*wrong);
    return std::nullopt;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return Start{*server, target.host + ":" + target.port,
               std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())};
}

}  // namespace

int run_load(const LoadOptions& options) {
  if (const auto wrong = validate(options)) return cannot_start(*wrong);
  asio::io_context io(1);
  const auto start = prepare(io, options, connection_count(options));
  if (!start) return kExitCannotStart;
  LoadRunner runner(io, start->server, start->host, options, start->run_name);
  if (const auto failure = runner.run()) return cannot_start(*failure);
  const LoadResult& result = runner.result();
  fmt::print("{}{}\n", table_text(result), json_line(result));
  std::fflush(stdout);
  return result.errors == 0 && result.connected == result.agents ? 0 : kExitErrors;
}

int run_agents(const AgentsOptions& options) {
  if (const auto wrong = validate(options)) return cannot_start(*wrong);
  asio::io_context io(1);
  const auto start = prepare(io, options.load, options.load.agents + order_connections(options));
  if (!start) return kExitCannotStart;
  AgentsRunner runner(io, start->server, start->host, options, start->run_name);
  if (const auto failure = runner.run()) return cannot_start(*failure);
  const AgentsResult& result = runner.result();
  if (!options.seconds_file.empty()) {
    std::ofstream file(options.seconds_file, std::ios::trunc);
    file << seconds_csv(result);
    if (!file.flush()) return cannot_start("cannot write `" + options.seconds_file + "`");
  }
  fmt::print("{}{}\n", agents_table(result), agents_json(result));
  std::fflush(stdout);
  return result.is_right() ? 0 : kExitErrors;
}

}  // namespace perpetua::load
