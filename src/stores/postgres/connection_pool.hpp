// ConnectionPool: connections for reads from one PostgreSQL server, lent to one thread at a time.
//
// Connections are opened when they are first needed, at most `connections` of them; statements are
// parsed once per connection. A connection that broke is opened anew by the next that borrows it.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/pg/connection.hpp"

namespace perpetua::stores {

struct PoolOptions {
  std::string url;
  std::size_t connections = 4;
  int64_t connect_ms = 1'000;
  int64_t read_ms = 1'000;  // of one statement, at the server and here
  int64_t wait_ms = 1'000;  // for a connection while all are lent
};

class ConnectionPool {
 public:
  class Reader {
   public:
    // SQL with $1, $2, ...
    pg::Result run(const std::string& sql, const pg::Parameters& parameters);
    pg::Result run_once(const std::string& sql) { return connection_.run(sql); }  // not prepared
    bool is_open() const { return connection_.is_open(); }
    void close() { connection_.close(); }

   private:
    friend class ConnectionPool;
    pg::Connection connection_;
    std::unordered_map<std::string, std::string> prepared_;  // names by SQL
  };
  struct GiveBack {
    ConnectionPool* pool;
    void operator()(Reader* reader) const { pool->give_back(reader); }
  };
  using Lease = std::unique_ptr<Reader, GiveBack>;

  explicit ConnectionPool(PoolOptions options);

  // Empty: none came back in time, or the server does not answer; `error` says which.
  Lease lend(pg::Error& error);

  std::size_t lent() const;

 private:
  void give_back(Reader* reader);

  const PoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<Reader*> free_;
};

}  // namespace perpetua::stores
