// Properties: what must hold of a perpetual after every batch, whatever the random commands were.
// Checked on the events (equal to the engine's, the session has compared them) and on the model's
// positions; written without the model's rules.
//
//   funding      charges less credits of an hour: not below zero, below the number of positions
//   deleveraging closes only who had a position, and one opposite to the bankrupt's
//   liquidation  never grows or turns a position; none of a position that covers its maintenance
//   solvency     after an advance of a live market no position is worth less than nothing
//   prices       a liquidation price lies on the losing side of the mark, at its exact tick
//   protection   who has no position has no protective trigger
//
// Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model.hpp"

namespace perpetua::model {

class Properties {
 public:
  // What is broken; empty if nothing is. REQUIRES: `model` has just applied the batch.
  std::string check(const BatchOutput& output, const Model& model);

 private:
  std::string check_event(const Event& event);
  std::string check_change(const Event& event);
  std::string check_positions(const Perpetual& market) const;

  std::map<std::pair<MarketId, AgentId>, int64_t> bases_;  // by events
};

}  // namespace perpetua::model
