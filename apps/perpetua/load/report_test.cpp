#include "load/report.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

LoadResult result_of_one_second() {
  LoadResult result;
  result.agents = 50;
  result.connected = 49;
  result.sent = 1'003;
  result.ok = 990;
  result.rejected = 10;
  result.errors = 3;
  result.elapsed_ns = 2'000'000'000;
  for (int i = 0; i < 1'000; ++i) result.latency.record(100);
  result.latency.record(2'500'000);
  return result;
}

TEST(LoadReport, json_line_has_every_figure_in_its_place) {
  EXPECT_EQ(json_line(result_of_one_second()),
            R"({"agents":50,"connected":49,"sent":1003,"ok":990,"rejected":10,"errors":3,)"
            R"("rate_per_s":500,"p50_ms":0.000,"p99_ms":0.000,"p999_ms":0.000,"max_ms":2.500})");
}

TEST(LoadReport, run_without_replies_is_shown_as_zeros) {
  EXPECT_EQ(json_line(LoadResult{}),
            R"({"agents":0,"connected":0,"sent":0,"ok":0,"rejected":0,"errors":0,)"
            R"("rate_per_s":0,"p50_ms":0.000,"p99_ms":0.000,"p999_ms":0.000,"max_ms":0.000})");
}

TEST(LoadReport, milliseconds_have_three_decimals) {
  EXPECT_EQ(milliseconds_text(1'234'567), "1.234");
  EXPECT_EQ(milliseconds_text(10'000'000'000), "10000.000");
  EXPECT_EQ(milliseconds_text(9'000), "0.009");
}

TEST(LoadReport, table_names_the_percentiles) {
  const std::string table = table_text(result_of_one_second());
  for (const char* name : {"agents", "rejected (coded)", "errors", "p50 ms", "p99.9 ms", "2.500"}) {
    EXPECT_NE(table.find(name), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace perpetua::load
