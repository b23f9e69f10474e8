#include "cluster/streams.hpp"

#include <gtest/gtest.h>

#include <set>

#include "stores/redis/request.hpp"

namespace perpetua::cluster {
namespace {

unsigned third_of(const std::string& key) { return redis::key_slot(key) * 3u / redis::kSlots; }

TEST(ClusterStreams, EveryStreamHasANameOfItsOwn) {
  EXPECT_EQ(stream_key(0, "BTC-PERP"), "{BTC-PERP}:commands");
  EXPECT_EQ(stream_key(63, "LAST"), "{LAST}:commands");
  EXPECT_EQ(stream_key(kAccountsStream), "{accounts}:commands");
  std::set<std::string> keys;
  for (uint16_t stream = kAccountsStream; stream < limits::kStreamsMax; ++stream) {
    keys.insert(stream_key(stream));
  }
  EXPECT_EQ(keys.size(), 4u);
}

TEST(ClusterStreams, SparesAndBatchesHaveATagInEachThirdOfTheSlots) {
  std::set<unsigned> spares, batches;
  for (unsigned i = 0; i < 3; ++i) {
    spares.insert(third_of(stream_key(static_cast<uint16_t>(kSpareStream + i))));
    batches.insert(third_of(batch_channel(i)));
    EXPECT_EQ(redis::key_slot(batch_channel(i)), redis::key_slot(batch_log_key(i)));
  }
  EXPECT_EQ(spares.size(), 3u);
  EXPECT_EQ(batches.size(), 3u);
}

TEST(ClusterStreams, AWriterKeyIsInTheSlotOfItsStream) {
  const std::string key = stream_key(0, "BTC-PERP");
  EXPECT_EQ(writer_key(key, 0xAB), "{BTC-PERP}:commands:writer:00000000000000ab");
  EXPECT_EQ(redis::key_slot(writer_key(key, UINT64_MAX)), redis::key_slot(key));
}

}  // namespace
}  // namespace perpetua::cluster
