// The statements of `then`: each is compared exactly with the state or the events of the step.
//
// An event is named once: two lines that say the same need two such events. A mismatch is a
// Mismatch with what is so instead; a word that the language does not know is a ScenarioError.
// Thread-safety: none.
#pragma once

#include <set>

#include "actions.hpp"
#include "facts.hpp"

namespace perpetua::scenario {

struct Mismatch {
  std::string expected;
  std::string actual;
};

class Checks {
 public:
  Checks(const World& world, Actions& actions) : world_(world), actions_(actions) {}

  void run(const Statement& statement);  // throws Mismatch
  // A new step: its events are its own.
  void begin_step() { named_events_.clear(); }

 private:
  void check_subject(Words& words);
  void check_identity(Words& words);
  void check_book(Words& words);
  void check_market(Words& words);
  void check_state(Words& words, const Fact& fact, std::size_t head_words);
  void check_event(Words& words, const std::string& subject);
  void check_count(Words& words, const std::string& subject, const std::string& verb,
                   int64_t expected);
  void check_refusal(Words& words, const std::string& subject);
  std::vector<Fact> facts_of(const std::string& subject, const std::string& verb) const;

  const World& world_;
  Actions& actions_;
  std::set<std::size_t> named_events_;
};

}  // namespace perpetua::scenario
