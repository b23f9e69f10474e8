// `perpetua journal verify | dump | state-hash | replay`: what an operator asks a journal. A table
// can be asked from anywhere; the data directory then only adds its snapshots.
//
// Read-only; the exchange may be running. Lines go to `out`, reasons of failure to `err`.
// Exit codes: 0 fine, 1 damage, difference or a batch that is not there, 2 wrong usage.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "engine/engine.hpp"
#include "journal_setup.hpp"

namespace perpetua::app {

enum class JournalVerb { verify, dump, state_hash, replay };

struct JournalCommandOptions {
  JournalVerb verb = JournalVerb::verify;
  JournalPlace place;
  uint64_t from = 1;            // dump
  uint64_t until = UINT64_MAX;  // dump, replay: last batch
};

// `executor` matches for state-hash and replay (--threads N is the caller's).
int run_journal_command(const JournalCommandOptions& options, MatchExecutor& executor,
                        std::ostream& out, std::ostream& err);

}  // namespace perpetua::app
