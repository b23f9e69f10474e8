// For tests: a page of docs/ whose tables are generated. Compares the part between two markers with
// what this build makes; with PERPETUA_UPDATE_DOCS set, rewrites that part instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace perpetua::gateway::test {

// `page` is relative to the folder of the sources.
inline void expect_document_shows(std::string_view page, std::string_view begin_marker,
                                  std::string_view end_marker, const std::string& tables) {
  const std::string path = std::string(PERPETUA_SOURCE_DIR) + "/" + std::string(page);
  std::ifstream file(path);
  std::stringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  const std::size_t begin = text.find(begin_marker);
  const std::size_t end = text.find(end_marker);
  ASSERT_NE(begin, std::string::npos) << page;
  ASSERT_NE(end, std::string::npos) << page;
  const std::size_t from = begin + begin_marker.size();
  const std::string wanted = "\n" + tables + "\n";
  if (std::getenv("PERPETUA_UPDATE_DOCS") != nullptr) {
    text.replace(from, end - from, wanted);
    std::ofstream(path) << text;
    return;
  }
  EXPECT_TRUE(text.substr(from, end - from) == wanted)
      << page << " is not that of this build: run this test with PERPETUA_UPDATE_DOCS=1";
}

}  // namespace perpetua::gateway::test
