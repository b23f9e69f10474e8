#include "load/load.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdio>

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

}  // namespace

int run_load(const LoadOptions& options) {
  if (const auto wrong = validate(options)) return cannot_start(*wrong);
  const Target target = *parse_url(options.url);
  asio::io_context io(1);
  const auto server = resolve(io, target);
  if (!server) return cannot_start("cannot resolve `" + target.host + "`");
  if (!server->address().is_loopback() && !options.allow_remote) {
    return cannot_start("`" + target.host +
                        "` is not this machine: --allow-remote if you may put load on it");
  }
  if (const auto wrong = raise_descriptor_limit(connection_count(options))) {
    return cannot_start(*wrong);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string run_name =
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  LoadRunner runner(io, *server, target.host + ":" + target.port, options, run_name);
  if (const auto failure = runner.run()) return cannot_start(*failure);
  const LoadResult& result = runner.result();
  fmt::print("{}{}\n", table_text(result), json_line(result));
  std::fflush(stdout);
  return result.errors == 0 && result.connected == result.agents ? 0 : kExitErrors;
}

}  // namespace perpetua::load
