// Real PostgreSQL servers for tests: each with its own data folder and loopback port, ended with
// the test by process id, also when the test fails or is killed.
//
// Not thread-safe. Failures to start throw std::runtime_error with the server's own log.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace perpetua::pg::test {

// Where a PostgreSQL lives: on this system, or in another root folder (TimescaleDB's).
struct Installation {
  std::string root;                                     // empty: this system
  std::string programs = "/usr/lib/postgresql/15/bin";  // inside root
  std::vector<std::string> settings;                    // "name=value", for every server of it
};

// Debian 12's PostgreSQL 15.
Installation native_installation();

// Asks again and again until the answer is true; false after two minutes.
bool eventually(const std::function<bool()>& condition);

class TestServer {
 public:
  explicit TestServer(Installation installation = native_installation(),
                      std::vector<std::string> settings = {});
  ~TestServer();  // ends the server and deletes its folder
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // A streaming replica of this server, made by pg_basebackup and running.
  std::unique_ptr<TestServer> make_replica();

  std::string url(const std::string& database = "postgres") const;
  // A new, empty database; its URL.
  std::string create_database(const std::string& name);

  void start();      // after stop() or kill_hard(); same port; waits until it answers
  void stop();       // fast shutdown: waits until it has ended
  void kill_hard();  // SIGKILL to the server and all its processes
  void freeze();     // SIGSTOP: it takes connections and answers nothing
  void thaw();
  bool is_running() const { return process_ > 0; }
  uint16_t port() const { return port_; }

 private:
  struct ReplicaOf {
    const TestServer* primary;
  };
  TestServer(Installation installation, std::vector<std::string> settings, ReplicaOf source);

  void make_folder();
  void run_program(const std::string& program, const std::vector<std::string>& arguments);
  pid_t spawn(const std::string& program, const std::vector<std::string>& arguments) const;
  [[noreturn]] void become(const std::string& program,
                           const std::vector<std::string>& arguments) const;
  void await_answer(const std::vector<std::string>& arguments);  // of the server
  void await_end();
  std::vector<pid_t> processes() const;
  std::string log() const;
  std::string inside(const std::string& name) const { return folder_ + "/" + name; }
  std::string outside(const std::string& name) const { return installation_.root + inside(name); }

  Installation installation_;
  std::vector<std::string> settings_;
  std::string folder_;  // as the server sees it
  uint16_t port_ = 0;
  pid_t process_ = 0;
};

}  // namespace perpetua::pg::test
