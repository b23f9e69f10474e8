// `perpetua redis verify`: whether Redis shows what the journal says.
//
// Replays the whole journal into a hot store and compares (projection/audit.hpp). For an exchange
// that stands still; reads only. Differences go to `out`, reasons of failure to `err`.
// Exit codes: 0 the same, 1 differences, 2 wrong usage or nothing to compare with.
#pragma once

#include <iosfwd>
#include <string>

#include "engine/engine.hpp"
#include "journal_setup.hpp"

namespace perpetua::app {

int verify_redis(const JournalPlace& place, const std::string& redis_url, MatchExecutor& executor,
                 std::ostream& out, std::ostream& err);

}  // namespace perpetua::app
