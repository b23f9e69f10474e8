#include "process_setup.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "roles.hpp"
#include "server_setup.hpp"

namespace perpetua::app {
namespace {

constexpr rlim_t kFilesBesideConnections = 1'000;

}  // namespace

void set_up_log(const Settings& settings) {
  spdlog::set_level(spdlog::level::from_str(settings.text("log_level")));
  std::string pattern = "%Y-%m-%dT%H:%M:%S.%eZ ";
  if (!parse_roles(settings.text("role"))->is_all) {
    for (const char letter : node_name(settings)) pattern += letter == '%' ? '_' : letter;
    pattern += ' ';
  }
  spdlog::set_pattern(pattern + "%l %v", spdlog::pattern_time_type::utc);
  spdlog::flush_on(spdlog::level::info);
}

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

bool is_pending(const sigset_t& signals) {
  sigset_t pending;
  if (sigpending(&pending) != 0) return false;
  sigset_t both;
  sigandset(&both, &pending, &signals);
  return sigisemptyset(&both) == 0;
}

void raise_file_limit(const Settings& settings) {
  const rlim_t wanted =
      static_cast<rlim_t>(settings.integer("connections_max")) + kFilesBesideConnections;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    spdlog::warn("open files are limited to {}, connections_max wants {}", limit.rlim_cur, wanted);
  }
}

}  // namespace perpetua::app
