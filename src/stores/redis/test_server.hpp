// Real Redis servers for tests: one server, or a Cluster of three masters and three replicas.
//
// Each listens on free ports of 127.0.0.1 and keeps its files in a temporary folder. Processes are
// children that the kernel ends with the test program, however that ends; the folder goes with the
// object. Functions throw std::runtime_error with the server's log if a server does not come up.
// Thread-safety: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "stores/redis/options.hpp"

namespace perpetua::redis {

// The output of a program (both streams); throws if it ends with another code than 0.
std::string run_program(const std::vector<std::string>& arguments);

// For a client of a server under test: it waits long and tries again soon.
Options patient_options(const std::string& url);

// A folder that goes away with the object.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// ca.crt with server.crt and server.key (127.0.0.1, localhost), and other-ca.crt, which signed
// none.
void write_test_certificates(const std::string& folder);

struct TestServerOptions {
  std::string password;      // requirepass
  bool use_tls = false;      // TLS only
  bool append_only = false;  // keeps its data over a restart, synced with every write
  bool is_cluster_node = false;
  std::vector<std::string> arguments;  // more of redis-server's
};

class TestServer {
 public:
  explicit TestServer(TestServerOptions options = {});  // starts
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  void start();  // again, on the same port and folder; waits until it answers
  void stop();   // SIGTERM
  void kill();   // SIGKILL
  void pause();  // SIGSTOP: open sockets that do not answer
  void resume();

  uint16_t port() const { return port_; }
  Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  std::string ca_file() const { return folder_.path() + "/ca.crt"; }
  std::string other_ca_file() const { return folder_.path() + "/other-ca.crt"; }
  std::string url() const;         // of the right scheme, with password and CA
  Options client_options() const;  // of url(), with short time-outs

  // redis-cli with these arguments; its output. Throws if it fails.
  std::string cli(const std::vector<std::string>& arguments) const;
  std::string log() const;
  bool is_running() const { return process_ > 0; }

 private:
  std::vector<std::string> command_line() const;
  void spawn();
  bool wait_until_ready();  // false: the process ended
  void end(int signal);

  TestServerOptions options_;
  TestFolder folder_;
  uint16_t port_ = 0;
  uint16_t bus_port_ = 0;
  pid_t process_ = -1;
};

class TestCluster {
 public:
  TestCluster();  // six nodes; ready when every node agrees
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  std::string url() const;
  Options client_options() const;

  std::size_t size() const { return nodes_.size(); }
  TestServer& node(std::size_t index) { return *nodes_[index]; }
  std::size_t master_of(uint16_t slot);           // index of the node that owns it now
  std::vector<std::size_t> masters();             // indexes
  std::string id(std::size_t index);              // the node's Cluster id
  void move_slot(uint16_t slot, std::size_t to);  // with its keys, as redis-cli --cluster does
  // The three steps of a move, for tests that look in between.
  void begin_move(uint16_t slot, std::size_t to);
  void move_keys(uint16_t slot, std::size_t to, std::size_t count_max);
  void end_move(uint16_t slot, std::size_t to);
  void wait_until_healthy();  // every slot has a master, on the view of every live node

 private:
  struct Row {  // of CLUSTER NODES
    std::string id;
    std::size_t index = 0;
    bool is_master = false;
    std::vector<std::string> slots;  // "5", "7-9"
  };
  std::vector<Row> rows(std::size_t seen_by);
  std::string owners(std::size_t seen_by);  // empty: not healthy
  std::size_t live_node();
  bool are_replicas_in_step();

  std::vector<std::unique_ptr<TestServer>> nodes_;
};

}  // namespace perpetua::redis
