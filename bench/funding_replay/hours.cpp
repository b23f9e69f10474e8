#include "funding_replay/hours.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/decimal.hpp"

namespace perpetua::replay {
namespace {

constexpr std::size_t kMinutes = 60;

Hour parse_hour(const std::string& line) {
  const std::size_t first = line.find(','), second = line.find(',', first + 1);
  if (second == std::string::npos) throw std::runtime_error("no hour: " + line);
  Hour hour;
  hour.name = line.substr(0, first);
  hour.rate_ppb = std::stol(line.substr(first + 1, second - first - 1));
  std::istringstream closes(line.substr(second + 1));
  for (std::string text; closes >> text;) {
    int64_t mills = 0;
    if (parse_decimal(text, 3, mills) != DecimalError::none) {
      throw std::runtime_error("no price: " + text);
    }
    hour.close_cents.push_back(mills / 10);
  }
  if (hour.close_cents.size() != kMinutes) throw std::runtime_error("not 60 minutes: " + hour.name);
  return hour;
}

}  // namespace

std::vector<Hour> read_hours(const std::string& file) {
  std::ifstream input(file);
  std::string line;
  if (!std::getline(input, line)) throw std::runtime_error("cannot read " + file);
  std::vector<Hour> hours;
  while (std::getline(input, line)) hours.push_back(parse_hour(line));
  return hours;
}

Comparison compare(const std::vector<double>& ours, const std::vector<double>& theirs) {
  const auto count = static_cast<double>(ours.size());
  double sum_ours = 0, sum_theirs = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    sum_ours += ours[i];
    sum_theirs += theirs[i];
  }
  const double mean_ours = sum_ours / count, mean_theirs = sum_theirs / count;
  double both = 0, square_ours = 0, square_theirs = 0, signs = 0, same = 0;
  Comparison result;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    both += (ours[i] - mean_ours) * (theirs[i] - mean_theirs);
    square_ours += (ours[i] - mean_ours) * (ours[i] - mean_ours);
    square_theirs += (theirs[i] - mean_theirs) * (theirs[i] - mean_theirs);
    const double error = std::abs(ours[i] - theirs[i]);
    result.mean_absolute_ppb += error / count;
    result.max_absolute_ppb = std::max(result.max_absolute_ppb, error);
    if (ours[i] != 0 && theirs[i] != 0) {
      ++signs;
      if ((ours[i] > 0) == (theirs[i] > 0)) ++same;
    }
  }
  const double spread = std::sqrt(square_ours * square_theirs);
  result.correlation = spread > 0 ? both / spread : 0;
  result.mean_error_ppb = mean_ours - mean_theirs;
  result.same_sign_percent = signs > 0 ? 100 * same / signs : 0;
  return result;
}

}  // namespace perpetua::replay
