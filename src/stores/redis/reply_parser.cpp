#include "stores/redis/reply_parser.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace perpetua::redis {
namespace {

constexpr std::size_t kReserveMax = 1'024;  // the rest of an array is believed when it comes

}  // namespace

redisReplyObjectFunctions ReplyParser::kFunctions = {
    &ReplyParser::create_string, &ReplyParser::create_array, &ReplyParser::create_integer,
    &ReplyParser::create_nil, &ReplyParser::free_object};

ReplyParser::ReplyParser(std::size_t reply_bytes_max)
    : reply_bytes_max_(reply_bytes_max), reader_(redisReaderCreateWithFunctions(&kFunctions)) {
  PERPETUA_ASSERT(reader_ != nullptr);
  reader_->privdata = &builder_;
}

void ReplyParser::feed(std::string_view bytes) {
  PERPETUA_ASSERT(bytes.size() <= kFeedBytesMax);
  open_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());  // its error shows in next()
}

ReplyParser::Status ReplyParser::next(Reply& out) {
  if (!error_.empty()) return Status::bad;
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) return fail(reader_->errstr);
  if (object == nullptr) {
    if (open_bytes_ <= reply_bytes_max_) return Status::more;
    return fail("a reply longer than " + std::to_string(reply_bytes_max_) + " bytes");
  }
  open_bytes_ = reader_->len - reader_->pos;
  builder_.elements = 0;
  out = std::move(builder_.root);
  return Status::reply;
}

ReplyParser::Status ReplyParser::fail(std::string text) {
  error_ = std::move(text);
  return Status::bad;
}

// An array grows by one element at a time. Its elements stay where they are while one of them is
// filled, because only the last one is ever open.
Reply* ReplyParser::place(const redisReadTask* task) {
  auto& builder = *static_cast<Builder*>(task->privdata);
  if (task->parent == nullptr) {
    builder.root = Reply();
    return &builder.root;
  }
  if (++builder.elements > kReplyElementsMax) return nullptr;
  return &static_cast<Reply*>(task->parent->obj)->elements.emplace_back();
}

void* ReplyParser::create_string(const redisReadTask* task, char* text, std::size_t length) {
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = task->type == REDIS_REPLY_ERROR ? Reply::Type::error : Reply::Type::string;
  reply->text.assign(text, length);
  return reply;
}

void* ReplyParser::create_array(const redisReadTask* task, int count) {
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = Reply::Type::array;
  reply->elements.reserve(std::min(static_cast<std::size_t>(count), kReserveMax));
  return reply;
}

void* ReplyParser::create_integer(const redisReadTask* task, long long value) {
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = Reply::Type::integer;
  reply->integer = value;
  return reply;
}

void* ReplyParser::create_nil(const redisReadTask* task) { return place(task); }

}  // namespace perpetua::redis
