// ReplyParser: bytes of a connection in, replies out; hiredis' reader with our own values.
//
// Bounded: a reply longer than `reply_bytes_max` or with more than kReplyElementsMax elements is
// an error, as is anything that is not RESP2; after an error nothing more is parsed.
// Thread-safety: none.
#pragma once

#include <hiredis/read.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "stores/redis/reply.hpp"

namespace perpetua::redis {

inline constexpr std::size_t kReplyElementsMax = 1u << 20;

class ReplyParser {
 public:
  enum class Status : uint8_t { reply, more, bad };

  explicit ReplyParser(std::size_t reply_bytes_max);
  ReplyParser(const ReplyParser&) = delete;
  ReplyParser& operator=(const ReplyParser&) = delete;

  // At most kFeedBytesMax at a time, after next() has said `more`: the reader moves what it has
  // not used to its front again and again.
  void feed(std::string_view bytes);
  // `reply`: it is in `out`, which must outlive the next call. `more`: feed.
  Status next(Reply& out);
  const std::string& error() const { return error_; }

  static constexpr std::size_t kFeedBytesMax = 16 * 1024;

 private:
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  struct Builder {
    Reply root;
    std::size_t elements = 0;
  };
  static Reply* place(const redisReadTask* task);
  static void* create_string(const redisReadTask* task, char* text, std::size_t length);
  static void* create_array(const redisReadTask* task, int count);
  static void* create_integer(const redisReadTask* task, long long value);
  static void* create_nil(const redisReadTask* task);
  static void free_object(void*) {}
  static redisReplyObjectFunctions kFunctions;

  Status fail(std::string text);

  const std::size_t reply_bytes_max_;
  Builder builder_;
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t open_bytes_ = 0;  // fed since the last whole reply
  std::string error_;
};

}  // namespace perpetua::redis
