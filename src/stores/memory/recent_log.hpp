// RecentLog: the newest rows of many owners in one ring, with a chain through each owner's rows.
//
//   ring    | 41 | 42 | 43 | 44 | ...      rows numbered 1.., slot = number modulo capacity
//   Head    an owner's newest number; each row holds the number of its owner's row before it
//
// A full ring overwrites its oldest row; a chain then ends at the first number that is gone. So the
// total is bounded whatever the owners do, and an owner costs eight bytes. Grows up to its
// capacity, then allocates nothing. Not thread-safe: the owner locks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace perpetua::stores {

template <class Row>
class RecentLog {
 public:
  using Head = uint64_t;  // 0: no rows

  explicit RecentLog(std::size_t capacity) : capacity_(capacity) { PERPETUA_ASSERT(capacity > 0); }

  // Returns the row's number.
  uint64_t push(Head& head, Row row) {
    const uint64_t number = ++last_;
    Link link{std::move(row), head};
    head = number;
    if (links_.size() < capacity_) {
      links_.push_back(std::move(link));
    } else {
      links_[slot(number)] = std::move(link);
    }
    return number;
  }

  // Null: overwritten, or never there.
  const Row* find(uint64_t number) const {
    return number <= last_ && is_kept(number) ? &links_[slot(number)].row : nullptr;
  }
  Row* find(uint64_t number) {
    return number <= last_ && is_kept(number) ? &links_[slot(number)].row : nullptr;
  }

  // What the next push overwrites; null: nothing.
  const Row* next_victim() const {
    return links_.size() < capacity_ ? nullptr : &links_[slot(last_ + 1)].row;
  }

  // Newest first, until visitor(row) returns false.
  template <class Visitor>
  void visit_chain(Head head, Visitor&& visitor) const {
    for (uint64_t number = head; is_kept(number); number = links_[slot(number)].previous) {
      if (!visitor(links_[slot(number)].row)) return;
    }
  }

  template <class Visitor>
  void visit_all(Visitor&& visitor) const {
    for (uint64_t number = last_; is_kept(number); --number) {
      if (!visitor(links_[slot(number)].row)) return;
    }
  }

  std::size_t size() const { return links_.size(); }

 private:
  struct Link {
    Row row;
    Head previous = 0;
  };

  bool is_kept(uint64_t number) const { return number > 0 && number + capacity_ > last_; }
  std::size_t slot(uint64_t number) const { return (number - 1) % capacity_; }

  std::size_t capacity_;
  uint64_t last_ = 0;
  std::vector<Link> links_;
};

}  // namespace perpetua::stores
