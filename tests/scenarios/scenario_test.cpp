// Every tests/scenarios/*.txt is one test, named after its file.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "interpreter.hpp"

namespace perpetua::scenario {
namespace {

std::vector<std::string> scenario_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PERPETUA_SCENARIO_FOLDER)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".txt") && name != "CMakeLists.txt") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct ScenarioTest : ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, holds) {
  std::ifstream file(std::filesystem::path(PERPETUA_SCENARIO_FOLDER) / GetParam());
  ASSERT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  const std::string name = "tests/scenarios/" + GetParam();
  for (const std::string& failure : run_scenario(text.str(), name)) ADD_FAILURE() << failure;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ScenarioTest, ::testing::ValuesIn(scenario_files()),
                         [](const auto& each) {
                           std::string name = each.param.substr(0, each.param.size() - 4);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(ScenarioFiles, are_at_least_forty) { EXPECT_GE(scenario_files().size(), 40u); }

}  // namespace
}  // namespace perpetua::scenario
