// Coverage: what a run of the differential test has reached, counted from the model's answers, so
// that a generator that has gone stale fails instead of passing for nothing. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>
#include <vector>

#include "engine/schema/batch.hpp"

namespace perpetua::model {

class Coverage {
 public:
  void count(const BatchInput& batch, const BatchOutput& output, uint32_t rounds);
  // Rare branches of the perpetual by name, with how often they were taken.
  void count(const std::map<std::string_view, uint64_t>& reached);
  void add(const Coverage& other);

  void print(std::FILE* file) const;

  // Names of what every run of some length must reach and this one has not.
  std::vector<std::string_view> missing() const;

  uint64_t commands() const { return commands_; }

 private:
  uint64_t commands_ = 0;
  uint64_t batches_ = 0;
  uint64_t replayed_ = 0;
  std::array<uint64_t, 256> codes_{};
  std::array<uint64_t, 24> reasons_{};
  std::array<uint64_t, 16> statuses_{};
  std::array<uint64_t, 64> events_{};
  std::array<uint64_t, 6> rounds_{};  // the last: that many or more
  std::array<uint64_t, 8> causes_{};  // of trades
  std::array<uint64_t, 8> changes_{};  // of positions, by cause
  std::array<uint64_t, 8> steps_{};    // of liquidations
  std::array<uint64_t, 8> modes_{};    // told by market_status
  std::array<uint64_t, 8> key_limits_{};  // that refused
  std::array<uint64_t, 8> risk_limits_{};  // likewise
  std::map<std::string_view, uint64_t> reached_;
};

}  // namespace perpetua::model
