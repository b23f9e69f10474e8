#include <poll.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

#include "stores/redis/test_server.hpp"

namespace perpetua::redis {
namespace {

constexpr std::size_t kNodes = 6;
constexpr auto kHealthyTimeout = std::chrono::seconds(120);
constexpr int kPollMs = 20;

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

bool holds(const std::string& range, uint16_t slot) {
  const std::size_t dash = range.find('-');
  const int first = std::stoi(range.substr(0, dash));
  const int last = dash == std::string::npos ? first : std::stoi(range.substr(dash + 1));
  return first <= slot && slot <= last;
}

}  // namespace

TestCluster::TestCluster() {
  TestServerOptions options;
  options.is_cluster_node = true;
  std::vector<std::string> create = {"redis-cli", "--cluster", "create"};
  for (std::size_t index = 0; index < kNodes; ++index) {
    nodes_.push_back(std::make_unique<TestServer>(options));
    create.push_back(to_string(nodes_.back()->endpoint()));
  }
  create.insert(create.end(), {"--cluster-replicas", "1", "--cluster-yes"});
  run_program(create);
  wait_until_healthy();
}

std::string TestCluster::url() const {
  std::string url = "redis+cluster://";
  for (const auto& node : nodes_) {
    if (node != nodes_.front()) url += ",";
    url += to_string(node->endpoint());
  }
  return url;
}

Options TestCluster::client_options() const { return patient_options(url()); }

std::vector<TestCluster::Row> TestCluster::rows(std::size_t seen_by) {
  std::istringstream lines(node(seen_by).cli({"CLUSTER", "NODES"}));
  std::vector<Row> result;
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = words(line);
    if (fields.size() < 8) continue;
    Row row;
    row.id = fields[0];
    const bool has_failed = fields[2].find("fail") != std::string::npos;
    row.is_master = fields[2].find("master") != std::string::npos && !has_failed;
    const std::string address = fields[1].substr(0, fields[1].find('@'));
    for (std::size_t index = 0; index < size(); ++index) {
      if (to_string(node(index).endpoint()) == address) row.index = index;
    }
    for (std::size_t at = 8; at < fields.size(); ++at) {
      if (fields[at][0] != '[') row.slots.push_back(fields[at]);  // '[': on the move
    }
    result.push_back(std::move(row));
  }
  return result;
}

std::string TestCluster::owners(std::size_t seen_by) {
  const std::string info = node(seen_by).cli({"CLUSTER", "INFO"});
  if (info.find("cluster_state:ok") == std::string::npos ||
      info.find("cluster_slots_ok:16384") == std::string::npos ||
      info.find("cluster_known_nodes:" + std::to_string(size())) == std::string::npos) {
    return "";
  }
  std::vector<std::string> lines;
  for (const Row& row : rows(seen_by)) {
    if (!row.is_master) continue;
    std::string line = std::to_string(row.index);
    for (const std::string& range : row.slots) line += " " + range;
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool TestCluster::are_replicas_in_step() {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& server) {
    if (!server->is_running()) return true;
    const std::string info = server->cli({"INFO", "replication"});
    return info.find("role:master") != std::string::npos ||
           info.find("master_link_status:up") != std::string::npos;
  });
}

void TestCluster::wait_until_healthy() {
  const auto deadline = std::chrono::steady_clock::now() + kHealthyTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    std::vector<std::string> views;
    for (std::size_t index = 0; index < size(); ++index) {
      if (node(index).is_running()) views.push_back(owners(index));
    }
    const bool is_agreed = std::all_of(views.begin(), views.end(), [&](const std::string& view) {
      return !view.empty() && view == views.front();
    });
    if (is_agreed && are_replicas_in_step()) return;
    poll(nullptr, 0, kPollMs);
  }
  throw std::runtime_error("the Cluster does not become healthy: " + node(live_node()).log());
}

std::size_t TestCluster::live_node() {
  for (std::size_t index = 0; index < size(); ++index) {
    if (node(index).is_running()) return index;
  }
  throw std::runtime_error("no node of the Cluster runs");
}

std::vector<std::size_t> TestCluster::masters() {
  std::vector<std::size_t> result;
  for (const Row& row : rows(live_node())) {
    if (row.is_master) result.push_back(row.index);
  }
  return result;
}

std::size_t TestCluster::master_of(uint16_t slot) {
  for (const Row& row : rows(live_node())) {
    const bool is_owner = std::any_of(row.slots.begin(), row.slots.end(),
                                      [slot](const auto& range) { return holds(range, slot); });
    if (row.is_master && is_owner) return row.index;
  }
  throw std::runtime_error("no master owns slot " + std::to_string(slot));
}

std::string TestCluster::id(std::size_t index) {
  const std::string line = node(index).cli({"CLUSTER", "MYID"});
  return line.substr(0, line.find('\n'));
}

void TestCluster::begin_move(uint16_t slot, std::size_t to) {
  const std::size_t from = master_of(slot);
  const std::string number = std::to_string(slot);
  node(to).cli({"CLUSTER", "SETSLOT", number, "IMPORTING", id(from)});
  node(from).cli({"CLUSTER", "SETSLOT", number, "MIGRATING", id(to)});
}

void TestCluster::move_keys(uint16_t slot, std::size_t to, std::size_t count_max) {
  TestServer& from = node(master_of(slot));
  const std::string port = std::to_string(node(to).port());
  constexpr std::size_t kAtOnce = 100;
  while (count_max > 0) {
    const std::string count = std::to_string(std::min(count_max, kAtOnce));
    const std::vector<std::string> keys =
        words(from.cli({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), count}));
    if (keys.empty()) return;
    std::vector<std::string> migrate = {"MIGRATE", "127.0.0.1", port, "", "0", "10000", "KEYS"};
    migrate.insert(migrate.end(), keys.begin(), keys.end());
    from.cli(migrate);
    count_max -= keys.size();
  }
}

void TestCluster::end_move(uint16_t slot, std::size_t to) {
  const std::size_t from = master_of(slot);
  const std::string owner = id(to);
  const auto set_owner = [&](std::size_t index) {
    node(index).cli({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", owner});
  };
  set_owner(to);  // first, so that the slot is never without an owner
  set_owner(from);
  for (const std::size_t master : masters()) {
    if (master != to && master != from) set_owner(master);
  }
}

void TestCluster::move_slot(uint16_t slot, std::size_t to) {
  begin_move(slot, to);
  move_keys(slot, to, SIZE_MAX);
  end_move(slot, to);
}

}  // namespace perpetua::redis
