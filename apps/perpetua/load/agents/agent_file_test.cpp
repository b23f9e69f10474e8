#include "load/agents/agent_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace perpetua::load {
namespace {

class AgentFile : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  const std::string path_ = ::testing::TempDir() + "perpetua_agent_file_test";
};

TEST_F(AgentFile, what_was_written_is_read_and_only_the_owner_may) {
  ASSERT_EQ(write_agent_file(path_, {{"1", "th_a", "BTC-PERP"}, {"2", "th_b", "ETH-PERP"}}),
            std::nullopt);
  const std::vector<LoadAgent> agents = read_agent_file(path_);
  ASSERT_EQ(agents.size(), 2u);
  EXPECT_EQ(agents[1].agent_id, "2");
  EXPECT_EQ(agents[1].api_key, "th_b");
  EXPECT_EQ(agents[1].market, "ETH-PERP");
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AgentFile, lines_that_are_not_whole_are_left_out) {
  std::ofstream(path_) << "1 th_a BTC-PERP\n2 th_b\n\n";
  EXPECT_EQ(read_agent_file(path_).size(), 1u);
  EXPECT_TRUE(read_agent_file(path_ + ".none").empty());
}

TEST_F(AgentFile, folder_that_is_not_there_is_an_error) {
  EXPECT_TRUE(write_agent_file(path_ + "/none/file", {}));
}

}  // namespace
}  // namespace perpetua::load
