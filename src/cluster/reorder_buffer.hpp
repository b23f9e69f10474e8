// ReorderBuffer: records that came before the ones they follow, bounded. What does not fit is
// dropped: the gap before it is healed from elsewhere, and so is what follows.
//
// Thread-safety: none.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/schema/types.hpp"

namespace perpetua::cluster {

class ReorderBuffer {
 public:
  ReorderBuffer(std::size_t bytes_max, std::size_t records_max)
      : bytes_max_(bytes_max), records_max_(records_max) {}

  // False: it is there already, or does not fit.
  bool put(BatchNumber batch, std::string_view record) {
    if (bytes_ + record.size() > bytes_max_ || records_.size() >= records_max_) return false;
    if (!records_.try_emplace(batch, record).second) return false;
    bytes_ += record.size();
    return true;
  }

  // The oldest one, if it is not after `batch`; it leaves the buffer.
  std::optional<std::string> take_up_to(BatchNumber batch) {
    if (records_.empty() || records_.begin()->first > batch) return std::nullopt;
    std::string record = std::move(records_.begin()->second);
    records_.erase(records_.begin());
    bytes_ -= record.size();
    return record;
  }

  bool empty() const { return records_.empty(); }

 private:
  const std::size_t bytes_max_;
  const std::size_t records_max_;
  std::map<BatchNumber, std::string> records_;
  std::size_t bytes_ = 0;
};

}  // namespace perpetua::cluster
