#include "load/options.hpp"

#include <gtest/gtest.h>

namespace perpetua::load {
namespace {

TEST(LoadOptions, defaults_are_valid) { EXPECT_EQ(validate(LoadOptions{}), std::nullopt); }

TEST(LoadOptions, wrong_setting_names_itself_its_value_and_the_range) {
  LoadOptions options;
  options.agents = 0;
  EXPECT_EQ(validate(options), "--agents is 0, allowed is 1 to 100000");
  options.agents = 5;
  options.batch = 101;
  EXPECT_EQ(validate(options), "--batch is 101, allowed is 1 to 100");
  options.batch = 1;
  options.duration_s = 0;
  EXPECT_EQ(validate(options), "--duration is 0, allowed is 1 to 3600");
  options.duration_s = 1;
  options.url = "https://127.0.0.1";
  EXPECT_EQ(validate(options),
            "--url is `https://127.0.0.1`, allowed is http://host[:port] or ws://host[:port]");
}

TEST(LoadOptions, websocket_has_one_connection_per_agent) {
  LoadOptions options;
  options.transport = TransportKind::ws;
  options.agents = 10'000;
  EXPECT_EQ(validate(options), std::nullopt);
  EXPECT_EQ(connection_count(options), 10'000u);
  options.connections = 50;
  EXPECT_NE(validate(options), std::nullopt);
  options.connections = 0;
  options.agents = kConnectionsMax + 1;
  EXPECT_NE(validate(options), std::nullopt);
}

TEST(LoadOptions, http_shares_a_bounded_number_of_connections) {
  LoadOptions options;
  options.agents = 50;
  EXPECT_EQ(connection_count(options), 50u);
  options.agents = 10'000;
  EXPECT_EQ(connection_count(options), kConnectionsDefaultMax);
  options.connections = 7;
  EXPECT_EQ(connection_count(options), 7u);
}

TEST(LoadOptions, rate_is_a_number_or_max) {
  EXPECT_EQ(parse_rate("max"), 0u);
  EXPECT_EQ(parse_rate("1000"), 1'000u);
  EXPECT_EQ(parse_rate("1k"), std::nullopt);
  EXPECT_EQ(parse_rate("-1"), std::nullopt);
  EXPECT_EQ(parse_rate(""), std::nullopt);
}

TEST(LoadOptions, urls_give_host_and_port) {
  EXPECT_EQ(parse_url("http://127.0.0.1:8082")->host, "127.0.0.1");
  EXPECT_EQ(parse_url("http://127.0.0.1:8082")->port, "8082");
  EXPECT_EQ(parse_url("ws://localhost:9000/ws")->port, "9000");
  EXPECT_EQ(parse_url("http://example.org")->port, "80");
  EXPECT_EQ(parse_url("http://[::1]:8082")->host, "::1");
  EXPECT_FALSE(parse_url("https://127.0.0.1"));
  EXPECT_FALSE(parse_url("127.0.0.1:8082"));
  EXPECT_FALSE(parse_url("http://"));
  EXPECT_FALSE(parse_url("http://host:99999"));
  EXPECT_FALSE(parse_url("http://host:max"));
}

}  // namespace
}  // namespace perpetua::load
