#include "roles/remote_history.hpp"

#include <algorithm>

#include "metric_families.hpp"

namespace perpetua::app {

RemoteHistory::RemoteHistory(const HistoryPlace& place, redis::Client& client)
    : watch_(client, place.database_url) {
  auto source = std::make_unique<stores::PostgresSource>(
      reader_options(place), [this] { return watch_.latest().applied; });
  source_ = source.get();
  reader_ = std::make_unique<stores::HistoryReader>(std::move(source));
}

// Batches without rows are shown with the last one that has some.
BatchNumber RemoteHistory::shown_batch() const {
  const HistoryNews news = watch_.latest();
  const BatchNumber shown = source_->shown_batch();
  return shown >= news.applied ? news.shown : std::min(news.shown, shown);
}

std::string RemoteHistory::degraded() const {
  return watch_.is_known() ? "" : "nobody tells how far the history is";
}

std::vector<prometheus::MetricFamily> RemoteHistory::Collect() const {
  MetricFamilies out;
  out.gauge("perpetua_history_batch", "last batch in the history", watch_.latest().applied);
  add_reader_metrics(out, *source_);
  return out.take();
}

}  // namespace perpetua::app
