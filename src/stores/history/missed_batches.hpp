// MissedBatches: batches that the history was not given, or had no room for, once more. They come
// from the journal, which the stores do not know: apps joins the two.
#pragma once

#include <functional>
#include <string>

#include "engine/schema/batch.hpp"

namespace perpetua::stores {

class MissedBatches {
 public:
  virtual ~MissedBatches() = default;

  // Hands out batches up to `last`, in order, from `first` or an earlier one on, until `take`
  // returns false. Empty: done, or ended by `take`; else why they cannot be had. Takes a while and
  // the memory of an engine: for the history's own thread. REQUIRES: `last` is durable.
  virtual std::string read(BatchNumber first, BatchNumber last,
                           const std::function<bool(const AppliedBatch& batch)>& take) = 0;
};

}  // namespace perpetua::stores
