#include "runtime/batch_slot.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace perpetua::runtime {

BatchSlot::BatchSlot() {
  commands.reserve(limits::kBatchCommandsMax);
  targets.reserve(limits::kBatchCommandsMax);
}

void BatchSlot::clear() {
  commands.clear();
  text.clear();
  targets.clear();
}

bool BatchSlot::append(const Submission& submission) {
  const std::string& added = submission.text;
  PERPETUA_ASSERT(added.size() <= UINT16_MAX);
  std::size_t count = 1;
  std::size_t bytes = added.size();
  if (submission.command.header.type == CommandType::consume_stream) {
    count += submission.command.consume.command_count;
    bytes += submission.command.consume.text_bytes;
  }
  if (commands.size() + count > limits::kBatchCommandsMax) return false;
  if (text.size() + bytes > limits::kBatchTextBytesMax) return false;
  Command& command = commands.emplace_back(submission.command);
  command.header.text_offset = added.empty() ? 0 : static_cast<uint32_t>(text.size());
  command.header.text_length = static_cast<uint16_t>(added.size());
  text.append(added);
  targets.push_back(submission.target);
  return true;
}

void BatchSlot::stamp(const Engine& engine, int64_t now_ms) {
  number = engine.last_batch() + 1;
  first_event = engine.next_event_sequence();
  log_time_ms = std::max(engine.log_time_ms(), now_ms);
}

AppliedBatch BatchSlot::applied() const {
  return {number, log_time_ms, output.first_event, commands, output.outcomes, output.events, text};
}

}  // namespace perpetua::runtime
