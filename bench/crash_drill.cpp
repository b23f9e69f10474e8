// Crash drill: thousands of agents with random leverage ride recorded prices through a crash, with
// house liquidity of a bounded capital; a second set of books checks every batch.
//
//   crash_drill bars.csv --out DIR                          both days, a price every 5 s
//   crash_drill bars.csv --out DIR --worst-hour --step 3    the hour with the deepest fall
//
// Writes DIR/series.csv (a row a minute, with --worst-hour a row a price) and
// DIR/summary.csv; docs/crash-drill.md shows them. Exit code 1: something was violated.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "crash_drill/population.hpp"
#include "crash_drill/price_path.hpp"
#include "crash_drill/report.hpp"

namespace perpetua::drill {
namespace {

constexpr int64_t kReturnMs = 15'000;  // flat agents come back that often
constexpr std::size_t kHourBars = 60;

struct Settings {
  std::string bars_file;
  std::string folder = ".";
  bool is_worst_hour = false;
  int64_t step_seconds = 5;
  std::size_t minutes = 0;  // 0: to the end
  bool needs_every_step = false;
  uint64_t seed = 1;
  int64_t fund_usdc = 1'000'000;
  int64_t fund_cap_usdc = 10'000'000;
  int64_t breaker_usdc = 10'000'000;  // through the book in a minute
  PopulationSettings population;
  MakerSettings makers;
};

MarketSpec make_spec(const Settings& settings) {
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), "BTC-PERP", 8);
  spec.tick_size_e9 = 1'000'000'000;
  spec.lot_size_e9 = 1'000;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(1'000);
  spec.price_max = Price(1'000'000);
  spec.notional_min = Micro(1'000'000);
  spec.position_notional_max = Micro(100'000'000'000'000);
  spec.tier_count = 3;
  spec.tiers[0] = {0, 20, 0};
  spec.tiers[1] = {100'000'000'000, 10, 0};
  spec.tiers[2] = {500'000'000'000, 5, 0};
  spec.fund_notional_max = Micro(settings.fund_cap_usdc * 1'000'000);
  spec.liquidation_per_minute_max = Micro(settings.breaker_usdc * 1'000'000);
  return spec;
}

class Drill {
 public:
  explicit Drill(const Settings& settings)
      : settings_(settings),
        path_(settings.bars_file),
        first_(settings.is_worst_hour ? path_.worst_fall(kHourBars) : 0),
        exchange_(make_spec(settings)),
        population_((start_clock(), exchange_), settings.population, settings.seed),
        makers_(exchange_, settings.makers),
        report_(exchange_) {}

  // False if anything was violated, or a step that is needed was not reached.
  bool run() {
    begin();
    const std::size_t count = settings_.minutes != 0    ? settings_.minutes
                              : settings_.is_worst_hour ? kHourBars
                                                        : path_.bars().size() - first_;
    for (std::size_t i = first_; i < std::min(first_ + count, path_.bars().size()); ++i) {
      run_minute(path_.bars()[i]);
      if ((i - first_) % kHourBars == kHourBars - 1) exchange_.auditor.compare(exchange_.engine);
    }
    exchange_.auditor.compare(exchange_.engine);
    report_.write(settings_.folder, path_.bars()[first_].minute);
    if (settings_.needs_every_step && !had_every_step()) {
      std::fprintf(stderr, "crash_drill: a step of the ladder or the funding was not reached\n");
      return false;
    }
    return exchange_.auditor.violations() == 0;
  }

 private:
  void start_clock() { exchange_.now_ms = path_.bars()[first_].begin_ms; }

  bool had_every_step() const {
    const Counters& total = exchange_.auditor.counters();
    return total.book_liquidations != 0 && total.take_overs != 0 && total.deleveragings != 0 &&
           total.funding_hours != 0;
  }

  void begin() {
    Command fund(CommandType::fund_insurance);
    fund.header.market = 0;
    fund.fund_insurance = FundInsurance{};
    fund.fund_insurance.amount = Micro(settings_.fund_usdc * 1'000'000);
    exchange_.auditor.add_deposit(fund.fund_insurance.amount);
    exchange_.add(fund);
    set_price(PricePath::at(path_.bars()[first_], 0));
    population_.open_positions();
    makers_.quote();
  }

  void run_minute(const Bar& bar) {
    const int64_t step_ms = settings_.step_seconds * 1'000;
    for (int64_t ms = 0; ms < PricePath::kMinuteMs; ms += step_ms) {
      exchange_.now_ms = bar.begin_ms + ms;
      set_price(PricePath::at(bar, ms));
      report_.add_batch();
      exchange_.auditor.check_solvency();
      makers_.quote();
      if (ms % kReturnMs == 0) population_.bring_back_some();
      if (settings_.is_worst_hour) report_.add_row(population_, makers_);
    }
    if (!settings_.is_worst_hour) report_.add_row(population_, makers_);
  }

  void set_price(Price price) {
    Command command(CommandType::update_price, 0, 0);
    command.update_price.price = price;
    command.update_price.source_time_ms = exchange_.now_ms;
    exchange_.add(command);
    exchange_.run();
  }

  Settings settings_;
  PricePath path_;
  std::size_t first_ = 0;
  Exchange exchange_;
  Population population_;
  Makers makers_;
  Report report_;
};

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("Crash drill on recorded prices");
  app.add_option("bars", settings.bars_file, "minute,open,high,low,close")->required();
  app.add_option("--out", settings.folder, "where series.csv and summary.csv go");
  app.add_flag("--worst-hour", settings.is_worst_hour, "only the hour with the deepest fall");
  app.add_option("--step", settings.step_seconds, "seconds between prices")
      ->check(CLI::Range(1, 10));
  app.add_flag("--every-step", settings.needs_every_step,
               "fail unless book, fund, deleveraging and funding all happen");
  app.add_option("--minutes", settings.minutes, "stop after this many");
  app.add_option("--agents", settings.population.agents, "agents with a position")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--makers", settings.makers.makers, "agents who quote");
  app.add_option("--fund", settings.fund_usdc, "cash of the insurance fund, USDC");
  app.add_option("--fund-cap", settings.fund_cap_usdc, "the fund's largest position, USDC");
  app.add_option("--breaker", settings.breaker_usdc, "liquidated in the book a minute, USDC");
  app.add_option("--seed", settings.seed, "of every choice");
  CLI11_PARSE(app, argc, argv);
  return Drill(settings).run() ? 0 : 1;
}

}  // namespace
}  // namespace perpetua::drill

int main(int argc, char** argv) {
  try {
    return perpetua::drill::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "crash_drill: " << error.what() << '\n';
    return 2;
  }
}
