// `perpetua engine status` and `perpetua engine handover`: who leads the exchange, and a planned
// change of that. Both speak to the database of the journal alone.
#pragma once

#include <iosfwd>
#include <string>

namespace perpetua::app {

inline constexpr int64_t kHandoverWaitMs = 10'000;

enum class EngineVerb { status, handover };

// Returns the exit code: 0; 1 nobody leads, or nobody has taken over in time; 3 no database.
int run_engine_command(EngineVerb verb, const std::string& journal_url, std::ostream& out,
                       std::ostream& errors);

}  // namespace perpetua::app
