// What a drill shows: a series over time and the figures of the whole run.
//
// Wall times are those of Engine::apply for the batch of one price, nothing else in it.
// Thread-safety: none. Errors: std::runtime_error if a file cannot be written.
#pragma once

#include <string>
#include <vector>

#include "crash_drill/population.hpp"

namespace perpetua::drill {

class Report {
 public:
  explicit Report(Exchange& exchange) : exchange_(exchange) {}

  // The last batch of the exchange was a price.
  void add_batch();
  void add_row(const Population& population, const Makers& makers);
  // folder/series.csv, folder/summary.csv, and the summary on standard output.
  void write(const std::string& folder, const std::string& first_minute);

 private:
  struct Row {
    int64_t at_ms = 0;
    Price index, mark;
    Micro agents, makers, fund_equity, fund_cash, bad_debt;
    uint64_t open_positions = 0;
    Counters counters;  // since the beginning
  };
  struct Times {
    std::vector<int64_t> ns;
    void add(std::string& text, const std::string& name);
  };

  void write_series(const std::string& file) const;
  std::string summary(const std::string& first_minute);

  Exchange& exchange_;
  std::vector<Row> rows_;
  Times all_, quiet_, liquidating_, deleveraging_;
  uint64_t fewest_positions_ = UINT64_MAX;
  Counters before_;
};

}  // namespace perpetua::drill
