// Crash points: named places at which a test build kills itself, as kill -9 would.
//
//   PERPETUA_CRASH_POINT=journal_after_sync:3          dies the third time that place is passed
//
// Compiled in only with -DPERPETUA_CRASH_POINTS=ON; otherwise the macro is nothing. Thread-safe.
#pragma once

#ifdef PERPETUA_CRASH_POINTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace perpetua {

inline void pass_crash_point(std::string_view name) {
  static const char* const setting = std::getenv("PERPETUA_CRASH_POINT");
  if (setting == nullptr) return;
  const std::string_view plan(setting);
  const std::size_t colon = plan.find(':');
  if (plan.substr(0, colon) != name) return;
  const long pass = colon == std::string_view::npos ? 1 : std::atol(setting + colon + 1);
  static std::atomic<long> passes{0};
  if (passes.fetch_add(1) + 1 == pass) kill(getpid(), SIGKILL);
}

}  // namespace perpetua

#define PERPETUA_CRASH_POINT(name) ::perpetua::pass_crash_point(name)
#else
#define PERPETUA_CRASH_POINT(name) static_cast<void>(0)
#endif
