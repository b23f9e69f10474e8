// dump: stored commands as readable text, one line each, for operators and for comparing histories.
//
//   batch log_time type agent=.. [market=..] fields.. [valid_until=..] [key=..] ["text"]
//
// Money in micro-USDC, prices in ticks, sizes in lots, times in ms since 1970, exactly as stored.
// Secrets do not occur: keys are stored as SHA-256, of which the first 8 bytes are shown. Text is
// quoted, with control characters escaped. Pure functions.
#pragma once

#include <string>

#include "engine/schema/batch.hpp"

namespace perpetua::journal {

std::string_view command_name(CommandType type);

// One line, without the newline.
std::string dump_command(const BatchInput& batch, const Command& command);

}  // namespace perpetua::journal
