// What happens in the history drill: batches with their outcomes, the same in every run.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace perpetua::bench {

struct Batch {
  BatchNumber number = 0;
  int64_t log_time_ms = 0;
  std::string text;
  std::vector<Command> commands;
  BatchOutput output;

  AppliedBatch view() const {
    return {number,        log_time_ms, output.first_event, commands, output.outcomes,
            output.events, text};
  }
};

// An exchange of 200 agents and two markets, until there are `fills` fills.
std::vector<Batch> make_batches(uint64_t fills);

}  // namespace perpetua::bench
