#include "roles/merged_metrics.hpp"

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <string>

namespace perpetua::app {
namespace {

class Part final : public prometheus::Collectable {
 public:
  Part(double value, std::vector<std::string> names) : value_(value), names_(std::move(names)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    for (const std::string& name : names_) {
      prometheus::MetricFamily family{name, "help", prometheus::MetricType::Gauge, {}};
      family.metric.emplace_back().gauge.value = value_;
      families.push_back(std::move(family));
    }
    return families;
  }

 private:
  const double value_;
  const std::vector<std::string> names_;
};

// "name=value name=value", as they come.
std::string shown(const MergedMetrics& merged) {
  std::string text;
  for (const prometheus::MetricFamily& family : merged.Collect()) {
    if (!text.empty()) text += ' ';
    text += family.name;
    for (const auto& metric : family.metric) {
      text += '=';
      text += std::to_string(static_cast<int>(metric.gauge.value));
    }
  }
  return text;
}

TEST(MergedMetrics, shows_the_figures_of_every_part_in_their_order) {
  const Part first(1, {"b", "a"});
  const Part second(2, {"c"});
  EXPECT_EQ(shown(MergedMetrics({&first, &second})), "b=1 a=1 c=2");
  EXPECT_EQ(shown(MergedMetrics({&second, &first})), "c=2 b=1 a=1");
  EXPECT_EQ(shown(MergedMetrics({})), "");
}

TEST(MergedMetrics, of_a_figure_that_two_parts_have_the_first_one_s_is_shown) {
  const Part first(1, {"a", "b"});
  const Part second(2, {"b", "c"});
  const Part third(3, {"c", "a", "d"});
  EXPECT_EQ(shown(MergedMetrics({&first, &second, &third})), "a=1 b=1 c=2 d=3");
  EXPECT_EQ(shown(MergedMetrics({&third, &second, &first})), "c=3 a=3 d=3 b=2");
}

}  // namespace
}  // namespace perpetua::app
