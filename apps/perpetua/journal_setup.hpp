// The journal that the settings ask for, when it is not the default of segment files.
#pragma once

#include <csignal>
#include <memory>
#include <string>

#include "journal/postgres/table_journal.hpp"
#include "settings.hpp"

namespace perpetua::app {

// The database of the journal: journal_url, else database_url. Throws std::runtime_error if there
// is neither.
std::string journal_url(const Settings& settings);

// For `journal = postgres`: the table, led by this engine; waits for its turn. Its lines go to the
// log; when its leadership ends, the process ends with the exit code of the reason. Null if one of
// `signals` (blocked) came first. Throws std::runtime_error if it is refused.
std::unique_ptr<journal::postgres::TableJournal> lead_journal(const Settings& settings,
                                                              const sigset_t& signals);

}  // namespace perpetua::app
