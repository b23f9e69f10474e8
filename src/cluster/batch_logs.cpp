#include "cluster/batch_logs.hpp"

#include <algorithm>
#include <charconv>

#include "cluster/batch_message.hpp"
#include "stores/redis/client.hpp"

namespace perpetua::cluster {

BatchNumber batch_number_of(std::string_view text) {
  BatchNumber batch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), batch);
  return error == std::errc() && end == text.data() + text.size() ? batch : 0;
}

redis::Request ask_newest(unsigned tag) {
  const std::string log = batch_log_key(tag);
  const std::string last = batch_last_key(tag);
  redis::Request request;
  request.add(log, {"XREVRANGE", log, "+", "-", "COUNT", "1"});
  request.add(last, {"GET", last});
  return request;
}

bool may_precede(const std::vector<redis::Reply>& replies, uint32_t crc_seed, uint64_t epoch,
                 BatchNumber next_batch) {
  const std::vector<redis::Reply>& entries = replies[0].elements;
  if (!entries.empty()) {
    const std::vector<redis::Reply>& entry = entries.front().elements;
    if (entry.size() != 2 || entry[1].elements.size() != 2) return false;
    BatchMessage message;
    const MessageCheck check = check_message(entry[1].elements[1].text, crc_seed, message);
    if (check == MessageCheck::foreign || check == MessageCheck::damaged) return false;
    if (message.header.epoch > epoch) return true;
    if (message.header.last_batch >= next_batch) return false;
  }
  return batch_number_of(replies[1].text) < next_batch;
}

BatchLogs::Answer BatchLogs::read(BatchNumber after) {
  const auto now = std::chrono::steady_clock::now();
  redis::Request request;
  std::vector<unsigned> asked;
  for (unsigned tag = 0; tag < kBatchTags; ++tag) {
    if (now < away_until_[tag]) continue;
    const std::string last = batch_last_key(tag);
    const std::string log = batch_log_key(tag);
    request.add(last, {"GET", last});
    request.add(log, {"XRANGE", log, std::to_string(after + 1) + "-0", "+", "COUNT",
                      std::to_string(kLogMessagesAtOnce)});
    asked.push_back(tag);
  }
  Answer answer;
  if (asked.empty()) return answer;
  redis::CallOptions call;
  call.timeout_ms = timeout_ms_;
  call.is_idempotent = true;
  const std::vector<redis::Reply> replies = client_.call(std::move(request), call);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const redis::Reply& last = replies[2 * i];
    const redis::Reply& entries = replies[2 * i + 1];
    if (last.is_error() || entries.is_error()) {
      away_until_[asked[i]] = now + std::chrono::milliseconds(kTagAwayMs);
      continue;
    }
    answer.is_answered = true;
    answer.last = std::max(answer.last, batch_number_of(last.text));
    for (const redis::Reply& entry : entries.elements) {
      const bool has_message = entry.elements.size() == 2 && entry.elements[1].elements.size() == 2;
      if (has_message) answer.messages.push_back(entry.elements[1].elements[1].text);
    }
  }
  return answer;
}

}  // namespace perpetua::cluster
