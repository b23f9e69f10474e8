#include "crash_drill/price_path.hpp"

#include <array>
#include <fstream>
#include <stdexcept>

#include "base/decimal.hpp"

namespace perpetua::drill {
namespace {

// "2021-04-18 03:34" -> ms since 1970.
int64_t parse_minute(const std::string& text) {
  if (text.size() != 16) throw std::runtime_error("no minute: " + text);
  const auto number = [&](std::size_t place, std::size_t size) {
    return static_cast<int64_t>(std::stol(text.substr(place, size)));
  };
  const int64_t month = number(5, 2);
  const int64_t year = number(0, 4) - (month <= 2 ? 1 : 0);
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + number(8, 2) - 1;
  const int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719'468;
  return ((days * 24 + number(11, 2)) * 60 + number(14, 2)) * PricePath::kMinuteMs;
}

int64_t parse_cents(const std::string& text) {
  int64_t cents = 0;
  if (parse_decimal(text, 2, cents) != DecimalError::none) {
    throw std::runtime_error("no price: " + text);
  }
  return cents;
}

Bar parse_bar(const std::string& line) {
  std::array<std::string, 5> fields;
  std::size_t begin = 0;
  for (std::string& field : fields) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    field = line.substr(begin, end - begin);
    begin = std::min(end + 1, line.size());
  }
  return {fields[0],
          parse_minute(fields[0]),
          parse_cents(fields[1]),
          parse_cents(fields[2]),
          parse_cents(fields[3]),
          parse_cents(fields[4])};
}

}  // namespace

PricePath::PricePath(const std::string& file) {
  std::ifstream input(file);
  if (!input) throw std::runtime_error("cannot read " + file);
  std::string line;
  std::getline(input, line);
  while (std::getline(input, line)) bars_.push_back(parse_bar(line));
  if (bars_.empty()) throw std::runtime_error("no bars in " + file);
}

Price PricePath::at(const Bar& bar, int64_t ms) {
  const bool is_fall = bar.close_cents < bar.open_cents;
  const std::array<int64_t, 4> turns{bar.open_cents, is_fall ? bar.high_cents : bar.low_cents,
                                     is_fall ? bar.low_cents : bar.high_cents, bar.close_cents};
  constexpr int64_t kThirdMs = kMinuteMs / 3;
  const auto third = static_cast<std::size_t>(ms / kThirdMs);
  const int64_t cents =
      turns[third] + (turns[third + 1] - turns[third]) * (ms % kThirdMs) / kThirdMs;
  return Price(cents / 100);
}

std::size_t PricePath::find(const std::string& minute) const {
  for (std::size_t i = 0; i < bars_.size(); ++i) {
    if (bars_[i].minute == minute) return i;
  }
  throw std::runtime_error("no minute " + minute);
}

std::size_t PricePath::worst_fall(std::size_t count) const {
  std::size_t worst = 0;
  double deepest = 2;
  for (std::size_t i = 0; i + count <= bars_.size(); ++i) {
    const double ratio = static_cast<double>(bars_[i + count - 1].close_cents) /
                         static_cast<double>(bars_[i].open_cents);
    if (ratio >= deepest) continue;
    deepest = ratio;
    worst = i;
  }
  return worst;
}

}  // namespace perpetua::drill
