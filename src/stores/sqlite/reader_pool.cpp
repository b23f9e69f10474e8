#include "stores/sqlite/reader_pool.hpp"

#include <stdexcept>

namespace perpetua::stores {

Statement& ReaderPool::Connection::statement(const std::string& sql) {
  auto found = statements.find(sql);
  if (found == statements.end()) {
    found = statements.emplace(sql, Statement(database, sql)).first;
  }
  return found->second.start();
}

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

ReaderPool::Lease ReaderPool::lend() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty(); });
  Connection* connection = free_.back();
  free_.pop_back();
  return {*this, *connection};
}

void ReaderPool::give_back(Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(&connection);
  }
  returned_.notify_one();
}

}  // namespace perpetua::stores
