// Funding replay: a month of a venue's perpetual through the engine's own sampling and settlement,
// against the rates that the venue charged.
//
//   funding_replay hours.csv --out DIR      series.csv: a row an hour; summary.csv
//
// The record has no index. It is taken back from the venue's rate, which is by its definition the
// hour's average of (perpetual - index) / index / 24: index = perpetual / (1 + 24 x rate). So our
// premium is the venue's premium as our samples see it, and the comparison is of rules, not of
// markets (docs/funding-replay.md). Between two closes the price runs in a straight line; every 5 s
// the index moves and a maker quotes half a dollar to both sides of the perpetual.
// Exit code 1 with --check: the premium or the samples are not those of the record.

#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "engine/engine.hpp"
#include "funding_replay/hours.hpp"

namespace perpetua::replay {
namespace {

constexpr int64_t kStepMs = 5'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kBeginMs = 1'640'995'200'000;  // 2022-01-01 00:00 UTC
constexpr int64_t kHalfSpreadCents = 50;
constexpr int64_t kQuoteUsdc = 100'000;  // a side, deeper than the impact notional
constexpr double kVenueHours = 24;       // the venue charges a 24th of the premium an hour

// Ticks of a cent, so that rounding the index to a tick is no part of the result.
MarketSpec make_spec() {
  MarketSpec spec;
  std::memcpy(spec.symbol.data(), "BTC-PERP", 8);
  spec.tick_size_e9 = 10'000'000;
  spec.lot_size_e9 = 100'000;
  spec.value_per_tick_lot_micro = 1;
  spec.price_min = Price(100'000);
  spec.price_max = Price(10'000'000);
  spec.notional_min = Micro(1'000'000);
  spec.position_notional_max = Micro(100'000'000'000'000);
  spec.tier_count = 1;
  spec.tiers[0] = {0, 20, 0};
  return spec;
}

struct Settled {
  int64_t premium_ppb = 0;
  int64_t rate_ppb = 0;
  int64_t samples = 0;
};

class Replay {
 public:
  Replay() {
    const MarketSpec spec = make_spec();
    run({Command(CommandType::create_market)}, {reinterpret_cast<const char*>(&spec), sizeof spec});
    Command maker(CommandType::register_agent);
    maker.register_agent = RegisterAgent{};
    maker.register_agent.wallet_length = 5;
    maker.register_agent.start_balance_micro = 1'000'000'000'000;
    run({maker}, "maker");
    Command netting(CommandType::set_netting, kMaker, 0);
    netting.set_netting.netting = 1;
    run({netting}, {});
  }

  // The hours that ended meanwhile.
  const std::vector<Settled>& settled() const { return settled_; }

  void step(int64_t at_ms, Price index, Price perpetual) {
    now_ms_ = at_ms;
    Command update(CommandType::update_price, 0, 0);
    update.update_price.price = index;
    update.update_price.source_time_ms = at_ms;
    if (is_first_) run({update}, {});
    is_first_ = false;
    // First the quotes, so that the sample of this instant sees them.
    run({Command(CommandType::cancel_all, kMaker),
         quote(Side::buy, perpetual - Price(kHalfSpreadCents)),
         quote(Side::sell, perpetual + Price(kHalfSpreadCents))},
        {});
    run({update}, {});
  }

 private:
  static constexpr AgentId kMaker = 1;

  static Command quote(Side side, Price price) {
    Command command(CommandType::place_order, kMaker, 0);
    command.place = PlaceOrder{};
    command.place.side = side;
    command.place.price = price;
    command.place.lots = Lots(kQuoteUsdc * 1'000'000 / price.value);
    command.place.leverage = 1;
    return command;
  }

  void run(std::vector<Command> commands, std::string_view text) {
    commands.front().header.text_length = static_cast<uint16_t>(text.size());
    engine_.apply({engine_.last_batch() + 1, now_ms_, commands, text}, executor_, output_);
    for (const Outcome& outcome : output_.outcomes) {
      if (outcome.code != ResultCode::ok) {
        throw std::runtime_error("refused: " + std::string(result_info(outcome.code).name));
      }
    }
    for (const Event& event : output_.events) {
      if (event.header.type != EventType::funding_settled) continue;
      settled_.push_back({event.funding_settled.average_premium_ppb, event.funding_settled.rate_ppb,
                          event.funding_settled.samples});
    }
  }

  Engine engine_;
  InlineExecutor executor_;
  BatchOutput output_;
  std::vector<Settled> settled_;
  int64_t now_ms_ = kBeginMs;
  bool is_first_ = true;
};

// floor(perpetual / (1 + 24 x rate)), both in cents.
Price index_of(int64_t perpetual_cents, int64_t rate_ppb) {
  return Price(mul_div_floor(perpetual_cents, 1'000'000'000, 1'000'000'000 + 24 * rate_ppb));
}

std::vector<Settled> replay(const std::vector<Hour>& hours) {
  Replay run;
  int64_t before = hours.front().close_cents.front();
  int64_t at_ms = kBeginMs;
  for (const Hour& hour : hours) {
    for (const int64_t close : hour.close_cents) {
      for (int64_t ms = 0; ms < kMinuteMs; ms += kStepMs) {
        const int64_t cents = before + (close - before) * ms / kMinuteMs;
        // The first instant of an hour is the last sample of the one before.
        run.step(at_ms + ms, index_of(cents, hour.rate_ppb), Price(cents));
      }
      before = close;
      at_ms += kMinuteMs;
    }
  }
  run.step(at_ms, index_of(before, hours.back().rate_ppb), Price(before));
  return run.settled();
}

using Column = std::vector<double>;

std::string row(const std::string& name, const Column& ours, const Column& theirs) {
  const Comparison c = compare(ours, theirs);
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(), "%s,%.4f,%.0f,%.0f,%.0f,%.1f\n", name.c_str(),
                c.correlation, c.mean_error_ppb, c.mean_absolute_ppb, c.max_absolute_ppb,
                c.same_sign_percent);
  return text.data();
}

void write_file(const std::string& file, const std::string& text) {
  std::ofstream output(file);
  output << text;
  if (!output.flush()) throw std::runtime_error("cannot write " + file);
}

int report(const std::vector<Hour>& hours, const std::vector<Settled>& settled,
           const std::string& folder, bool is_check) {
  if (settled.size() != hours.size()) throw std::runtime_error("hours are missing");
  Column theirs, by_venue, by_eight, ours;
  std::string series = "hour,venue_ppb,premium_ppb,ours_ppb,samples\n";
  bool is_right = true;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    theirs.push_back(static_cast<double>(hours[i].rate_ppb));
    by_venue.push_back(static_cast<double>(settled[i].premium_ppb) / kVenueHours);
    by_eight.push_back(static_cast<double>(settled[i].premium_ppb) / 8);
    ours.push_back(static_cast<double>(settled[i].rate_ppb));
    is_right &= settled[i].samples >= 720 && settled[i].samples <= 721;
    series += hours[i].name + "," + std::to_string(hours[i].rate_ppb) + "," +
              std::to_string(settled[i].premium_ppb) + "," + std::to_string(settled[i].rate_ppb) +
              "," + std::to_string(settled[i].samples) + "\n";
  }
  is_right &= compare(by_venue, theirs).correlation > 0.99;
  const std::string summary =
      "series,correlation,mean_error_ppb,mean_absolute_ppb,max_absolute_ppb,same_sign_percent\n" +
      row("premium / 24", by_venue, theirs) + row("premium / 8", by_eight, theirs) +
      row("our rate", ours, theirs);
  write_file(folder + "/series.csv", series);
  write_file(folder + "/summary.csv", summary);
  std::fputs(summary.c_str(), stdout);
  return is_check && !is_right ? 1 : 0;
}

int run(int argc, char** argv) {
  std::string file, folder = ".";
  std::size_t hours_max = 0;
  bool is_check = false;
  CLI::App app("Funding of a recorded month");
  app.add_option("hours", file, "hour,rate_ppb,closes")->required();
  app.add_option("--out", folder, "where series.csv and summary.csv go");
  app.add_option("--hours", hours_max, "only so many");
  app.add_flag("--check", is_check, "fail if premium or samples are not those of the record");
  CLI11_PARSE(app, argc, argv);
  std::vector<Hour> hours = read_hours(file);
  if (hours_max != 0 && hours_max < hours.size()) hours.resize(hours_max);
  return report(hours, replay(hours), folder, is_check);
}

}  // namespace
}  // namespace perpetua::replay

int main(int argc, char** argv) {
  try {
    return perpetua::replay::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "funding_replay: " << error.what() << '\n';
    return 2;
  }
}
