#include "stores/projection/projector.hpp"

#include <charconv>

#include "stores/account_state.hpp"

namespace perpetua::projection {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kBeatEvery{300};
constexpr std::chrono::milliseconds kRetryPauseMin{10};  // beside the client's own back-off
constexpr std::chrono::milliseconds kRetryPauseMax{500};
constexpr std::size_t kKeysNamedMax = 64;  // in messages; of more changes only that there are
constexpr std::chrono::milliseconds kStopRepairMax{3'000};
constexpr int64_t kProbeTimeoutMs = 100;
constexpr std::size_t kTimesMax = 1u << 14;  // batches whose lag is measured at once

// "evicted_keys:12" of INFO stats; 0 if it is not there.
uint64_t evicted_keys(const std::string& info) {
  constexpr std::string_view kName = "evicted_keys:";
  const std::size_t found = info.find(kName);
  uint64_t value = 0;
  if (found == std::string::npos) return value;
  std::from_chars(info.data() + found + kName.size(), info.data() + info.size(), value);
  return value;
}

}  // namespace

Projector::Projector(redis::Client& client, const stores::HotStore& hot,
                     const ProjectorOptions& options, IntentArchive archive)
    : client_(client),
      hot_(hot),
      options_(options),
      groups_(options.groups),
      markers_(groups_, options.writer),
      writer_(hot, groups_, markers_, std::move(archive)),
      repair_(client, hot, groups_, options.write_timeout_ms) {}

Projector::~Projector() { stop(); }

void Projector::start() {
  for (AgentId after = 0;;) {
    const auto page = hot_.agents(after, stores::hot_limits::kPageMax);
    for (const AgentView& agent : page) {
      after = agent.id;
      for (const OrderView& intent : stores::open_intents(hot_, agent.id)) {
        collector_.add_open_intent(intent.order_id);
      }
    }
    if (page.empty()) break;
  }
  collected_ = hot_.applied_batch();
  thread_ = std::thread([this] { run(); });
}

void Projector::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Projector::apply(const AppliedBatch& batch) {
  {
    const std::lock_guard lock(mutex_);
    collector_.collect(batch, waiting_);
    if (waiting_.size() > kTouchedMax) {
      TouchedKeys all;
      all.merge(waiting_);
      waiting_ = std::move(all);
    }
    collected_ = batch.number;
    if (waiting_times_.size() < kTimesMax) waiting_times_.push_back(Clock::now());
  }
  wake_.notify_one();
}

void Projector::suspect() {
  {
    const std::lock_guard lock(mutex_);
    is_suspect_ = true;
  }
  is_whole_.store(false, std::memory_order_release);
  wake_.notify_one();
}

ProjectorStatus Projector::status() const {
  const std::lock_guard lock(mutex_);
  ProjectorStatus status = status_;
  status.collected = collected_;
  status.is_whole = is_whole();
  return status;
}

void Projector::run() {
  auto pause = kRetryPauseMin;
  while (wait_for_work()) {
    take_waiting();
    if (look_for_losses() && write_once()) {
      pause = kRetryPauseMin;
      beat();
      continue;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, pause, [&] { return is_stopping_; });
    pause = std::min(pause * 2, kRetryPauseMax);
  }
  // What is left behind should be whole: nobody looks after it until the next start.
  take_waiting();
  next_check_ = {};
  const auto end = Clock::now() + kStopRepairMax;
  while (look_for_losses() && write_once() && repair_.has_work() && Clock::now() < end) {
  }
}

redis::CallOptions Projector::call_options() const {
  redis::CallOptions options;
  options.timeout_ms = options_.write_timeout_ms;
  options.is_idempotent = true;
  options.lane = 0;
  return options;
}

bool Projector::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto has_work = [&] { return is_stopping_ || is_suspect_ || collected_ > work_batch_; };
  if (!repair_.has_work() && work_.is_empty() && overlong_.empty()) {
    wake_.wait_for(lock, kTick, has_work);
    wake_.wait_until(lock, next_write_, [&] { return is_stopping_ || is_suspect_; });
  }
  next_write_ = Clock::now() + std::chrono::milliseconds(options_.write_every_ms);
  return !is_stopping_;
}

void Projector::take_waiting() {
  TouchedKeys taken;
  {
    const std::lock_guard lock(mutex_);
    std::swap(taken, waiting_);
    work_batch_ = collected_;
    if (work_times_.size() < kTimesMax) {
      work_times_.insert(work_times_.end(), waiting_times_.begin(), waiting_times_.end());
    }
    waiting_times_.clear();
    if (is_suspect_) next_check_ = {};
    is_suspect_ = false;
  }
  if (work_.is_empty()) {
    work_ = std::move(taken);
  } else {
    work_.merge(taken);
  }
  if (work_.is_everything) {
    lose_everything();
    work_.is_everything = false;
  }
  work_.normalise();
}

bool Projector::look_for_losses() {
  const auto now = Clock::now();
  if (now >= next_check_) {
    const auto replies = client_.call(markers_.check(), call_options());
    for (const redis::Reply& reply : replies) {
      if (!reply.is_error()) continue;
      refuse(reply);
      return false;
    }
    markers_.accept_check(replies);
    if (find_evictions()) lose_everything();
    next_check_ = now + std::chrono::milliseconds(options_.check_every_ms);
  }
  repair_.take_up(markers_);
  return true;
}

void Projector::lose_everything() {
  for (unsigned group = 0; group < groups_.count(); ++group) markers_.lose(group);
}

// A node that evicts drops any key, so everything it may have held is written again.
bool Projector::find_evictions() {
  std::vector<std::pair<redis::Endpoint, uint64_t>> seen;
  bool has_evicted = false;
  for (const redis::Endpoint& node : client_.masters()) {
    redis::Request request;
    request.add("", {"INFO", "stats"});
    redis::CallOptions options;
    options.timeout_ms = kProbeTimeoutMs;  // a node that is away is found out by the writes
    options.node = node;
    const auto replies = client_.call(std::move(request), options);
    if (!replies.front().is_string()) continue;
    seen.emplace_back(node, evicted_keys(replies.front().text));
    for (const auto& [known, count] : evictions_) {
      if (known == node && seen.back().second > count) has_evicted = true;
    }
  }
  evictions_ = std::move(seen);
  return has_evicted;
}

bool Projector::write_once() {
  writer_.begin();
  redis::Reply error;
  if (repair_.has_work() && !repair_.step(writer_, error)) {
    refuse(error);
    return false;
  }
  for (const auto& [agent, intents] : overlong_) writer_.drop_intents(agent, intents);
  writer_.write(work_);
  redis::Request& request = writer_.finish();
  if (!request.empty()) {
    {
      const std::lock_guard lock(mutex_);
      ++status_.requests;
      status_.commands += request.size();
    }
    const auto replies = client_.call(request, call_options());
    for (const redis::Reply& reply : replies) {
      if (!reply.is_error()) continue;
      refuse(reply);
      return false;
    }
    accept(replies);
  } else {
    repair_.commit();  // a step that found nothing to write
    overlong_.clear();
  }
  acknowledge();
  return true;
}

void Projector::accept(const std::vector<redis::Reply>& replies) {
  markers_.accept(replies);
  repair_.commit();
  overlong_ = writer_.overlong(replies);
  for (const AgentId agent : writer_.forgotten()) repair_.add_agent(agent);
  publish(writer_.changed_keys());
}

void Projector::refuse(const redis::Reply& error) {
  markers_.fail();
  repair_.abort();
  // Somebody has put another type in a key's place: everything is written again, deleting first.
  if (error.text.starts_with("WRONGTYPE")) {
    lose_everything();
    writer_.replace_hashes(true);
    work_.agents.clear();
    work_.holdings.clear();
    work_.intents.clear();
  }
  is_whole_.store(false, std::memory_order_release);
  const std::lock_guard lock(mutex_);
  ++status_.failures;
  status_.is_writing = false;
  status_.last_error = error.text;
}

// After the answer to the data, so whoever hears it reads the new state.
void Projector::publish(const std::vector<Sha256>& keys) {
  if (keys.empty()) return;
  if (key_listener_) key_listener_(keys);
  redis::Request request;
  if (keys.size() > kKeysNamedMax) {
    request.add("", {"PUBLISH", kKeyChannel, kKeyReset});
  } else {
    for (const Sha256& key : keys) request.add("", {"PUBLISH", kKeyChannel, hex_of(key)});
  }
  client_.submit(std::move(request), {}, [](std::vector<redis::Reply>&&) {});
}

void Projector::beat() {
  const auto now = Clock::now();
  if (now < next_beat_) return;
  next_beat_ = now + kBeatEvery;
  redis::Request request;
  request.add("", {"PUBLISH", kKeyChannel, kKeyHeartbeat});
  client_.submit(std::move(request), {}, [](std::vector<redis::Reply>&&) {});
}

void Projector::acknowledge() {
  work_.clear();
  if (!repair_.is_walking()) writer_.replace_hashes(false);
  const auto now = Clock::now();
  for (const auto since : work_times_) {
    lag_.add(std::chrono::duration_cast<std::chrono::microseconds>(now - since).count());
  }
  work_times_.clear();
  bool has_risen = false;
  {
    const std::lock_guard lock(mutex_);
    status_.is_writing = true;
    status_.losses = markers_.losses();
    status_.agents_rewritten = repair_.agents_rewritten();
    has_risen = work_batch_ > status_.acknowledged;
    status_.acknowledged = work_batch_;
    const bool is_whole = !is_suspect_ && markers_.lost_count() == 0 && !repair_.has_work();
    is_whole_.store(is_whole, std::memory_order_release);
  }
  if (has_risen && listener_) listener_(work_batch_);
}

}  // namespace perpetua::projection
