#include "settings.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "roles.hpp"

namespace perpetua::app {
namespace {

std::optional<std::string> no_variables(const std::string&) { return std::nullopt; }

struct SettingsTest : ::testing::Test {
  Settings settings;
  std::string path = ::testing::TempDir() + "perpetua_settings_test.toml";
  void write(const std::string& text) { std::ofstream(path) << text; }
  void TearDown() override { std::remove(path.c_str()); }
};

TEST_F(SettingsTest, defaults_are_valid) {
  EXPECT_EQ(settings.load({}, no_variables, ""), std::nullopt);
  EXPECT_EQ(settings.text("listen"), "127.0.0.1:8082");
  EXPECT_EQ(settings.integer("rate_agent"), 10);
}

TEST_F(SettingsTest, a_flag_beats_a_variable_beats_the_file_beats_the_default) {
  write("rate_agent = 1\nrate_global = 2\nmatchers = 3\n");
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "PERPETUA_RATE_GLOBAL") return "20";
    if (name == "PERPETUA_MATCHERS") return "4";
    return std::nullopt;
  };
  ASSERT_EQ(settings.load({{"matchers", "5"}}, environment, path), std::nullopt);
  EXPECT_EQ(settings.integer("rate_agent"), 1);
  EXPECT_EQ(settings.integer("rate_global"), 20);
  EXPECT_EQ(settings.integer("matchers"), 5);
}

TEST_F(SettingsTest, a_variable_that_others_use_counts_less_than_our_own) {
  std::map<std::string, std::string> variables{{"DATABASE_URL", "postgresql://theirs"}};
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  ASSERT_EQ(settings.load({}, environment, ""), std::nullopt);
  EXPECT_EQ(settings.text("database_url"), "postgresql://theirs");
  variables["PERPETUA_DATABASE_URL"] = "postgresql://ours";
  ASSERT_EQ(settings.load({}, environment, ""), std::nullopt);
  EXPECT_EQ(settings.text("database_url"), "postgresql://ours");
  variables = {{"DATABASE_REPLICA_URLS", "postgresql://replica"}};
  EXPECT_NE(settings.load({}, environment, ""), std::nullopt) << "replicas of nothing";
}

TEST_F(SettingsTest, an_invalid_value_names_setting_source_value_and_range) {
  const auto error = settings.load({{"matchers", "65"}}, no_variables, "");
  ASSERT_TRUE(error);
  EXPECT_EQ(*error, "setting matchers (from --matchers) is '65', allowed: 1 to 64");
  EXPECT_TRUE(settings.load({{"mode", "live"}}, no_variables, "")->find("sandbox production") !=
              std::string::npos);
  EXPECT_TRUE(settings.load({{"rate_agent", "10x"}}, no_variables, ""));
  EXPECT_TRUE(settings.load({{"listen", "8082"}}, no_variables, ""));
  EXPECT_TRUE(settings.load({{"operator_key", "short"}}, no_variables, ""));
}

TEST_F(SettingsTest, production_needs_a_secret_for_tokens) {
  const std::map<std::string, std::string> production = {{"mode", "production"},
                                                         {"prices", "push"}};
  const auto error = settings.load(production, no_variables, "");
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("jwt_secret"), std::string::npos);
  auto with_file = production;
  with_file["jwt_secret_file"] = "somewhere";
  EXPECT_EQ(settings.load(with_file, no_variables, ""), std::nullopt);
}

TEST_F(SettingsTest, unknown_keys_and_broken_files_are_refused) {
  write("rate_agnet = 1\n");
  EXPECT_TRUE(settings.load({}, no_variables, path)->find("rate_agnet") != std::string::npos);
  write("rate_agent = \n");
  EXPECT_TRUE(settings.load({}, no_variables, path));
  write("rate_agent = 1.5\n");
  EXPECT_TRUE(settings.load({}, no_variables, path));
  EXPECT_TRUE(settings.load({}, no_variables, "/nonexistent.toml"));
}

TEST_F(SettingsTest, the_example_file_says_the_defaults) {
  write(settings_toml());
  EXPECT_EQ(settings.load({}, no_variables, path), std::nullopt);
}

TEST_F(SettingsTest, roles_are_all_or_a_list_of_the_others) {
  const auto listed = parse_roles("ws,engine");
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->ws && listed->engine);
  EXPECT_FALSE(listed->is_all || listed->api || listed->projector);
  EXPECT_EQ(to_string(*listed), "ws,engine");
  EXPECT_TRUE(parse_roles("all")->is_all);
  for (const char* wrong : {"", "all,api", "api,", ",", "gateway", "api ws"}) {
    EXPECT_FALSE(parse_roles(wrong)) << wrong;
  }
  const auto error = settings.load({{"role", "api,gateway"}}, no_variables, "");
  ASSERT_TRUE(error);
  EXPECT_NE(error->find("setting role (from --role) is 'api,gateway'"), std::string::npos);
}

}  // namespace
}  // namespace perpetua::app
