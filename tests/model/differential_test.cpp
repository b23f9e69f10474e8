#include <gtest/gtest.h>

#include <numeric>

#include "session.hpp"

namespace perpetua::model {
namespace {

// About 300,000 commands; `differential` runs as many as wanted. These seeds reach everything that
// the coverage asks for; others may miss what is rare: 85 fills a market with orders, 21 an agent
// with keys, 3 spends a budget, in 24 somebody cannot pay funding, 36 settles a fund, in 22 the
// limit of a key stops a trigger, in 576 a slice leaves a position beyond the book.
std::vector<uint64_t> seeds() {
  std::vector<uint64_t> all(30);
  std::iota(all.begin(), all.end(), 301);
  all.insert(all.end(), {3, 21, 22, 24, 36, 85, 576});
  return all;
}

TEST(Differential, engine_and_model_agree_on_every_outcome_and_event) {
  constexpr uint64_t kCommands = 10'000;
  Coverage coverage;
  for (const uint64_t seed : seeds()) {
    SCOPED_TRACE(seed);
    Session session(seed);
    ASSERT_EQ(session.run(kCommands), "");
    coverage.add(session.coverage());
  }
  for (const std::string_view name : coverage.missing()) {
    ADD_FAILURE() << "never reached: " << name;
  }
}

}  // namespace
}  // namespace perpetua::model
