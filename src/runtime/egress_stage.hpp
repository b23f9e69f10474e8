// EgressStage: hands each batch to the listeners once it is applied and durable. One thread.
//
// The gate of the exchange: nothing leaves before its batch is on the disk (invariant 8, asserted
// here for every batch). Listeners are called in registration order, batch by batch, and get whole
// batches, so that they wake their own readers once per batch.
//
// Thread-safety: run() on one thread. It returns when nothing will become durable any more and all
// that is durable has been handed out.
#pragma once

#include <span>
#include <vector>

#include "runtime/api/egress.hpp"
#include "runtime/pipeline.hpp"

namespace perpetua::runtime {

class EgressStage {
 public:
  EgressStage(Pipeline& pipeline, std::vector<EgressListener*> listeners);

  void run();

 private:
  void release(BatchNumber number);

  Pipeline& pipeline_;
  std::vector<EgressListener*> listeners_;
};

}  // namespace perpetua::runtime
