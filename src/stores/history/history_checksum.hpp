// Checksums of the history's tables: equal for the same rows, whichever database holds them.
//
// One number per table over all rows in key order, each row as its values with separators; text as
// storable_text() makes it. Rows are read in steps, so a table of any size costs little memory; the
// rows must not change meanwhile.
#pragma once

#include <string>
#include <vector>

#include "stores/history/history_source.hpp"

namespace perpetua::stores {

struct TableChecksum {
  std::string table;
  uint64_t rows = 0;
  uint64_t checksum = 0;
  bool operator==(const TableChecksum&) const = default;
};

enum class ChecksumTables {
  shared,  // that every database has
  all      // and those that only PostgreSQL has
};

std::vector<TableChecksum> checksum_history(HistorySource& source, ChecksumTables tables);

// "orders 1234 rows 0123456789abcdef"
std::string checksum_line(const TableChecksum& checksum);

}  // namespace perpetua::stores
