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

// For readers, beside a running exchange or without one: opens the folder (with a table it need not
// be there) and the journal, and attaches it. `table_url` empty: segment files.
journal::Status open_journal_to_read(const std::string& data_dir, const std::string& table_url,
                                     journal::DataDirectory& directory,
                                     std::unique_ptr<journal::Journal>& journal);

// For `journal = postgres`: the table, led by this engine; waits for its turn. Its lines go to the
// log; when its leadership ends, the process ends with the exit code of the reason. Null if one of
// `signals` (blocked) came first. Throws std::runtime_error if it is refused.
std::unique_ptr<journal::postgres::TableJournal> lead_journal(const Settings& settings,
                                                              const sigset_t& signals);

}  // namespace perpetua::app
