// verify(): reads the whole journal and every snapshot, changes nothing, and says what is there.
//
// `print` gets one line per segment (or epoch of the table) and snapshot, totals, and a last line
// `ok`; damage ends the lines early, and the status names file, offset and reason. A torn tail is
// no damage (it was never acknowledged and is cut at the next start; on a folder whose exchange is
// running it may be a group being written), and is named. Snapshot state hashes are not recomputed
// here: `perpetua journal state-hash` replays. One thread.
#pragma once

#include <functional>
#include <string>

#include "journal/data_directory.hpp"
#include "journal/journal.hpp"

namespace perpetua::journal {

using PrintLine = std::function<void(const std::string& line)>;

struct VerifyResult {
  Status status;
  uint64_t segments = 0;
  uint64_t batches = 0;
  uint64_t commands = 0;
  BatchNumber last_batch = 0;
  uint64_t last_hash = 0;
  bool has_torn_tail = false;
};

// REQUIRES: `journal` is attached to `directory`.
VerifyResult verify(const DataDirectory& directory, Journal& journal, const PrintLine& print);

std::string hash_text(uint64_t hash);  // 16 hex digits

}  // namespace perpetua::journal
