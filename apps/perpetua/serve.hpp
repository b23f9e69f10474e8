// `perpetua serve`: the whole exchange in one process, from settings to a clean stop on SIGTERM.
#pragma once

#include "settings.hpp"

namespace perpetua::app {

// Exit codes beside 0; 74 (sync error), 75 (deposed) and 76 (the database lost history) come from
// the journal.
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCannotStart = 3;
inline constexpr int kExitUncleanStop = 4;
inline constexpr int kExitReplicaFailed = 77;  // this process cannot follow the journal any more

int serve(const Settings& settings);

}  // namespace perpetua::app
