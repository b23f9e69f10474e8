// EngineService: the role engine. A warm standby that follows the journal and waits for its lock;
// with the lock, the leader; after a hand-over a standby again, in the same process.
//
//   start()   on a thread of its own; a failure ends the process by SIGTERM to itself
//   stop()    a leader hands over, then ends; returns what the process should exit with
//
// A leader that loses its leadership against its will ends the process at once (exit code 75).
// Thread-safety: one owner; is_ready(), degraded() and Collect() by any thread.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "roles/engine_term.hpp"
#include "roles/lead_attempt.hpp"
#include "roles/replica.hpp"

namespace perpetua::app {

// After a hand-over this engine leaves the lock to others for so long.
inline constexpr int64_t kHandoverPatienceMs = 2'000;

class EngineService final : public prometheus::Collectable {
 public:
  EngineService(const Settings& settings, std::string data_dir);
  ~EngineService() override;

  void start();
  int stop();

  bool is_ready(std::string& why_not) const;
  std::string degraded() const;
  BatchNumber applied_batch() const;  // 0 while it starts
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  enum class Phase : uint8_t { starting, standby, leader };

  void run();
  void serve_terms();
  std::unique_ptr<EngineTerm> stand_by(std::chrono::milliseconds patience);
  std::unique_ptr<LeadAttempt> attempt_to_lead(std::chrono::milliseconds patience);
  void await_lock(const LeadAttempt& attempt);
  void follow(std::unique_ptr<Replica> replica);
  void lead(std::unique_ptr<EngineTerm> term);
  void ring();
  bool is_stopping() const;
  template <class Condition>
  void wait_until(const Condition& condition);
  void show(Phase phase);

  const Settings& settings_;
  const std::string data_dir_;
  redis::Client client_;

  mutable std::mutex mutex_;  // what other threads see
  std::condition_variable wake_;
  bool is_stopping_ = false;
  bool is_handover_asked_ = false;
  Phase phase_ = Phase::starting;
  std::unique_ptr<Replica> replica_;  // of a standby
  std::unique_ptr<EngineTerm> term_;  // of a leader
  uint64_t terms_ = 0;
  uint64_t handovers_ = 0;
  int64_t takeover_ms_ = -1;

  std::string failure_;  // of the service's thread
  bool is_clean_ = true;
  bool has_lost_replica_ = false;
  std::thread thread_;
};

}  // namespace perpetua::app
