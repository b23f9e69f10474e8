// The journal tools of the command line: dump, state-hash and replay (verify has its own header).
//
// They work on a folder and a journal opened read-only (attached to it), also of a running
// exchange, and change nothing. Each
// prints lines through `print` and gives a Status; a failure says file, offset and reason.
// One thread; the executor may use its own.
#pragma once

#include "engine/engine.hpp"
#include "journal/data_directory.hpp"
#include "journal/verify.hpp"

namespace perpetua::journal {

// Commands of batches `from` to `until`, one line each; batches without commands leave no line.
Status dump(Journal& journal, BatchNumber from, BatchNumber until, const PrintLine& print);

// Replays from batch 1 and from the newest snapshot; prints both state hashes. A failure if they
// differ.
Status print_state_hashes(const DataDirectory& directory, Journal& journal, MatchExecutor& executor,
                          const PrintLine& print);

// Replays from batch 1 up to batch `until` and prints batch, state hash, next event sequence, open
// orders, and the sums of free, reserved and position margin over all accounts. A failure if the
// journal ends before.
Status print_replay(const DataDirectory& directory, Journal& journal, BatchNumber until,
                    MatchExecutor& executor, const PrintLine& print);

}  // namespace perpetua::journal
