#include "stores/redis/test_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace perpetua::redis {
namespace {

constexpr auto kReadyTimeout = std::chrono::seconds(60);
constexpr int kPollMs = 10;
constexpr int kStartsMax = 5;  // a free port may be taken by another before the server has it

std::vector<char*> pointers(const std::vector<std::string>& arguments) {
  std::vector<char*> result;
  for (const std::string& argument : arguments)
    result.push_back(const_cast<char*>(argument.data()));
  result.push_back(nullptr);
  return result;
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool is_good = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                       getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(probe);
  if (!is_good) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

void write_file(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void make_authority(const std::string& folder, const std::string& name) {
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=" + name,
               "-keyout", folder + "/" + name + ".key", "-out", folder + "/" + name + ".crt"});
}

}  // namespace

std::string run_program(const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
  pid_t process = -1;
  const int failed = posix_spawnp(&process, arguments.front().c_str(), &actions, nullptr,
                                  pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  std::string output;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(pipe_ends[0]);
  int status = 0;
  if (failed == 0) waitpid(process, &status, 0);
  if (failed != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(arguments.front() + " failed: " + output);
  }
  return output;
}

TestFolder::TestFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "perpetua-redis-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_test_certificates(const std::string& folder) {
  make_authority(folder, "ca");
  make_authority(folder, "other-ca");
  const std::string server = folder + "/server";
  run_program({"openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
               "-nodes", "-subj", "/CN=localhost", "-keyout", server + ".key", "-out",
               server + ".csr"});
  write_file(server + ".names", "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  run_program({"openssl", "x509", "-req", "-in", server + ".csr", "-CA", folder + "/ca.crt",
               "-CAkey", folder + "/ca.key", "-CAcreateserial", "-days", "2", "-extfile",
               server + ".names", "-out", server + ".crt"});
}

TestServer::TestServer(TestServerOptions options) : options_(std::move(options)) {
  if (options_.use_tls) write_test_certificates(folder_.path());
  for (int start = 1; !is_running(); ++start) {
    port_ = free_port();
    bus_port_ = free_port();
    spawn();
    if (wait_until_ready()) break;
    if (start == kStartsMax) throw std::runtime_error("redis-server ended: " + log());
  }
}

TestServer::~TestServer() { kill(); }

std::vector<std::string> TestServer::command_line() const {
  const std::string folder = folder_.path();
  const std::string port = std::to_string(port_);
  std::vector<std::string> line = {"redis-server",
                                   "--bind",
                                   "127.0.0.1",
                                   "--dir",
                                   folder,
                                   "--logfile",
                                   folder + "/log",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   options_.append_only ? "yes" : "no",
                                   "--appendfsync",
                                   "always"};
  const auto add = [&line](std::initializer_list<std::string> more) {
    line.insert(line.end(), more);
  };
  if (options_.use_tls) {
    add({"--port", "0", "--tls-port", port, "--tls-auth-clients", "no", "--tls-ca-cert-file",
         folder + "/ca.crt", "--tls-cert-file", folder + "/server.crt", "--tls-key-file",
         folder + "/server.key"});
  } else {
    add({"--port", port});
  }
  if (!options_.password.empty()) add({"--requirepass", options_.password});
  if (options_.is_cluster_node) {
    add({"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
         "--cluster-node-timeout", "2000", "--cluster-port", std::to_string(bus_port_)});
  }
  line.insert(line.end(), options_.arguments.begin(), options_.arguments.end());
  return line;
}

void TestServer::spawn() {
  const std::vector<std::string> line = command_line();
  const std::vector<char*> arguments = pointers(line);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ != 0) return;
  // The kernel ends the server with the thread that started it, whatever becomes of the test.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() == parent) execvp(arguments[0], arguments.data());
  _exit(127);
}

bool TestServer::wait_until_ready() {
  const auto deadline = std::chrono::steady_clock::now() + kReadyTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    try {
      if (cli({"PING"}) == "PONG\n") return true;
    } catch (const std::runtime_error&) {
      poll(nullptr, 0, kPollMs);
    }
  }
  throw std::runtime_error("redis-server does not answer: " + log());
}

void TestServer::start() {
  if (is_running()) return;
  for (int start = 1; !is_running(); ++start) {
    spawn();
    if (wait_until_ready()) return;
    if (start == kStartsMax) throw std::runtime_error("redis-server ended: " + log());
  }
}

void TestServer::end(int signal) {
  if (!is_running()) return;
  ::kill(process_, signal);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void TestServer::stop() { end(SIGTERM); }

void TestServer::kill() { end(SIGKILL); }

void TestServer::pause() { ::kill(process_, SIGSTOP); }

void TestServer::resume() { ::kill(process_, SIGCONT); }

std::string TestServer::url() const {
  std::string url = options_.use_tls ? "rediss://" : "redis://";
  if (!options_.password.empty()) url += ":" + options_.password + "@";
  url += to_string(endpoint());
  if (options_.use_tls) url += "/0?ca_file=" + ca_file();
  return url;
}

Options patient_options(const std::string& url) {
  std::string error;
  auto options = parse_url(url, error);
  if (!options) throw std::runtime_error(error);
  options->request_timeout_ms = 10'000;
  options->backoff_max_ms = 100;
  return *options;
}

Options TestServer::client_options() const { return patient_options(url()); }

std::string TestServer::cli(const std::vector<std::string>& arguments) const {
  std::vector<std::string> line = {"redis-cli", "-e", "-p", std::to_string(port_)};
  if (options_.use_tls) line.insert(line.end(), {"--tls", "--cacert", ca_file()});
  if (!options_.password.empty()) {
    line.insert(line.end(), {"--no-auth-warning", "-a", options_.password});
  }
  line.insert(line.end(), arguments.begin(), arguments.end());
  return run_program(line);
}

std::string TestServer::log() const { return read_file(folder_.path() + "/log"); }

}  // namespace perpetua::redis
