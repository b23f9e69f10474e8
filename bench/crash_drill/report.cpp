#include "crash_drill/report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "base/decimal.hpp"

namespace perpetua::drill {
namespace {

std::string usdc(Int128 micro) { return decimal_text(static_cast<int64_t>(micro), kMicroDigits); }
std::string whole_usdc(Int128 micro) {
  return std::to_string(static_cast<int64_t>(micro) / 1'000'000);
}

void write_file(const std::string& file, const std::string& text) {
  std::ofstream output(file);
  output << text;
  if (!output.flush()) throw std::runtime_error("cannot write " + file);
}

}  // namespace

void Report::add_batch() {
  const int64_t ns = exchange_.batch_time().count();
  const Counters& now = exchange_.auditor.counters();
  all_.ns.push_back(ns);
  const bool is_deleveraging = now.deleveragings != before_.deleveragings;
  const bool is_liquidating =
      now.book_liquidations != before_.book_liquidations || now.take_overs != before_.take_overs;
  (is_deleveraging ? deleveraging_ : is_liquidating ? liquidating_ : quiet_).ns.push_back(ns);
  before_ = now;
}

void Report::add_row(const Population& population, const Makers& makers) {
  const Auditor& auditor = exchange_.auditor;
  rows_.push_back({exchange_.now_ms, auditor.index(), auditor.mark(), population.equity(),
                   makers.equity(), auditor.fund_equity(), auditor.fund().margin,
                   auditor.fund().bad_debt, auditor.open_positions(), auditor.counters()});
  fewest_positions_ = std::min(fewest_positions_, rows_.back().open_positions);
}

void Report::write(const std::string& folder, const std::string& first_minute) {
  write_series(folder + "/series.csv");
  const std::string text = summary(first_minute);
  write_file(folder + "/summary.csv", text);
  std::fputs(text.c_str(), stdout);
}

void Report::write_series(const std::string& file) const {
  std::string text =
      "time_ms,index,mark,agents_equity,makers_equity,fund_equity,fund_cash,bad_debt,"
      "open_positions,book,taken_over,deleveraged,deleveraged_agents,funding_hours\n";
  for (const Row& row : rows_) {
    for (const int64_t number : {row.at_ms, row.index.value, row.mark.value}) {
      text += std::to_string(number) + ",";
    }
    for (const Micro amount :
         {row.agents, row.makers, row.fund_equity, row.fund_cash, row.bad_debt}) {
      text += usdc(amount.value) + ",";
    }
    text += std::to_string(row.open_positions) + ",";
    for (const Int128 amount :
         {row.counters.book_micro, row.counters.taken_over_micro, row.counters.deleveraged_micro}) {
      text += usdc(amount) + ",";
    }
    text += std::to_string(row.counters.deleveraged_agents) + "," +
            std::to_string(row.counters.funding_hours) + "\n";
  }
  write_file(file, text);
}

void Report::Times::add(std::string& text, const std::string& name) {
  std::sort(ns.begin(), ns.end());
  text += name + "_batches," + std::to_string(ns.size()) + "\n";
  if (ns.empty()) return;
  const auto at = [&](std::size_t permille) { return ns[(ns.size() - 1) * permille / 1'000]; };
  for (const auto& [label, permille] :
       {std::pair{"p50", 500u}, {"p99", 990u}, {"p999", 999u}, {"max", 1'000u}}) {
    text += name + "_" + label + "_us," + std::to_string(at(permille) / 1'000) + "." +
            std::to_string(at(permille) / 100 % 10) + "\n";
  }
}

std::string Report::summary(const std::string& first_minute) {
  const Counters& total = exchange_.auditor.counters();
  const Auditor& auditor = exchange_.auditor;
  std::string text = "name,value\nfirst_minute," + first_minute + "\n";
  const auto add = [&](const std::string& name, const std::string& value) {
    text += name + "," + value + "\n";
  };
  add("batches", std::to_string(exchange_.engine.last_batch()));
  add("prices", std::to_string(all_.ns.size()));
  add("violations", std::to_string(auditor.violations()));
  add("fewest_open_positions", std::to_string(fewest_positions_));
  add("trades", std::to_string(total.trades));
  add("book_slices", std::to_string(total.book_liquidations));
  add("book_usdc", whole_usdc(total.book_micro));
  add("take_overs", std::to_string(total.take_overs));
  add("taken_over_usdc", whole_usdc(total.taken_over_micro));
  add("deleveragings", std::to_string(total.deleveragings));
  add("deleveraged_usdc", whole_usdc(total.deleveraged_micro));
  add("deleveraged_agents", std::to_string(total.deleveraged_agents));
  add("liquidation_fees_usdc", whole_usdc(total.liquidation_fees));
  add("funding_hours", std::to_string(total.funding_hours));
  add("cancel_only_by_itself", std::to_string(total.second_passes));
  add("fund_equity_usdc", whole_usdc(auditor.fund_equity().value));
  add("bad_debt_usdc", whole_usdc(auditor.fund().bad_debt.value));
  add("engine_ms", std::to_string(exchange_.total_time().count() / 1'000'000));
  const int64_t passed_ns = (rows_.back().at_ms - rows_.front().at_ms) * 1'000'000;
  add("speed", std::to_string(passed_ns / exchange_.total_time().count()));
  add("state_hash", std::to_string(exchange_.engine.state_hash()));
  all_.add(text, "price");
  quiet_.add(text, "quiet");
  liquidating_.add(text, "liquidating");
  deleveraging_.add(text, "deleveraging");
  return text;
}

}  // namespace perpetua::drill
