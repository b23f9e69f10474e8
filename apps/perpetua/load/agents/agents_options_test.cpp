#include "load/agents/agents_options.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

TEST(AgentsOptions, defaults_are_valid) { EXPECT_EQ(validate(AgentsOptions()), std::nullopt); }

TEST(AgentsOptions, first_wrong_setting_is_named) {
  const auto name_of = [](auto change) {
    AgentsOptions options;
    change(options);
    return validate(options).value_or("").substr(0, 13);
  };
  EXPECT_EQ(name_of([](AgentsOptions& o) { o.load.rate_per_s = 0; }), "--rate is 0, ");
  EXPECT_EQ(name_of([](AgentsOptions& o) { o.load.agents = 20'001; }), "--agents is 2");
  EXPECT_EQ(name_of([](AgentsOptions& o) { o.market_data = 51; }), "--market-data");
  EXPECT_EQ(name_of([](AgentsOptions& o) { o.retry_ms = 10'001; }), "--retry-ms is");
  EXPECT_EQ(name_of([](AgentsOptions& o) { o.retry_pause_ms = 10'001; }), "--retry-pause");
}

TEST(AgentsOptions, connections_are_those_that_were_asked_for) {
  AgentsOptions options;
  EXPECT_EQ(order_connections(options), kOrderConnectionsDefault);
  options.load.connections = 7;
  EXPECT_EQ(order_connections(options), 7u);
}

}  // namespace
}  // namespace perpetua::load
