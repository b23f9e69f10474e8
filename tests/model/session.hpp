// Session: one run of the differential test. A model and several engines eat the same random
// batches; after each batch outcomes, events and money must agree byte for byte, now and then also
// state hashes, saved states and full invariant scans.
//
// The engines: inline, 2 and 4 matcher threads, and a copy that is made by save and load in
// mid-stream again and again. Single-threaded apart from the executors' threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coverage.hpp"
#include "engine/engine.hpp"
#include "generator.hpp"
#include "properties.hpp"
#include "thread_executor.hpp"

namespace perpetua::model {

class Session {
 public:
  explicit Session(uint64_t seed);

  // Runs about `commands` commands. The report of the first difference; empty if there is none.
  std::string run(uint64_t commands);

  // The batch that is being worked on, for the report of an assertion that failed.
  std::string describe_batch() const;

  const Coverage& coverage() const { return coverage_; }
  uint64_t state_hash() const { return subjects_.front().engine->state_hash(); }

 private:
  struct Subject {
    std::string name;
    std::unique_ptr<MatchExecutor> executor;
    std::unique_ptr<Engine> engine;
    BatchOutput output;
  };

  std::string run_batch(const BatchInput& batch);
  bool money_adds_up();
  bool funds_are_told();
  std::string check_description(const Engine& engine) const;
  std::string compare(const BatchInput& batch, const Subject& subject) const;
  std::string check_states();
  std::string report(const std::string& what) const;
  std::string report_batch(const BatchInput& batch, AgentId agent) const;

  uint64_t seed_;
  Random random_;
  Generator generator_;
  Model model_;
  BatchOutput expected_;
  Wide deposited_ = 0;  // less what was withdrawn
  std::map<MarketId, FundChanged> told_funds_;  // by events
  Properties properties_;
  std::vector<Subject> subjects_;
  Coverage coverage_;
  BatchInput batch_;
  BatchNumber next_check_ = 1;
};

}  // namespace perpetua::model
