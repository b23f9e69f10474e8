#include "stores/postgres/connection_pool.hpp"

namespace perpetua::stores {

pg::Result ConnectionPool::Reader::run(const std::string& sql, const pg::Parameters& parameters) {
  auto found = prepared_.find(sql);
  if (found == prepared_.end()) {
    const std::string name = "s" + std::to_string(prepared_.size());
    pg::Result prepared = connection_.prepare(name, sql);
    if (!prepared.ok()) return prepared;
    found = prepared_.emplace(sql, name).first;
  }
  return connection_.run_prepared(found->second, parameters);
}

ConnectionPool::ConnectionPool(PoolOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.connections; ++i) {
    readers_.push_back(std::make_unique<Reader>());
    free_.push_back(readers_.back().get());
  }
}

ConnectionPool::Lease ConnectionPool::lend(pg::Error& error) {
  Lease lease(nullptr, GiveBack{this});
  {
    std::unique_lock lock(mutex_);
    const bool is_free = returned_.wait_for(lock, std::chrono::milliseconds(options_.wait_ms),
                                            [this] { return !free_.empty(); });
    if (!is_free) {
      error = {pg::ErrorClass::resources, "", "all connections for reads are in use"};
      return lease;
    }
    lease.reset(free_.back());  // the one used last: it is the likeliest to be open
    free_.pop_back();
  }
  if (lease->connection_.is_open()) return lease;
  lease->prepared_.clear();
  const pg::Result opened = lease->connection_.open({.url = options_.url,
                                                     .application_name = "perpetua reader",
                                                     .connect_deadline_ms = options_.connect_ms,
                                                     .deadline_ms = options_.read_ms,
                                                     .statement_timeout_ms = options_.read_ms});
  if (opened.ok()) return lease;
  error = opened.error();
  lease.reset();
  return lease;
}

std::size_t ConnectionPool::lent() const {
  const std::lock_guard lock(mutex_);
  return readers_.size() - free_.size();
}

void ConnectionPool::give_back(Reader* reader) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(reader);
  }
  returned_.notify_one();
}

}  // namespace perpetua::stores
