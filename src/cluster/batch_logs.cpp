#include "cluster/batch_logs.hpp"

#include <algorithm>
#include <charconv>

#include "stores/redis/client.hpp"

namespace perpetua::cluster {

BatchNumber batch_number_of(std::string_view text) {
  BatchNumber batch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), batch);
  return error == std::errc() && end == text.data() + text.size() ? batch : 0;
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
