// run_load: `perpetua load`, the load generator.
//
// Registers and funds agents, sends orders on an open-loop schedule, and prints progress to stderr,
// a table and one line of JSON (the last line) to stdout. Runs on the calling thread and ends by
// itself. Exit status: 0 no errors, 1 some requests failed, 2 it could not start (stderr says why).
#pragma once

#include "load/agents/agents_options.hpp"
#include "load/options.hpp"

namespace perpetua::load {

int run_load(const LoadOptions& options);

// `perpetua load agents`: the same for agents that each hold a WebSocket with their private stream,
// with an audit of every stream and every order at the end. Status 1 also if something was late,
// lost, double or missing in a stream.
int run_agents(const AgentsOptions& options);

}  // namespace perpetua::load
