// The record behind the funding replay: a venue's perpetual, one close a minute, and the rate it
// charged for each hour. And how two series of rates compare.
//
// Thread-safety: pure functions. Errors: std::runtime_error with the line.
#pragma once

#include <string>
#include <vector>

#include "base/units.hpp"

namespace perpetua::replay {

struct Hour {
  std::string name;                  // "2022-01-01 00", UTC
  int64_t rate_ppb = 0;              // paid at its end
  std::vector<int64_t> close_cents;  // of its 60 minutes
};

// File: a header, then hour,rate_ppb,closes parted by blanks.
std::vector<Hour> read_hours(const std::string& file);

struct Comparison {
  double correlation = 0;
  double mean_error_ppb = 0;  // ours - theirs
  double mean_absolute_ppb = 0;
  double max_absolute_ppb = 0;
  double same_sign_percent = 0;  // of the hours in which both have a sign
};
// REQUIRES: same size, not empty.
Comparison compare(const std::vector<double>& ours, const std::vector<double>& theirs);

}  // namespace perpetua::replay
