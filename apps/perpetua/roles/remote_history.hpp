// RemoteHistory: the history of an exchange whose writer is another process: for reading only.
//
// Reads go to the replicas that have what was promised, else to the primary, as in the process that
// writes; how far the history is, is news from the writer.
// Thread-safety: any thread. The client outlives it.
#pragma once

#include <prometheus/collectable.h>

#include <memory>

#include "history_service.hpp"
#include "roles/history_news.hpp"

namespace perpetua::app {

class RemoteHistory final : public prometheus::Collectable {
 public:
  RemoteHistory(const HistoryPlace& place, redis::Client& client);

  stores::HistoryReader& reader() { return *reader_; }
  HistoryNews news() const { return watch_.latest(); }

  // The newest batch that every read from now on sees.
  BatchNumber shown_batch() const;
  std::string degraded() const;  // what readers go without; empty: nothing

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  HistoryWatch watch_;
  stores::PostgresSource* source_ = nullptr;  // the reader's
  std::unique_ptr<stores::HistoryReader> reader_;
};

}  // namespace perpetua::app
