#include <gtest/gtest.h>

#include "stores/redis/options.hpp"

namespace perpetua::redis {
namespace {

Options parsed(std::string_view url) {
  std::string error;
  const auto options = parse_url(url, error);
  EXPECT_TRUE(options) << url << ": " << error;
  return options.value_or(Options());
}

std::string error_of(std::string_view url) {
  std::string error;
  EXPECT_FALSE(parse_url(url, error)) << url;
  return error;
}

TEST(RedisUrl, OneServerWithDefaults) {
  const Options options = parsed("redis://localhost");
  EXPECT_EQ(options.endpoints, (std::vector<Endpoint>{{"localhost", 6379}}));
  EXPECT_FALSE(options.is_cluster);
  EXPECT_FALSE(options.use_tls);
  EXPECT_EQ(options.database, 0u);
  EXPECT_TRUE(options.password.empty());
}

TEST(RedisUrl, UserPasswordPortDatabase) {
  const Options options = parsed("redis://us%65r:p%40ss%2Fw@10.0.0.1:7001/3");
  EXPECT_EQ(options.user, "user");
  EXPECT_EQ(options.password, "p@ss/w");
  EXPECT_EQ(options.endpoints, (std::vector<Endpoint>{{"10.0.0.1", 7001}}));
  EXPECT_EQ(options.database, 3u);
  EXPECT_EQ(parsed("redis://:secret@host").user, "");
  EXPECT_EQ(parsed("redis://:secret@host").password, "secret");
}

TEST(RedisUrl, ClusterBySchemeOrBySeveralHosts) {
  const Options listed = parsed("redis://a:1,b:2,[::1]:3");
  EXPECT_TRUE(listed.is_cluster);
  EXPECT_EQ(listed.endpoints, (std::vector<Endpoint>{{"a", 1}, {"b", 2}, {"::1", 3}}));
  EXPECT_EQ(to_string(listed.endpoints[2]), "[::1]:3");
  EXPECT_TRUE(parsed("redis+cluster://a").is_cluster);
  EXPECT_TRUE(parsed("rediss+cluster://a,b").use_tls);
}

TEST(RedisUrl, Options) {
  const Options options = parsed(
      "rediss://h/0?ca_file=/etc/a%20b.crt&cert_file=c&key_file=k&verify=none&connections=4"
      "&connect_timeout_ms=10&request_timeout_ms=20");
  EXPECT_TRUE(options.use_tls);
  EXPECT_FALSE(options.verify_peer);
  EXPECT_EQ(options.ca_file, "/etc/a b.crt");
  EXPECT_EQ(options.cert_file, "c");
  EXPECT_EQ(options.key_file, "k");
  EXPECT_EQ(options.connections_per_node, 4u);
  EXPECT_EQ(options.connect_timeout_ms, 10);
  EXPECT_EQ(options.request_timeout_ms, 20);
  EXPECT_TRUE(parsed("rediss://h").verify_peer);
}

TEST(RedisUrl, ErrorsNameTheCause) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "expected redis://"},
      {"localhost:6379", "expected redis://"},
      {"http://localhost", "expected redis://"},
      {"redis+sentinel://localhost", "expected redis://"},
      {"redis://", "no host"},
      {"redis://a,,b", "an empty host"},
      {"redis://a,", "an empty host"},
      {"redis://:1", "an empty host"},
      {"redis://a:0", "the port of 'a'"},
      {"redis://a:65536", "the port of 'a'"},
      {"redis://a:1x", "the port of 'a'"},
      {"redis://[::1", "']'"},
      {"redis://[::1]6379", "the port of '::1'"},
      {"redis://a/x", "the database"},
      {"redis://a/-1", "the database"},
      {"redis+cluster://a/1", "only database 0"},
      {"redis://a,b/1", "only database 0"},
      {"redis://secret@a", "behind a colon"},
      {"redis://u:@a", "password is empty"},
      {"redis://u:%4@a", "two digits"},
      {"redis://a?colour=red", "unknown option 'colour'"},
      {"redis://a?ca_file=x", "needs rediss://"},
      {"rediss://a?cert_file=x", "go together"},
      {"rediss://a?verify=perhaps", "peer or none"},
      {"rediss://a?ca_file=", "is empty"},
      {"redis://a?connections=0", "1 to 64"},
      {"redis://a?request_timeout_ms=0", "1 to 600000"},
  };
  for (const auto& [url, part] : rows) {
    const std::string error = error_of(url);
    EXPECT_NE(error.find("REDIS_URL: "), std::string::npos) << url;
    EXPECT_NE(error.find(part), std::string::npos) << url << ": " << error;
    EXPECT_EQ(error.find("secret"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace perpetua::redis
