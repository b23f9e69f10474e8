#include "cluster/origin.hpp"

#include <gtest/gtest.h>

namespace perpetua::cluster {
namespace {

struct Batch {
  std::vector<Command> commands;
  std::string text;

  void add_marker(uint32_t count, const std::vector<Origin>& origins) {
    Command marker(CommandType::consume_stream);
    marker.consume.command_count = count;
    marker.header.text_offset = static_cast<uint32_t>(text.size());
    append_origins(text, origins);
    marker.header.text_length = static_cast<uint16_t>(text.size() - marker.header.text_offset);
    commands.push_back(marker);
  }
  void add_commands(std::size_t count) {
    commands.resize(commands.size() + count, Command(CommandType::tick));
  }
  std::vector<std::pair<Origin, std::size_t>> visited() const {
    std::vector<std::pair<Origin, std::size_t>> result;
    for_each_origin({1, 1, commands, text}, [&](const Origin& origin, std::size_t first) {
      result.emplace_back(origin, first);
    });
    return result;
  }
};

TEST(Origins, SurviveTheWayThroughText) {
  const std::vector<Origin> origins = {{1, 2, 3}, {UINT64_MAX, UINT64_MAX, UINT32_MAX}, {}};
  std::string text;
  append_origins(text, origins);
  EXPECT_EQ(text.size(), 3 * kOriginBytes);
  std::vector<Origin> parsed = {{9, 9, 9}};
  ASSERT_TRUE(parse_origins(text, parsed));
  EXPECT_EQ(parsed, origins);
  EXPECT_TRUE(parse_origins("", parsed));
  EXPECT_TRUE(parsed.empty());
  for (std::size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(parse_origins(text.substr(0, size), parsed), size % kOriginBytes == 0) << size;
  }
}

TEST(Origins, EachIsVisitedWithItsFirstCommand) {
  Batch batch;
  batch.add_commands(2);  // of the process itself
  batch.add_marker(3, {{1, 10, 1}, {2, 20, 2}});
  batch.add_commands(3);
  batch.add_marker(0, {});
  batch.add_marker(1, {{1, 11, 1}});
  batch.add_commands(1);
  const auto visited = batch.visited();
  ASSERT_EQ(visited.size(), 3u);
  EXPECT_EQ(visited[0], std::pair(Origin{1, 10, 1}, std::size_t{3}));
  EXPECT_EQ(visited[1], std::pair(Origin{2, 20, 2}, std::size_t{4}));
  EXPECT_EQ(visited[2], std::pair(Origin{1, 11, 1}, std::size_t{8}));
}

TEST(Origins, AMarkerThatDoesNotFitItsCommandsIsPassedOver) {
  Batch batch;
  batch.add_marker(2, {{1, 10, 1}});  // the counts do not add up
  batch.add_commands(2);
  batch.add_marker(1, {{1, 11, 1}});
  batch.commands.back().header.text_offset = 4'000;  // beyond the text
  batch.add_commands(1);
  batch.add_marker(1, {{1, 12, 1}});
  batch.commands.back().header.text_length -= 1;
  batch.add_commands(1);
  batch.add_marker(2, {{1, 13, 2}});  // more than follow
  batch.add_commands(1);
  EXPECT_TRUE(batch.visited().empty());
}

}  // namespace
}  // namespace perpetua::cluster
