// `perpetua db migrate | status | rebuild | checksum`: what an operator does with the history.
//
// The database is that of the settings (DATABASE_URL); without one, the file in the data directory.
// status and checksum only read, and the exchange may be running; for checksum the result is then
// of no one moment. rebuild drops the history and makes it again from the journal: the exchange
// must be stopped. Lines go to `out`, reasons of failure to `err`.
// Exit codes: 0 fine; 1 the schema is not current (status); 3 it cannot be done.
#pragma once

#include <iosfwd>

#include "engine/engine.hpp"
#include "history_service.hpp"

namespace perpetua::app {

enum class DbVerb { migrate, status, rebuild, checksum };

struct DbCommandOptions {
  DbVerb verb = DbVerb::status;
  HistoryPlace place;
  std::string journal_table_url;  // empty: the journal is in the data directory
};

int run_db_command(const DbCommandOptions& options, MatchExecutor& executor, std::ostream& out,
                   std::ostream& err);

}  // namespace perpetua::app
