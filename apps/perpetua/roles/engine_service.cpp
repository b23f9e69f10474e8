#include "roles/engine_service.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "journal_setup.hpp"
#include "metric_families.hpp"
#include "redis_setup.hpp"
#include "roles/replica_metrics.hpp"
#include "roles/unheard_leader.hpp"
#include "serve.hpp"
#include "server_setup.hpp"

namespace perpetua::app {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{200};  // at a journal not begun yet, at a leader not heard

int64_t ms_since(Clock::time_point then) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - then).count();
}

}  // namespace

EngineService::EngineService(const Settings& settings, std::string data_dir)
    : settings_(settings), data_dir_(std::move(data_dir)), client_(redis_options(settings)) {
  start_client(client_);
}

EngineService::~EngineService() { stop(); }

void EngineService::start() {
  thread_ = std::thread([this] { run(); });
}

int EngineService::stop() {
  {
    const std::lock_guard guard(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  client_.stop();
  if (!failure_.empty()) return kExitCannotStart;
  if (has_lost_replica_) return kExitReplicaFailed;
  return is_clean_ ? 0 : kExitUncleanStop;
}

void EngineService::run() {
  try {
    serve_terms();
  } catch (const std::exception& error) {
    failure_ = error.what();
    spdlog::error("the engine cannot go on: {}", failure_);
    ::kill(::getpid(), SIGTERM);
  }
}

void EngineService::ring() {
  const std::lock_guard guard(mutex_);
  wake_.notify_all();
}

bool EngineService::is_stopping() const {
  const std::lock_guard guard(mutex_);
  return is_stopping_;
}

template <class Condition>
void EngineService::wait_until(const Condition& condition) {
  std::unique_lock guard(mutex_);
  wake_.wait(guard, [&] { return is_stopping_ || condition(); });
}

void EngineService::show(Phase phase) {
  const std::lock_guard guard(mutex_);
  phase_ = phase;
}

void EngineService::serve_terms() {
  milliseconds patience{0};
  while (!is_stopping() && !has_lost_replica_) {
    std::unique_ptr<EngineTerm> term = stand_by(patience);
    if (term != nullptr) lead(std::move(term));
    patience = milliseconds(kHandoverPatienceMs);
  }
}

std::unique_ptr<LeadAttempt> EngineService::attempt_to_lead(milliseconds patience) {
  journal::postgres::TableOptions options = leader_options(settings_);
  options.on_handover = [this] {
    const std::lock_guard guard(mutex_);
    is_handover_asked_ = true;
    wake_.notify_all();
  };
  return std::make_unique<LeadAttempt>(std::move(options), patience, [this] { ring(); });
}

void EngineService::follow(std::unique_ptr<Replica> replica) {
  if (!replica->open([this] { return is_stopping(); })) return;
  const auto result = replica->recover(0, nullptr);
  if (!result.status.ok()) throw std::runtime_error(result.status.message);
  replica->bootstrap();
  replica->follow({});
  spdlog::info("standing by at batch {}", replica->follower().last_batch());
  const std::lock_guard guard(mutex_);
  replica_ = std::move(replica);
  phase_ = Phase::standby;
}

// Until the lock is this engine's, or it is time to stop.
void EngineService::await_lock(const LeadAttempt& attempt) {
  UnheardLeader unheard(client_, journal_url(settings_));
  std::unique_lock guard(mutex_);
  while (!wake_.wait_for(guard, kLook, [&] { return is_stopping_ || attempt.has_ended(); })) {
    if (replica_ == nullptr) continue;
    const cluster::BatchFeedStatus seen = replica_->feed_status();
    guard.unlock();
    unheard.look(seen);
    guard.lock();
  }
}

// Null: it is time to stop. An engine that is not warm yet leaves the lock to those that are; where
// no exchange is yet, the first to have the lock makes it.
std::unique_ptr<EngineTerm> EngineService::stand_by(milliseconds patience) {
  auto made = std::make_unique<Replica>(settings_, data_dir_, client_, 0);
  std::unique_ptr<LeadAttempt> attempt;
  while (!made->has_exchange()) {
    if (attempt == nullptr) attempt = attempt_to_lead(patience);
    std::unique_lock guard(mutex_);
    wake_.wait_for(guard, kLook, [&] { return is_stopping_ || attempt->has_ended(); });
    if (is_stopping_) return nullptr;
    if (attempt->has_ended()) break;
  }
  const bool is_warm = attempt == nullptr || !attempt->has_ended();
  if (is_warm) follow(std::move(made));
  if (attempt == nullptr) attempt = attempt_to_lead(patience);
  await_lock(*attempt);
  std::unique_ptr<Replica> replica;
  {
    const std::lock_guard guard(mutex_);
    replica = std::move(replica_);
    phase_ = Phase::starting;
    has_lost_replica_ = replica != nullptr && replica->feed_status().has_failed;
    if (is_stopping_ || has_lost_replica_) return nullptr;
  }
  auto term = std::make_unique<EngineTerm>(settings_, data_dir_, client_, attempt->take());
  if (is_warm) {
    term->begin_warm(replica->release());
  } else {
    term->begin_cold();
  }
  term->start();
  const std::lock_guard guard(mutex_);
  takeover_ms_ = ms_since(attempt->ended_at());
  spdlog::info("leading epoch {} from batch {}, {} ms after the lock ({})", term->epoch(),
               term->last_batch(), takeover_ms_, is_warm ? "warm" : "cold");
  return term;
}

void EngineService::lead(std::unique_ptr<EngineTerm> term) {
  EngineTerm* const leading = term.get();
  {
    const std::lock_guard guard(mutex_);
    term_ = std::move(term);
    phase_ = Phase::leader;
    ++terms_;
  }
  wait_until([this] { return is_handover_asked_; });
  const auto begun = Clock::now();
  show(Phase::starting);
  is_clean_ = leading->finish();
  std::unique_ptr<EngineTerm> ended;
  {
    const std::lock_guard guard(mutex_);
    ended = std::move(term_);
    if (is_handover_asked_) ++handovers_;
    is_handover_asked_ = false;
  }
  spdlog::info("handed over after epoch {}, batch {} in {} ms", ended->epoch(), ended->last_batch(),
               ms_since(begun));
}

bool EngineService::is_ready(std::string& why_not) const {
  const std::lock_guard guard(mutex_);
  switch (phase_) {
    case Phase::leader:
      return term_->is_ready(why_not);
    case Phase::standby:
      return replica_->is_following(why_not);
    case Phase::starting:
      why_not = "the engine is starting";
      return false;
  }
  return false;
}

std::string EngineService::degraded() const {
  const std::lock_guard guard(mutex_);
  if (phase_ == Phase::leader) return {};
  return "this engine is a standby";
}

BatchNumber EngineService::applied_batch() const {
  const std::lock_guard guard(mutex_);
  if (phase_ == Phase::leader) return term_->last_batch();
  return phase_ == Phase::standby ? replica_->follower().last_batch() : 0;
}

std::vector<prometheus::MetricFamily> EngineService::Collect() const {
  const std::lock_guard guard(mutex_);
  std::vector<prometheus::MetricFamily> families;
  MetricFamilies out;
  out.gauge("perpetua_cluster_leader", "1: this engine leads", phase_ == Phase::leader);
  out.counter("perpetua_cluster_terms_total", "leaderships of this process", terms_);
  out.counter("perpetua_cluster_handovers_total", "of those, ended by a request", handovers_);
  if (takeover_ms_ >= 0) {
    out.gauge("perpetua_cluster_takeover_ms", "from the lock to the first command, last time",
              static_cast<uint64_t>(takeover_ms_));
  }
  if (phase_ == Phase::leader) {
    out.gauge("perpetua_cluster_epoch", "of the newest batch", term_->epoch());
    term_->add_metrics(families);
  } else if (phase_ == Phase::standby) {
    add_replica_metrics(out, *replica_);
  }
  add_client_metrics(out, client_);
  for (auto& family : out.take()) families.push_back(std::move(family));
  return families;
}

}  // namespace perpetua::app
