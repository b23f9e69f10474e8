#include "gateway/ws/outbox.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace perpetua::gateway::ws {
namespace {

constexpr std::size_t kIdleCapacityMax = 16;  // an idle socket gives back more than that

}  // namespace

Outbox::Push Outbox::push_kept(Frame frame, uint64_t agent_sequence) {
  if (kept_messages_ >= kKeptMessagesMax || kept_bytes_ + frame->size() > kKeptBytesMax) {
    return Push::overflow;
  }
  push(std::move(frame), {Topic(), agent_sequence, false});
  return Push::queued;
}

Outbox::Push Outbox::push_public(Frame frame, Topic topic, std::vector<Topic>& stale) {
  if (public_messages_ < kPublicMessagesMax && public_bytes_ + frame->size() <= kPublicBytesMax) {
    push(std::move(frame), {topic, 0, true});
    return Push::queued;
  }
  const auto add_stale = [&stale](Topic lost) {
    if (std::find(stale.begin(), stale.end(), lost) == stale.end()) stale.push_back(lost);
  };
  std::size_t kept = writing_;
  for (std::size_t i = writing_; i < frames_.size(); ++i) {
    if (infos_[i].is_public) {
      add_stale(infos_[i].topic);
      account(i, -1);
      continue;
    }
    if (kept != i) {
      frames_[kept] = std::move(frames_[i]);
      infos_[kept] = infos_[i];
    }
    ++kept;
  }
  frames_.resize(kept);
  infos_.resize(kept);
  add_stale(topic);
  return Push::shed;
}

std::span<const Frame> Outbox::gather() {
  PERPETUA_ASSERT(writing_ == 0);
  std::size_t bytes = 0;
  while (writing_ < frames_.size() && writing_ < kGatherFramesMax) {
    bytes += frames_[writing_]->size();
    if (writing_ > 0 && bytes > kGatherBytesMax) break;
    ++writing_;
  }
  return std::span(frames_).first(writing_);
}

void Outbox::written() {
  for (std::size_t i = 0; i < writing_; ++i) {
    last_written_sequence_ = std::max(last_written_sequence_, infos_[i].agent_sequence);
  }
  erase_front(writing_);
  writing_ = 0;
}

void Outbox::clear() {
  while (frames_.size() > writing_) {
    account(frames_.size() - 1, -1);
    frames_.pop_back();
    infos_.pop_back();
  }
}

void Outbox::push(Frame frame, const Info& info) {
  frames_.push_back(std::move(frame));
  infos_.push_back(info);
  account(frames_.size() - 1, 1);
}

void Outbox::account(std::size_t index, std::ptrdiff_t direction) {
  const auto count = static_cast<std::size_t>(direction);
  const std::size_t bytes = frames_[index]->size() * count;
  if (infos_[index].is_public) {
    public_messages_ += count;
    public_bytes_ += bytes;
  } else {
    kept_messages_ += count;
    kept_bytes_ += bytes;
  }
}

void Outbox::erase_front(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) account(i, -1);
  const auto end = static_cast<std::ptrdiff_t>(count);
  frames_.erase(frames_.begin(), frames_.begin() + end);
  infos_.erase(infos_.begin(), infos_.begin() + end);
  if (frames_.empty() && frames_.capacity() > kIdleCapacityMax) {
    std::vector<Frame>().swap(frames_);
    std::vector<Info>().swap(infos_);
  }
}

}  // namespace perpetua::gateway::ws
