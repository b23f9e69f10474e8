// ReaderPool: read-only connections to one file, lent to one thread at a time.
//
// Thread-safe. lend() waits while all are lent; the lease gives its connection back. Statements
// are compiled once per connection.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "stores/sqlite/database.hpp"

namespace perpetua::stores {

class ReaderPool {
 public:
  struct Connection {
    Database database;
    std::unordered_map<std::string, Statement> statements;

    // Ready to be bound; reset() it after the last row.
    Statement& statement(const std::string& sql);
  };

  class Lease {
   public:
    Lease(ReaderPool& pool, Connection& connection) : pool_(pool), connection_(connection) {}
    ~Lease() { pool_.give_back(connection_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection* operator->() const { return &connection_; }

   private:
    ReaderPool& pool_;
    Connection& connection_;
  };

  // Throws std::runtime_error if the file cannot be opened.
  ReaderPool(const std::string& path, std::size_t connections);

  Lease lend();

 private:
  void give_back(Connection& connection);

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
};

}  // namespace perpetua::stores
