#include "cluster/command_group.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace perpetua::cluster {

// Each command has an origin at most, so the marker's text and theirs fit into one batch.
static_assert(limits::kOrdersPerRequestMax * kOriginBytes + kEntryTextBytesMax <=
              limits::kBatchTextBytesMax);

void CommandGroup::begin(uint16_t stream) {
  submissions_.clear();
  origins_.clear();
  text_bytes_ = 0;
  entries_ = damaged_ = other_schema_ = 0;
  submissions_.emplace_back().command = Command(CommandType::consume_stream);
  submissions_.front().command.consume.stream = stream;
}

bool CommandGroup::add(const StreamPosition& id, std::string_view bytes) {
  const EntryStatus status = decode_entry(bytes, entry_);
  if (status == EntryStatus::ok) {
    if (commands() + entry_.submissions.size() > limits::kOrdersPerRequestMax ||
        text_bytes_ + entry_.text_bytes > kEntryTextBytesMax) {
      return false;
    }
    origins_.push_back(
        {entry_.gateway, entry_.token, static_cast<uint32_t>(entry_.submissions.size())});
    text_bytes_ += entry_.text_bytes;
    std::move(entry_.submissions.begin(), entry_.submissions.end(),
              std::back_inserter(submissions_));
  } else {
    ++(status == EntryStatus::damaged ? damaged_ : other_schema_);
  }
  ++entries_;
  submissions_.front().command.consume.last = id;
  return true;
}

std::span<runtime::Submission> CommandGroup::submissions() {
  runtime::Submission& marker = submissions_.front();
  marker.command.consume.command_count = commands();
  marker.command.consume.text_bytes = static_cast<uint32_t>(text_bytes_);
  marker.text.clear();
  append_origins(marker.text, origins_);
  return submissions_;
}

}  // namespace perpetua::cluster
