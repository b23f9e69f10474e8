// What the benchmarks share: a cheap clock and the one line each prints for a file.
//
//   W1.ofs  31.20 M orders/s (wall 30.90)  p50 20 ns  p99 90 ns  p99.9 310 ns  hash ok
//
// Rates: medians of kTimedRuns runs over the timed records, a fresh book each; by the processor
// time of the thread, and by the wall clock. On an idle core they are equal; where the wall's is
// lower, the core was shared, and caches with it, so neither is a figure to publish. Latencies: one
// more run with the clock read around every order, the reading included (which slows it, so the two
// are never mixed); they are by the wall clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace perpetua::bench {

inline constexpr int kTimedRuns = 5;

// Ticks of the processor where it has a constant-rate counter, else nanoseconds.
inline uint64_t clock_ticks() {
#if defined(__x86_64__)
  unsigned processor = 0;
  return __rdtscp(&processor);
#else
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// Measures clock_ticks against the wall clock over `interval`.
inline double measure_ticks_per_ns(std::chrono::milliseconds interval) {
  const auto begin = std::chrono::steady_clock::now();
  const uint64_t first = clock_ticks();
  auto now = begin;
  while (now - begin < interval) now = std::chrono::steady_clock::now();
  const auto ticks = static_cast<double>(clock_ticks() - first);
  return ticks / std::chrono::duration<double, std::nano>(now - begin).count();
}

struct Seconds {
  double processor = 0;  // of this thread
  double wall = 0;
};

class Stopwatch {
 public:
  Seconds seconds() const {
    return {read(CLOCK_THREAD_CPUTIME_ID) - processor_, read(CLOCK_MONOTONIC) - wall_};
  }

 private:
  static double read(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
  double processor_ = read(CLOCK_THREAD_CPUTIME_ID);
  double wall_ = read(CLOCK_MONOTONIC);
};

template <class T>
T median(std::vector<T> values) {
  if (values.empty()) return T{};
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Measurement {
  std::vector<double> rates;                  // orders per second of processor time, one per run
  std::vector<double> wall_rates;             // orders per second
  std::vector<uint32_t> latencies_ticks;  // one per sample
  std::string difference;                 // "" if every run reached the expected result

  void add_run(std::size_t orders, Seconds seconds) {
    rates.push_back(static_cast<double>(orders) / seconds.processor);
    wall_rates.push_back(static_cast<double>(orders) / seconds.wall);
  }
};

// Returns whether the result was right.
inline bool print_measurement(const std::string& path, Measurement measurement) {
  static const double ticks_per_ns = measure_ticks_per_ns(std::chrono::milliseconds(50));
  std::vector<uint32_t>& latencies = measurement.latencies_ticks;
  std::sort(latencies.begin(), latencies.end());
  const auto percentile_ns = [&](uint64_t permille) {
    if (latencies.empty()) return 0.0;
    const std::size_t rank = (latencies.size() - 1) * permille / 1000;
    return static_cast<double>(latencies[rank]) / ticks_per_ns;
  };
  const std::size_t slash = path.find_last_of('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const bool is_right = measurement.difference.empty();
  std::printf("%-12s %6.2f M orders/s (wall %6.2f)  p50 %6.0f ns  p99 %6.0f ns  "
              "p99.9 %7.0f ns  %s\n",
              name.c_str(), median(measurement.rates) / 1e6, median(measurement.wall_rates) / 1e6,
              percentile_ns(500), percentile_ns(990), percentile_ns(999),
              is_right ? "hash ok" : measurement.difference.c_str());
  std::fflush(stdout);
  return is_right;
}

}  // namespace perpetua::bench
