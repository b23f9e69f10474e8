// Egress: what leaves the exchange, after the batch it belongs to is durable.
//
// The egress thread calls every listener for every batch, in registration order, in batch order.
// The hot store comes first, so whoever reads after a reply sees its effect. A listener must not
// block: slow consumers keep a bounded queue of their own.
#pragma once

#include <span>

#include "engine/schema/batch.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::runtime {

class EgressListener {
 public:
  virtual ~EgressListener() = default;

  // `targets` has one entry per command; the views live until the call returns.
  virtual void on_batch(const AppliedBatch& batch, std::span<const ReplyTarget> targets) = 0;
};

}  // namespace perpetua::runtime
