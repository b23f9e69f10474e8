// Where the journal is: led by an exchange that keeps it as a table, or opened by a tool.
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

// For leading it: lines go to the log; when the leadership is lost, the process ends with the exit
// code of the reason.
journal::postgres::TableOptions leader_options(const Settings& settings);

// For `journal = postgres`: the table, led by this engine; waits for its turn. Null if one
// of `signals` (blocked) came first. Throws std::runtime_error if it is refused.
std::unique_ptr<journal::postgres::TableJournal> lead_journal(const Settings& settings,
                                                              const sigset_t& signals);

struct JournalPlace {
  std::string data_dir;
  std::string table_url;  // database of the journal table; empty: segment files of data_dir
};

// For tools: reads only, the exchange may be running. On success `journal` is attached to
// `directory`; a table can be read without the folder, which then only adds its snapshots.
journal::Status open_journal(const JournalPlace& place, journal::DataDirectory& directory,
                             std::unique_ptr<journal::Journal>& journal);

}  // namespace perpetua::app
