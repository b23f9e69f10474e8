#include "load/agents/json_scan.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

constexpr std::string_view kMessage =
    R"({"type":"orders","event":"accepted","seq":41,"time":1795379966427,)"
    R"("order_id":"4294967296","client_id":null,"note":"say \"seq\":9","levels":[7]})";

TEST(JsonScan, finds_texts_numbers_and_nulls) {
  EXPECT_EQ(scan_field(kMessage, R"("type":)"), "orders");
  EXPECT_EQ(scan_field(kMessage, R"("client_id":)"), "");
  EXPECT_EQ(scan_field(kMessage, R"("market":)"), "");
  EXPECT_EQ(scan_number(kMessage, R"("seq":)"), 41u);
  EXPECT_EQ(scan_number(kMessage, R"("order_id":)"), 4294967296u);
}

TEST(JsonScan, quotes_inside_a_text_do_not_begin_a_field) {
  EXPECT_EQ(scan_number(R"({"note":"\"seq\":9","seq":3})", R"("seq":)"), 3u);
}

TEST(JsonScan, what_is_no_whole_number_is_none) {
  EXPECT_FALSE(scan_number(kMessage, R"("type":)"));
  EXPECT_FALSE(scan_number(kMessage, R"("client_id":)"));
  EXPECT_FALSE(scan_number(R"({"size":"1.5"})", R"("size":)"));
  EXPECT_FALSE(scan_number(R"({"seq":)", R"("seq":)"));
}

}  // namespace
}  // namespace perpetua::load
