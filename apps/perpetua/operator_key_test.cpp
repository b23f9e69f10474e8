#include "operator_key.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace perpetua::app {
namespace {

const std::string kInFile(40, 'f');
const std::string kInVariable(40, 'v');

struct OperatorKeyTest : ::testing::Test {
  std::string path = ::testing::TempDir() + "perpetua_operator_key_test";
  void write(const std::string& text) { std::ofstream(path) << text; }
  void TearDown() override { std::remove(path.c_str()); }
  std::string failure(const std::string& file, const std::string& value) {
    try {
      return "no failure: " + read_operator_key(file, value);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
};

TEST_F(OperatorKeyTest, the_file_beats_the_variable) {
  write(kInFile + "\nsecond line\n");
  EXPECT_EQ(read_operator_key(path, kInVariable), kInFile);
  EXPECT_EQ(read_operator_key("", kInVariable), kInVariable);
  EXPECT_EQ(read_operator_key("", ""), "");
}

TEST_F(OperatorKeyTest, a_key_that_is_missing_or_short_names_its_source_and_not_itself) {
  EXPECT_EQ(failure("/nonexistent/key", kInVariable),
            "operator key file /nonexistent/key: needs a line of 32 characters or more");
  write("short-secret\n");
  EXPECT_EQ(failure(path, ""),
            "operator key file " + path + ": needs a line of 32 characters or more");
  EXPECT_EQ(failure("", "short-secret"), "PERPETUA_OPERATOR_KEY: needs 32 characters or more");
}

}  // namespace
}  // namespace perpetua::app
