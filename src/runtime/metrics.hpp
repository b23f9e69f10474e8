// Metrics of the pipeline: counters that stages write and any thread reads.
//
// A Counter has one writing thread, a SharedCounter any number; reading is never exact across
// several counters. RuntimeMetrics is a copy of them all, made by Runtime::metrics().
// Histograms have buckets by powers of two: bucket i counts values <= 2^i, the last one the rest.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace perpetua::runtime {

class Counter {
 public:
  void add(uint64_t amount = 1) noexcept { set(get() + amount); }
  void set(uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void raise(uint64_t value) noexcept {
    if (value > get()) set(value);
  }
  uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class SharedCounter {
 public:
  void add(uint64_t amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

inline constexpr std::size_t kHistogramBuckets = 24;

struct HistogramValues {
  std::array<uint64_t, kHistogramBuckets> buckets{};
  uint64_t count = 0;
  uint64_t sum = 0;
  uint64_t max = 0;
};

class Histogram {
 public:
  void record(uint64_t value) noexcept {
    const std::size_t bucket = value <= 1 ? 0 : static_cast<std::size_t>(std::bit_width(value - 1));
    buckets_[bucket < kHistogramBuckets ? bucket : kHistogramBuckets - 1].add();
    count_.add();
    sum_.add(value);
    max_.raise(value);
  }
  HistogramValues values() const noexcept {
    HistogramValues values;
    for (std::size_t i = 0; i < kHistogramBuckets; ++i) values.buckets[i] = buckets_[i].get();
    values.count = count_.get();
    values.sum = sum_.get();
    values.max = max_.get();
    return values;
  }

 private:
  std::array<Counter, kHistogramBuckets> buckets_;
  Counter count_;
  Counter sum_;
  Counter max_;
};

// What the stages write; grouped by writer, each group on cache lines of its own.
struct PipelineCounters {
  struct alignas(64) Submit {
    SharedCounter overloaded;
    SharedCounter unavailable;
    SharedCounter shutting_down;
  } submit;
  struct alignas(64) Sequence {
    Counter commands;
    Counter batches;
    Counter deadline_batches;  // made without a command, to let orders expire
    Counter stalls;            // waits for a free batch slot: disk or egress is behind
    Histogram batch_commands;
    Counter snapshots;
    Counter snapshot_failures;
    Counter snapshot_batch;    // of the newest snapshot that was completed
    Counter snapshot_fork_us;  // how long the newest one held the sequencer up
  } sequencer;
  struct alignas(64) Journal {
    Histogram commit_us;
    Counter space_stalls;  // commits that found no space at all
  } journal;
};

struct RuntimeMetrics {
  uint64_t ring_depth = 0;
  uint64_t ring_slots = 0;
  uint64_t commands = 0;
  uint64_t batches = 0;
  uint64_t deadline_batches = 0;
  uint64_t stalls = 0;
  HistogramValues batch_commands;
  HistogramValues commit_us;
  uint64_t applied_batch = 0;
  uint64_t durable_batch = 0;
  uint64_t released_batch = 0;
  uint64_t refused_overloaded = 0;
  uint64_t refused_unavailable = 0;
  uint64_t refused_shutting_down = 0;
  uint64_t snapshots = 0;
  uint64_t snapshot_failures = 0;
  uint64_t snapshot_batch = 0;
  uint64_t snapshot_fork_us = 0;
  uint64_t space_stalls = 0;
  uint32_t matchers = 0;
  bool has_journal_space = true;
};

}  // namespace perpetua::runtime
