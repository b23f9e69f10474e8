#include <gtest/gtest.h>

#include "session.hpp"

namespace perpetua::model {
namespace {

// About 300,000 commands; `differential` runs as many as wanted. These seeds reach everything that
// the coverage asks for; another window of thirty may miss what is rare.
TEST(Differential, engine_and_model_agree_on_every_outcome_and_event) {
  constexpr uint64_t kFirstSeed = 204, kSessions = 30, kCommands = 10'000;
  Coverage coverage;
  for (uint64_t seed = kFirstSeed; seed < kFirstSeed + kSessions; ++seed) {
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
