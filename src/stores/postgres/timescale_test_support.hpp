// For tests: the TimescaleDB that scripts/setup-timescale has made, on a private loopback port.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/pg/test_server.hpp"

namespace perpetua::stores::test {

// Where scripts/setup-timescale puts its Debian root.
inline std::string timescale_root() {
  if (const char* set = std::getenv("PERPETUA_TIMESCALE_ROOT")) return set;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = cache != nullptr  ? cache
                           : home != nullptr ? std::string(home) + "/.cache"
                                             : "/var/cache";
  return base + "/perpetua/timescale-root";
}

inline bool has_timescale() {
  return std::filesystem::exists(timescale_root() + "/.perpetua-complete");
}

inline pg::test::Installation timescale_installation() {
  return {.root = timescale_root(),
          .programs = "/usr/lib/postgresql/17/bin",
          .settings = {"shared_preload_libraries=timescaledb", "timescaledb.telemetry_level=off",
                       "timescaledb.license=apache", "max_locks_per_transaction=256"}};
}

inline pg::test::TestServer& shared_timescale() {
  static pg::test::TestServer server(timescale_installation());
  return server;
}

}  // namespace perpetua::stores::test
