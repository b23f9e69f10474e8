// ReaderPool: read-only connections to one file, lent to one thread at a time.
//
// Thread-safe. lend() waits while all are lent; the session gives its connection back. Statements
// are compiled once per connection.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "stores/history/history_source.hpp"
#include "stores/sqlite/database.hpp"

namespace perpetua::stores {

class ReaderPool final : public HistorySource {
 public:
  // Throws std::runtime_error if the file cannot be opened.
  ReaderPool(const std::string& path, std::size_t connections);

  std::unique_ptr<HistorySession> lend() override;

 private:
  struct Connection {
    Database database;
    std::unordered_map<std::string, Statement> statements;
  };
  class Session;

  void give_back(Connection& connection);

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
};

}  // namespace perpetua::stores
