#include "stores/sqlite/reader_pool.hpp"

#include <stdexcept>

namespace perpetua::stores {

class ReaderPool::Session final : public HistorySession {
 public:
  Session(ReaderPool& pool, Connection& connection) : pool_(pool), connection_(connection) {}
  ~Session() override { pool_.give_back(connection_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Query& statement(const std::string& sql) override {
    auto found = connection_.statements.find(sql);
    if (found == connection_.statements.end()) {
      found = connection_.statements.emplace(sql, Statement(connection_.database, sql)).first;
    }
    return found->second.start();
  }

  // A row is read when it is stepped to.
  std::size_t fetch_rows(std::size_t, std::size_t most) const override { return most; }

 private:
  ReaderPool& pool_;
  Connection& connection_;
};

ReaderPool::ReaderPool(const std::string& path, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    auto connection = std::make_unique<Connection>();
    if (!connection->database.open(path, OpenMode::read_only) ||
        !connection->database.execute("SELECT count(*) FROM meta")) {
      throw std::runtime_error("history file " + path + ": " + connection->database.message());
    }
    free_.push_back(connection.get());
    connections_.push_back(std::move(connection));
  }
}

std::unique_ptr<HistorySession> ReaderPool::lend() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  Connection* connection = free_.back();
  free_.pop_back();
  return std::make_unique<Session>(*this, *connection);
}

void ReaderPool::give_back(Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(&connection);
  }
  returned_.notify_one();
}

}  // namespace perpetua::stores
