// CommandGroup: entries of one stream on their way into the ring as one submission: the marker,
// then their commands.
//
// Kept small enough for one batch: at most limits::kOrdersPerRequestMax commands, and text that
// fits with the marker's. Entries that cannot be read count, and add nothing. Thread-safety: none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/entry_format.hpp"
#include "cluster/origin.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::cluster {

class CommandGroup {
 public:
  // From empty. `stream` is the marker's.
  void begin(uint16_t stream);

  // False: it does not fit any more, and nothing has changed. Never so for the first entry.
  bool add(const StreamPosition& id, std::string_view bytes);

  // The marker says what has been added; the span lives until the next call of begin().
  std::span<runtime::Submission> submissions();

  uint32_t entries() const { return entries_; }
  uint32_t commands() const { return static_cast<uint32_t>(submissions_.size() - 1); }
  uint32_t damaged() const { return damaged_; }
  uint32_t other_schema() const { return other_schema_; }

 private:
  std::vector<runtime::Submission> submissions_;  // the first is the marker
  std::vector<Origin> origins_;
  Entry entry_;
  std::size_t text_bytes_ = 0;
  uint32_t entries_ = 0;
  uint32_t damaged_ = 0;
  uint32_t other_schema_ = 0;
};

}  // namespace perpetua::cluster
