// FrozenSource: the history as of one moment, for a start that must fit to one batch exactly while
// somebody else writes on. One read-only transaction at the primary; every read sees the same rows.
//
// Thread-safety: one thread. Errors: begin() says why; a read that fails throws HistoryUnavailable,
// and so does every later one.
#pragma once

#include <memory>
#include <string>

#include "base/pg/connection.hpp"
#include "engine/schema/batch.hpp"
#include "stores/history/history_source.hpp"

namespace perpetua::stores {

class FrozenSource final : public HistorySource {
 public:
  explicit FrozenSource(std::string url) : url_(std::move(url)) {}

  // From here on. Empty, or why it cannot be read.
  std::string begin();
  BatchNumber applied_batch() const { return applied_batch_; }

  std::unique_ptr<HistorySession> lend() override;

 private:
  class Session;

  pg::Result run(const std::string& sql, const pg::Parameters& parameters);

  const std::string url_;
  pg::Connection connection_;
  BatchNumber applied_batch_ = 0;
  uint64_t cursors_ = 0;  // made, for their names
};

}  // namespace perpetua::stores
