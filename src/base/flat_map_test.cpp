#include "base/flat_map.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <random>
#include <unordered_map>

namespace perpetua {
namespace {

using Map = FlatMap<Hash128, uint32_t>;

// A thousand keys: most steps meet a key that is there, and neighbours shift and wrap around.
Hash128 crowded_key(std::mt19937_64& random) { return {random() % 40, random() % 24}; }

struct ByParts {
  std::size_t operator()(const Hash128& key) const { return key.high * 1'000'003 + key.low; }
};

TEST(FlatMap, AnswersAsTheStandardMapDoes) {
  std::mt19937_64 random(7);
  Map map;
  std::unordered_map<Hash128, uint32_t, ByParts> model;
  for (uint32_t step = 0; step < 200'000; ++step) {
    const Hash128 key = crowded_key(random);
    const auto known = model.find(key);
    const uint32_t* found = map.find(key);
    ASSERT_EQ(found != nullptr, known != model.end()) << step;
    if (found == nullptr) {
      map.insert(key, step);
      model.emplace(key, step);
      continue;
    }
    ASSERT_EQ(*found, known->second) << step;
    if (random() % 4 != 0) {
      map.erase(key);
      model.erase(known);
    }
    ASSERT_EQ(map.size(), model.size());
    if (step % 1'000 == 999) {
      map.clear();
      model.clear();
      map.reserve(random() % 500);
    }
  }
}

TEST(FlatMap, KeepsWhatItHoldsWhenRoomIsReserved) {
  Map map;
  for (uint32_t i = 0; i < 1'000; ++i) map.insert(Hash128{i, ~uint64_t{i}}, i);
  map.reserve(100'000);
  map.reserve(10);
  EXPECT_EQ(map.size(), 1'000u);
  for (uint32_t i = 0; i < 1'000; ++i) {
    ASSERT_NE(map.find(Hash128{i, ~uint64_t{i}}), nullptr);
    EXPECT_EQ(*map.find(Hash128{i, ~uint64_t{i}}), i);
  }
  EXPECT_EQ(map.find(Hash128{1'000, 0}), nullptr);
}

// Seventeen processes that follow one journal reserve at the same batch: nobody may stop for it.
TEST(FlatMap, ALargeReserveTakesNoPageBeforeItIsUsed) {
  constexpr std::size_t kEntries = 1u << 19;  // 2^20 places of 24 bytes: 6,144 pages
  rusage before{};
  rusage after{};
  Map map;
  getrusage(RUSAGE_SELF, &before);
  map.reserve(kEntries);
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_minflt - before.ru_minflt, 500);
  map.insert(Hash128{1, 2}, 3);
  EXPECT_EQ(*map.find(Hash128{1, 2}), 3u);
}

}  // namespace
}  // namespace perpetua
