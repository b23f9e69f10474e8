// Opening the history file for writing: keep it if it is ours and whole, else make it anew.
//
// Kept: our schema version and cluster id, applied_batch within the journal, pages intact (checked
// in full up to kCheckedBytesMax; larger files show damage when it is met). A file whose writer met
// damage carries a marker file beside it (".damaged") and is made anew at the next open.
#pragma once

#include <string>

#include "stores/sqlite/database.hpp"
#include "stores/sqlite/history_writer.hpp"

namespace perpetua::stores {

struct HistoryFile {
  Database database;
  BatchNumber applied_batch = 0;
  std::string rebuild_reason;  // empty: the file was kept
};

// Throws std::runtime_error if no usable file can be made.
HistoryFile open_history_file(const HistoryOptions& options);

void mark_history_damaged(const std::string& path);

}  // namespace perpetua::stores
