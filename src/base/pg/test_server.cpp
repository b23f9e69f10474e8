#include "base/pg/test_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/pg/connection.hpp"

namespace perpetua::pg::test {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kStartDeadline = std::chrono::seconds(120);
constexpr char kUser[] = "postgres";

uint16_t free_port() {
  const int socket_number = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool found =
      bind(socket_number, raw, length) == 0 && getsockname(socket_number, raw, &length) == 0;
  close(socket_number);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

// The owner of the server's files: PostgreSQL refuses to run as root.
Account find_account(const std::string& root) {
  if (geteuid() != 0) return {geteuid(), getegid()};
  std::ifstream accounts(root + "/etc/passwd");
  for (std::string line; std::getline(accounts, line);) {
    if (!line.starts_with(std::string(kUser) + ":")) continue;
    std::istringstream fields(line);
    std::string name, password, user, group;
    std::getline(fields, name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, user, ':');
    std::getline(fields, group, ':');
    return {static_cast<uid_t>(std::stoul(user)), static_cast<gid_t>(std::stoul(group))};
  }
  throw std::runtime_error("no user postgres in " + root + "/etc/passwd");
}

std::vector<std::string> initdb_arguments(const std::string& data) {
  return {"-D", data, "-U", "perpetua", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF8"};
}

}  // namespace

Installation native_installation() { return {}; }

bool eventually(const std::function<bool()>& condition) {
  const auto until = Clock::now() + kStartDeadline;
  while (!condition()) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

TestServer::TestServer(Installation installation, std::vector<std::string> settings)
    : installation_(std::move(installation)), settings_(std::move(settings)), port_(free_port()) {
  make_folder();
  run_program("initdb", initdb_arguments(inside("data")));
  start();
}

TestServer::TestServer(Installation installation, std::vector<std::string> settings,
                       ReplicaOf source)
    : installation_(std::move(installation)), settings_(std::move(settings)), port_(free_port()) {
  make_folder();
  run_program("pg_basebackup", {"-D", inside("data"), "-d", source.primary->url(), "-R", "-X",
                                "stream", "-c", "fast", "--no-sync"});
  start();
}

TestServer::~TestServer() {
  thaw();
  kill_hard();
  std::error_code ignored;
  fs::remove_all(installation_.root + folder_, ignored);
}

std::unique_ptr<TestServer> TestServer::make_replica() {
  return std::unique_ptr<TestServer>(new TestServer(installation_, settings_, ReplicaOf{this}));
}

void TestServer::make_folder() {
  std::string path = installation_.root + "/tmp/perpetua-postgres-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
  folder_ = path.substr(installation_.root.size());
  const Account account = find_account(installation_.root);
  if (chown(path.c_str(), account.user, account.group) != 0) {
    throw std::runtime_error("chown " + path);
  }
}

// In the child: leaves the rest of the test's process behind and dies with it.
void TestServer::become(const std::string& program,
                        const std::vector<std::string>& arguments) const {
  const Account account = find_account(installation_.root);
  const int log_file = open(outside("log").c_str(), O_CREAT | O_APPEND | O_WRONLY, 0666);
  const int nothing = open("/dev/null", O_RDONLY);
  if (!installation_.root.empty() && chroot(installation_.root.c_str()) != 0) _exit(126);
  if (chdir("/") != 0) _exit(126);
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(account.group) != 0 || setuid(account.user) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  dup2(nothing, 0);
  dup2(log_file, 1);
  dup2(log_file, 2);
  close_range(3, ~0u, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const std::string path = installation_.programs + "/" + program;
  std::vector<char*> raw{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  char locale[] = "LC_ALL=C";
  char search[] = "PATH=/usr/bin:/bin";
  char* environment[] = {locale, search, nullptr};
  execve(path.c_str(), raw.data(), environment);
  _exit(127);
}

pid_t TestServer::spawn(const std::string& program,
                        const std::vector<std::string>& arguments) const {
  const pid_t child = fork();
  if (child == 0) become(program, arguments);
  if (child < 0) throw std::runtime_error("fork");
  return child;
}

void TestServer::run_program(const std::string& program,
                             const std::vector<std::string>& arguments) {
  int status = 0;
  waitpid(spawn(program, arguments), &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(program + " failed: " + log());
  }
}

std::string TestServer::log() const {
  std::ifstream file(outside("log"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string TestServer::url(const std::string& database) const {
  return "postgresql://perpetua@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string TestServer::create_database(const std::string& name) {
  Connection connection;
  Result result = connection.open({.url = url()});
  if (result.ok()) result = connection.run("CREATE DATABASE " + name);
  if (!result.ok()) throw std::runtime_error("create database: " + result.error().message);
  return url(name);
}

// A server that a test may lose is not asked to sync for it: a killed process loses nothing.
void TestServer::start() {
  std::vector<std::string> arguments{"-D", inside("data"), "-p",       std::to_string(port_), "-k",
                                     "",   "-h",           "127.0.0.1"};
  std::vector<std::string> settings{"fsync=off",
                                    "max_connections=60",
                                    "shared_buffers=64MB",
                                    "max_wal_senders=8",
                                    "wal_level=replica",
                                    "hot_standby=on",
                                    "restart_after_crash=off",
                                    "logging_collector=off"};
  settings.insert(settings.end(), installation_.settings.begin(), installation_.settings.end());
  settings.insert(settings.end(), settings_.begin(), settings_.end());
  for (const std::string& setting : settings) {
    arguments.emplace_back("-c");
    arguments.push_back(setting);
  }
  process_ = spawn("postgres", arguments);
  await_answer(arguments);
}

void TestServer::await_answer(const std::vector<std::string>& arguments) {
  const auto until = Clock::now() + kStartDeadline;
  while (Clock::now() < until) {
    Connection connection;
    if (connection.open({.url = url(), .connect_deadline_ms = 2'000}).ok()) return;
    int status = 0;
    if (waitpid(process_, &status, WNOHANG) == process_) {
      process_ = 0;
      // After a kill the kernel may not be done with the memory of the last child: once more.
      if (log().find("is still in use") == std::string::npos) break;
      process_ = spawn("postgres", arguments);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("postgres does not answer: " + log());
}

void TestServer::await_end() {
  if (process_ == 0) return;
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = 0;
}

void TestServer::stop() {
  if (process_ == 0) return;
  kill(process_, SIGINT);
  await_end();
}

// The server and its children; they have process groups of their own.
std::vector<pid_t> TestServer::processes() const {
  std::vector<pid_t> found{process_};
  std::ifstream file("/proc/" + std::to_string(process_) + "/task/" + std::to_string(process_) +
                     "/children");
  for (pid_t child = 0; file >> child;) found.push_back(child);
  return found;
}

void TestServer::kill_hard() {
  if (process_ == 0) return;
  for (const pid_t process : processes()) kill(process, SIGKILL);
  await_end();
}

void TestServer::freeze() {
  if (process_ == 0) return;
  for (const pid_t process : processes()) kill(process, SIGSTOP);
}

void TestServer::thaw() {
  if (process_ == 0) return;
  for (const pid_t process : processes()) kill(process, SIGCONT);
}

}  // namespace perpetua::pg::test
