// Core: the client's inside. The inbox of submitted requests, their rounds and deadlines, the
// routing by slot, and the topology of a Cluster.
//
// submit() and the snapshots by any thread; the rest on the client's thread. Included by sources
// only (Asio).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "stores/redis/batch.hpp"
#include "stores/redis/client.hpp"
#include "stores/redis/node_pool.hpp"
#include "stores/redis/slot_table.hpp"

namespace perpetua::redis {

class Core final : private BatchOwner, private ConnectionOwner {
 public:
  explicit Core(Options options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  bool start(std::string& error, std::function<void(const Notice&)> on_notice);
  void stop();
  Submit submit(Request request, const CallOptions& options, Callback callback);
  Health health() const;
  std::vector<Endpoint> masters() const;
  bool is_own_thread() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Runs it on the client's thread and waits; not at all if the client is stopped.
  void run_inside(const std::function<void()>& work);

  // For subscribers and readers of streams.
  LinkSetup setup() { return {io, tls_.get(), options, counters}; }
  std::optional<Endpoint> master_of(uint16_t slot);
  std::optional<Endpoint> some_node();  // ready if one is
  void refresh_soon();
  // `listener` is called when slots have moved. Returns its name for forget().
  uint64_t listen(std::function<void()> listener);
  void forget(uint64_t name);
  std::minstd_rand& random() override { return random_; }

  const Options options;
  Counters counters;  // before what counts
  boost::asio::io_context io{1};

 private:
  class Router;
  struct Listener {
    uint64_t name = 0;
    std::function<void()> call;
  };

  // Requests.
  bool reserve(const Request& request);
  void drain();
  void adopt(std::shared_ptr<Batch> batch);
  void dispatch(Batch& batch);
  void round_ended(Batch& batch) override;
  void finish(Batch& batch, Failure of_waiting);
  void arm_tick();
  void tick();
  void shut_down();

  // Topology (core_topology.cpp).
  void slots_moved(const Redirect* redirect) override;
  void connection_ready(Connection& connection) override;
  void connection_lost(Connection& connection, bool was_ready) override;
  boost::asio::awaitable<void> keep_topology();
  boost::asio::awaitable<bool> read_topology();
  boost::asio::awaitable<Reply> ask_for_slots(Endpoint node);
  std::vector<Endpoint> nodes_to_ask();
  void adopt_table(SlotTable table);
  void place_slots();
  void publish_health();
  void notify(Notice::Kind kind, const Endpoint& node);

  std::unique_ptr<boost::asio::ssl::context> tls_;
  std::minstd_rand random_{std::random_device{}()};
  NodePool pool_;
  std::function<void(const Notice&)> on_notice_;

  std::mutex inbox_mutex_;
  std::vector<std::shared_ptr<Batch>> inbox_;  // guarded, with is_accepting_
  bool is_accepting_ = false;

  std::list<std::shared_ptr<Batch>> active_;
  boost::asio::steady_timer tick_timer_{io};
  bool is_tick_armed_ = false;

  SlotTable table_;
  std::vector<Node*> slot_nodes_;  // of each slot, or null
  std::size_t rotation_ = 0;       // over nodes, for what any of them can answer
  boost::asio::steady_timer refresh_timer_{io};
  bool is_refresh_wanted_ = false;
  bool is_resting_ = false;  // between two reads of the topology
  uint64_t topology_version_ = 0;
  uint32_t patch_reads_left_ = 0;  // of the topology, that slots patched by MOVED outlive
  std::vector<Listener> listeners_;
  uint64_t listener_names_ = 0;

  mutable std::mutex health_mutex_;
  Health health_;  // guarded, with masters_
  std::vector<Endpoint> masters_;

  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace perpetua::redis
