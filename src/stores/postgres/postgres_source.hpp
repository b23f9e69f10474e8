// PostgresSource: reads of the history from PostgreSQL, shared out over replicas.
//
// A read goes to the replicas in turn that have what shown_batch() promised, else to the primary.
// A source that fails or takes too long is left and the read repeated at the next; only when all
// have failed it throws HistoryUnavailable. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stores/history/history_source.hpp"
#include "stores/postgres/connection_pool.hpp"
#include "stores/postgres/replica_watch.hpp"

namespace perpetua::stores {

struct PostgresReaderOptions {
  std::string primary_url;
  std::vector<std::string> replica_urls;
  std::size_t connections = 4;  // of each server
  int64_t read_ms = 1'000;      // of one statement
  int64_t lag_max_ms = 250;
  int64_t poll_ms = 10;  // between two questions to a replica
};

struct PostgresReaderCounts {
  uint64_t primary_reads = 0;
  std::vector<uint64_t> replica_reads;  // of each replica
  uint64_t failovers = 0;               // reads that were repeated elsewhere
  uint64_t failures = 0;                // that no source answered
};

class PostgresSource final : public HistorySource {
 public:
  // `committed`: the newest batch that is committed at the primary, as its writer knows it.
  PostgresSource(const PostgresReaderOptions& options, std::function<BatchNumber()> committed);

  std::unique_ptr<HistorySession> lend() override;

  // Reads from now on have at least this batch.
  BatchNumber shown_batch() { return watch_.shown_batch(); }

  std::vector<ReplicaStatus> replicas() { return watch_.status(); }
  PostgresReaderCounts counts() const;

 private:
  class Session;

  ConnectionPool primary_;
  std::vector<std::unique_ptr<ConnectionPool>> replicas_;
  std::vector<std::atomic<uint64_t>> replica_reads_;
  ReplicaWatch watch_;
  std::atomic<uint64_t> primary_reads_{0};
  std::atomic<uint64_t> failovers_{0};
  std::atomic<uint64_t> failures_{0};
};

}  // namespace perpetua::stores
