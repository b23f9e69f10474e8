#include "redis_service.hpp"

#include "metric_families.hpp"
#include "redis_setup.hpp"

namespace perpetua::app {

RedisService::RedisService(const Settings& settings, const stores::HotStore& hot,
                           projection::IntentArchive archive, gateway::ReplyRouter& replies)
    : client_(redis_options(settings)),
      projector_(client_, hot, projector_options(settings), std::move(archive)),
      gate_(replies, settings.integer("redis_write_timeout_ms")),
      accounts_(client_, hot, settings.integer("redis_read_timeout_ms"),
                [this](AgentId) { projector_.suspect(); }),
      budgets_(client_, settings.integer("redis_read_timeout_ms")) {
  projector_.on_acknowledged([this](BatchNumber batch) { gate_.acknowledged(batch); });
  projector_.on_keys_written([this](const std::vector<Sha256>& keys) {
    for (const Sha256& key : keys) keys_->drop(key);
  });
  start_client(client_, [this](const redis::Notice&) { projector_.suspect(); });
  keys_ = std::make_unique<projection::KeyDirectory>(client_,
                                                     settings.integer("redis_read_timeout_ms"));
}

RedisService::~RedisService() { stop(); }

void RedisService::start() {
  gate_.start();
  projector_.start();
  is_running_ = true;
}

void RedisService::stop() {
  is_running_ = false;
  projector_.stop();
  gate_.stop();
  keys_.reset();
  client_.stop();
}

void RedisService::on_batch(const AppliedBatch& batch,
                            std::span<const runtime::ReplyTarget> targets) {
  projector_.apply(batch);
  gate_.on_batch(batch, targets);
}

// With the gate open a reply may be ahead of Redis, so Redis is not what a reader may see.
bool RedisService::is_readable() const {
  return is_running_ && projector_.is_whole() && !gate_.is_open();
}

std::string RedisService::degraded() const {
  if (is_readable()) return {};
  const projection::ProjectorStatus status = projector_.status();
  if (!status.is_writing) {
    return "redis does not answer: replies do not wait for it, reads come from memory";
  }
  if (!status.is_whole) return "redis is being filled: reads come from memory";
  return "redis is slow: replies do not wait for it, reads come from memory";
}

void RedisService::read(const gateway::AccountQuery& query, gateway::AccountReads::Done done) {
  accounts_.read(query, std::move(done));
}

gateway::SharedKeys::Answer RedisService::find(const Sha256& sha256, stores::KeyView& out) const {
  if (!is_readable()) return Answer::away;
  const auto key = keys_->find(sha256);
  if (!key) return Answer::ask;
  out = *key;
  return Answer::known;
}

void RedisService::ask(const Sha256& sha256, gateway::SharedKeys::Done done) {
  keys_->ask(sha256, std::move(done));
}

std::vector<prometheus::MetricFamily> RedisService::Collect() const {
  MetricFamilies out;
  add_projection_metrics(out, projector_);
  add_client_metrics(out, client_);
  out.gauge("perpetua_redis_gate_open", "1: replies do not wait for Redis", gate_.is_open());
  out.counter("perpetua_redis_gate_opened_total", "times Redis was too slow for replies",
              gate_.times_opened());
  out.gauge("perpetua_redis_replies_held", "replies that wait for Redis", gate_.held());
  out.gauge("perpetua_redis_keys_cached", "API keys in the cache", keys_->cached());
  return out.take();
}

std::unique_ptr<RedisService> make_redis_service(const Settings& settings,
                                                 const stores::HotStore& hot,
                                                 projection::IntentArchive archive,
                                                 gateway::ReplyRouter& replies) {
  if (settings.text("redis_url").empty()) return nullptr;
  return std::make_unique<RedisService>(settings, hot, std::move(archive), replies);
}

}  // namespace perpetua::app
