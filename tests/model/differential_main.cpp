// The runner of the differential test: `differential --commands N --seed S`.
//
// Sessions follow each other, seed S, S + 1, ..., until N commands are done. Exit code 0: no
// difference, and everything that should be reached was. `--session` repeats the one session of
// that seed, which is what a report asks for.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>

#include "session.hpp"

namespace {

using namespace perpetua;
using namespace perpetua::model;

constexpr uint64_t kCoverageFrom = 1'000'000;  // a shorter run may miss what is rare

const Session* current_session = nullptr;

// A failed assertion of the engine ends the process; this says in which session and batch. It runs
// in the thread that aborted, and the process is lost anyway, so it may allocate.
void on_abort(int) {
  if (current_session != nullptr) {
    std::fprintf(stderr, "%s", current_session->describe_batch().c_str());
  }
  std::_Exit(134);
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t commands = 300'000, seed = 1, session_commands = 60'000;
  bool only_one = false;
  CLI::App app("differential: random commands through the engine and a naive model");
  app.add_option("--commands", commands, "commands in all");
  app.add_option("--seed", seed, "of the first session");
  app.add_option("--session-commands", session_commands, "of one session");
  app.add_flag("--session", only_one, "only the session of --seed, with --session-commands");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGABRT, on_abort);

  Coverage coverage;
  const auto started = std::chrono::steady_clock::now();
  const uint64_t first_seed = seed;
  uint64_t states = 0;  // folds the last state of every session: the same in every build
  for (; coverage.commands() < commands; ++seed) {
    Session session(seed);
    current_session = &session;
    // One session in a while is long enough to overflow the idempotency table.
    const uint64_t wanted = session_commands * (seed % 64 == 63 && !only_one ? 25 : 1);
    const std::string difference = session.run(wanted);
    if (!difference.empty()) {
      std::fprintf(stderr, "%s", difference.c_str());
      return 1;
    }
    coverage.add(session.coverage());
    states = hash_mix(states, session.state_hash());
    if (only_one) break;
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started;
  coverage.print(stdout);
  std::printf("seeds %llu to %llu, %.1f s, 0 differences, states %016llx\n",
              static_cast<unsigned long long>(first_seed),
              static_cast<unsigned long long>(seed - (only_one ? 0 : 1)), spent.count(),
              static_cast<unsigned long long>(states));
  for (const std::string_view name : coverage.missing()) {
    std::printf("never reached: %.*s\n", static_cast<int>(name.size()), name.data());
  }
  return coverage.missing().empty() || coverage.commands() < kCoverageFrom ? 0 : 1;
}
