// What every form of `perpetua serve` does to its process: log, signals, open files.
#pragma once

#include <csignal>

#include "settings.hpp"

namespace perpetua::app {

// Lines carry the node's name if the process is one of several.
void set_up_log(const Settings& settings);

// SIGTERM and SIGINT, blocked in this thread and those it will start; take them with sigwait.
// SIGPIPE is ignored.
sigset_t block_signals();

bool is_pending(const sigset_t& signals);

// Ten thousand agents are ten thousand sockets: raises the soft limit as far as it may go.
void raise_file_limit(const Settings& settings);

}  // namespace perpetua::app
