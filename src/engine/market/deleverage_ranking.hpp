// DeleverageRanking: the candidates of auto-deleveraging on one side of a market, highest score
// first, for all bankrupt positions of one advance.
//
// A score depends on the candidate's own position and on the mark, and the mark stays for the whole
// advance. So everybody is scored once, into a heap; only who is asked for leaves it, in order; and
// who changes is scored again alone. The order is exactly that of sorting everybody anew for each
// bankrupt position. Scoring n, then O(log n) for each candidate that is looked at or changes.
// Derived state: forgotten at the next advance. Thread-safety: none (the market's thread).
#pragma once

#include <algorithm>
#include <set>
#include <vector>

#include "base/assert.hpp"
#include "engine/schema/types.hpp"

namespace perpetua {

struct Ranked {
  Int128 score = 0;
  AgentId agent = 0;

  // Highest score first, ties by agent id.
  friend bool operator<(const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.agent < b.agent;
  }
};

class DeleverageRanking {
 public:
  bool is_built() const { return is_built_; }
  void forget() { is_built_ = false; }
  void mark_changed(AgentId agent) {
    if (is_built_) changed_.push_back(agent);
  }

  // Scores agents 0 to count - 1. `score_of(agent, score)` is false for who is no candidate.
  template <class ScoreOf>
  void build(AgentId count, ScoreOf&& score_of) {
    unseen_.clear();
    ordered_.clear();
    changed_.clear();
    places_.assign(count, Place{});
    for (AgentId agent = 0; agent < count; ++agent) {
      Ranked ranked{0, agent};
      if (!score_of(agent, ranked.score)) continue;
      places_[agent] = {ranked.score, Where::unseen};
      unseen_.push_back(ranked);
    }
    std::make_heap(unseen_.begin(), unseen_.end(), is_after);
    is_built_ = true;
  }

  // Brings everybody who has changed to his place.
  template <class ScoreOf>
  void refresh(ScoreOf&& score_of) {
    for (const AgentId agent : changed_) {
      if (agent >= places_.size()) places_.resize(agent + 1);
      Place& place = places_[agent];
      if (place.where == Where::ordered) ordered_.erase({place.score, agent});
      place.where = Where::gone;  // its entry among the unseen is passed over
      Int128 score = 0;
      if (!score_of(agent, score)) continue;
      place = {score, Where::ordered};
      ordered_.insert({score, agent});
    }
    changed_.clear();
  }

  // Walks the ranking as it was at the last refresh; changes in between do not move anybody.
  class Walk {
   public:
    explicit Walk(DeleverageRanking& ranking)
        : ranking_(ranking), next_(ranking.ordered_.begin()) {}
    // False at the end.
    bool next(Ranked& ranked) {
      ranking_.reveal(next_);
      if (next_ == ranking_.ordered_.end()) return false;
      ranked = *next_++;
      return true;
    }

   private:
    DeleverageRanking& ranking_;
    std::set<Ranked>::iterator next_;
  };

 private:
  enum class Where : uint8_t { gone, unseen, ordered };
  struct Place {
    Int128 score = 0;
    Where where = Where::gone;
  };

  static bool is_after(const Ranked& a, const Ranked& b) { return b < a; }

  // Orders the best of the unseen while it belongs before `next`.
  void reveal(std::set<Ranked>::iterator& next) {
    while (!unseen_.empty() && (next == ordered_.end() || unseen_.front() < *next)) {
      std::pop_heap(unseen_.begin(), unseen_.end(), is_after);
      const Ranked best = unseen_.back();
      unseen_.pop_back();
      Place& place = places_[best.agent];
      if (place.where != Where::unseen) continue;
      place.where = Where::ordered;
      next = ordered_.insert(best).first;
      return;
    }
  }

  bool is_built_ = false;
  std::vector<Ranked> unseen_;  // a heap, the best in front
  std::set<Ranked> ordered_;    // who has been looked at, or scored again
  std::vector<Place> places_;   // [agent]
  std::vector<AgentId> changed_;
};

}  // namespace perpetua
