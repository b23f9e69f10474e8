#include "stores/redis/core.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <utility>

#include "base/assert.hpp"
#include "stores/redis/tls.hpp"

namespace perpetua::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTickEvery{10};
constexpr int64_t kNsPerMs = 1'000'000;
constexpr auto kRelaxed = std::memory_order_relaxed;

// What one round sends to one node.
struct Plan {
  Node* node = nullptr;
  Slice slice;
};

Slice& slice_for(std::vector<Plan>& plans, Node* node, const std::shared_ptr<Batch>& batch) {
  for (Plan& plan : plans) {
    if (plan.node == node) return plan.slice;
  }
  plans.push_back({node, {batch, {}}});
  return plans.back().slice;
}

}  // namespace

// Where the commands of one round go. Nodes stay where they are during a round.
class Core::Router {
 public:
  Router(Core& core, const Batch& batch) : core_(core), batch_(batch) {
    const Endpoint& named = batch.options().node;
    if (!core.options.is_cluster) {
      fixed_ = &core.pool_.get(core.options.endpoints.front());
    } else if (!named.host.empty()) {
      fixed_ = &core.pool_.get(named);
    }
  }

  // Null: no node owns the slot.
  Node* node_for(uint32_t command) {
    if (fixed_ != nullptr) return fixed_;
    const Batch::Detour* const detour = batch_.detour(command);
    if (detour != nullptr) return &core_.pool_.get(detour->target);
    const uint16_t slot = batch_.request().slot(command);
    return slot == kAnyNode ? any_node() : core_.slot_nodes_[slot];
  }

 private:
  Node* any_node() {
    if (any_ == nullptr) {
      const auto endpoint = core_.some_node();
      if (endpoint) any_ = &core_.pool_.get(*endpoint);
    }
    return any_;
  }

  Core& core_;
  const Batch& batch_;
  Node* fixed_ = nullptr;
  Node* any_ = nullptr;
};

Core::Core(Options o)
    : options(std::move(o)), pool_({io, nullptr, options, counters}, *this), slot_nodes_(kSlots) {
  PERPETUA_ASSERT(!options.endpoints.empty() && options.connections_per_node > 0);
}

Core::~Core() { stop(); }

bool Core::start(std::string& error, std::function<void(const Notice&)> on_notice) {
  PERPETUA_ASSERT(!thread_.joinable());
  if (options.use_tls) {
    tls_ = make_tls_context(options, error);
    if (tls_ == nullptr) return false;
    pool_.use_tls(*tls_);
  }
  on_notice_ = std::move(on_notice);
  work_.emplace(io.get_executor());
  {
    const std::lock_guard lock(inbox_mutex_);
    is_accepting_ = true;
  }
  asio::post(io, [this] {
    for (const Endpoint& endpoint : options.endpoints) pool_.get(endpoint);
    publish_health();
    if (options.is_cluster) asio::co_spawn(io, keep_topology(), asio::detached);
  });
  thread_ = std::thread([this] { io.run(); });
  return true;
}

void Core::stop() {
  if (!thread_.joinable()) return;
  PERPETUA_ASSERT(!is_own_thread());
  {
    const std::lock_guard lock(inbox_mutex_);
    is_accepting_ = false;
  }
  asio::post(io, [this] { shut_down(); });
  thread_.join();
}

void Core::shut_down() {
  drain();
  while (!active_.empty()) finish(*active_.front(), Failure::stopped);
  pool_.close();
  listeners_.clear();
  tick_timer_.cancel();
  refresh_timer_.cancel();
  {
    const std::lock_guard lock(health_mutex_);
    health_ = Health();
  }
  work_.reset();
  io.stop();  // a name being resolved would hold it up
}

bool Core::reserve(const Request& request) {
  const uint64_t commands = counters.pending_commands.fetch_add(request.size(), kRelaxed);
  const uint64_t bytes = counters.pending_bytes.fetch_add(request.bytes(), kRelaxed);
  if (commands + request.size() <= options.commands_max &&
      bytes + request.bytes() <= options.bytes_max) {
    return true;
  }
  counters.pending_commands.fetch_sub(request.size(), kRelaxed);
  counters.pending_bytes.fetch_sub(request.bytes(), kRelaxed);
  counters.overloaded.fetch_add(request.size(), kRelaxed);
  return false;
}

Submit Core::submit(Request request, const CallOptions& call, Callback callback) {
  PERPETUA_ASSERT(!request.empty() && callback != nullptr);
  if (!reserve(request)) return Submit::overloaded;
  const int64_t timeout_ms = call.timeout_ms > 0 ? call.timeout_ms : options.request_timeout_ms;
  auto batch = std::make_shared<Batch>(counters, std::move(request), call, std::move(callback),
                                       monotonic_ns() + timeout_ms * kNsPerMs);
  bool is_first = false;
  {
    const std::lock_guard lock(inbox_mutex_);
    if (!is_accepting_) return Submit::stopped;
    is_first = inbox_.empty();
    inbox_.push_back(std::move(batch));
  }
  if (is_first) asio::post(io, [this] { drain(); });
  return Submit::accepted;
}

void Core::run_inside(const std::function<void()>& work) {
  if (is_own_thread()) return work();
  const auto promise = std::make_shared<std::promise<void>>();
  {
    // What is posted before shut_down() runs before it.
    const std::lock_guard lock(inbox_mutex_);
    if (!is_accepting_) return;
    asio::post(io, [&work, promise] {
      work();
      promise->set_value();
    });
  }
  promise->get_future().wait();
}

void Core::drain() {
  std::vector<std::shared_ptr<Batch>> arrived;
  {
    const std::lock_guard lock(inbox_mutex_);
    arrived.swap(inbox_);
  }
  for (auto& batch : arrived) adopt(std::move(batch));
}

void Core::adopt(std::shared_ptr<Batch> batch) {
  batch->set_owner(*this);
  batch->follows_redirects = options.is_cluster && batch->options().node.host.empty();
  active_.push_front(std::move(batch));
  active_.front()->position = active_.begin();
  arm_tick();
  dispatch(*active_.front());
}

void Core::dispatch(Batch& batch) {
  const std::shared_ptr<Batch> keep = batch.shared_from_this();
  batch.begin_round();
  std::vector<Plan> plans;
  std::vector<uint32_t> homeless;
  Router router(*this, batch);
  const auto count = static_cast<uint32_t>(batch.request().size());
  for (uint32_t command = 0; command < count; ++command) {
    if (batch.state(command) != Batch::State::waiting) continue;
    Node* const node = router.node_for(command);
    if (node == nullptr) {
      homeless.push_back(command);
      continue;
    }
    const Batch::Detour* const detour = batch.detour(command);
    Slice& slice = slice_for(plans, node, keep);
    slice.entries.push_back({command, detour != nullptr && detour->is_asking});
  }
  for (Plan& plan : plans) plan.node->pick(batch.options().lane).send(std::move(plan.slice));
  for (const uint32_t command : homeless) batch.on_not_sent(command, "no node owns the key's slot");
  if (!homeless.empty()) refresh_soon();
  batch.end_one();
}

void Core::round_ended(Batch& batch) {
  const int64_t now_ns = monotonic_ns();
  if (!batch.has_waiting() || batch.is_fail_fast || now_ns >= batch.deadline_ns) {
    return finish(batch, Failure::unavailable);
  }
  if (!batch.is_pause_due()) return dispatch(batch);
  batch.retry_at_ns = now_ns + batch.next_pause_ms(random_) * kNsPerMs;
}

void Core::finish(Batch& batch, Failure of_waiting) {
  const std::shared_ptr<Batch> keep = batch.shared_from_this();
  active_.erase(batch.position);
  batch.finish(of_waiting);
}

// Ticks only while something is owed: an idle client sleeps.
void Core::arm_tick() {
  if (is_tick_armed_) return;
  is_tick_armed_ = true;
  tick_timer_.expires_after(kTickEvery);
  tick_timer_.async_wait([this](const error_code& code) {
    if (!code) tick();
  });
}

void Core::tick() {
  is_tick_armed_ = false;
  const int64_t now_ns = monotonic_ns();
  for (auto entry = active_.begin(); entry != active_.end();) {
    Batch& batch = **entry++;  // both calls may take it out of the list, and no other
    if (now_ns >= batch.deadline_ns) {
      finish(batch, Failure::unavailable);
    } else if (batch.retry_at_ns != 0 && now_ns >= batch.retry_at_ns) {
      dispatch(batch);
    }
  }
  const bool is_owing = pool_.close_stalled(now_ns - options.stall_timeout_ms * kNsPerMs);
  if (is_owing || !active_.empty()) arm_tick();
}

Health Core::health() const {
  const std::lock_guard lock(health_mutex_);
  return health_;
}

std::vector<Endpoint> Core::masters() const {
  const std::lock_guard lock(health_mutex_);
  return masters_;
}

}  // namespace perpetua::redis
