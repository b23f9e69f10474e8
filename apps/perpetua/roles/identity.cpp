#include "roles/identity.hpp"

#include <fmt/format.h>

#include "gateway/options.hpp"
#include "journal/data_directory.hpp"

namespace perpetua::app {
namespace {

std::string schema_text() { return fmt::format("{:016x}", kSchemaHash); }

redis::CallOptions call_options() {
  redis::CallOptions options;
  options.timeout_ms = kIdentityAnswerMs;
  options.is_idempotent = true;
  return options;
}

}  // namespace

std::string check_identity(redis::Client& client, const journal::ClusterId& cluster_id) {
  const redis::Request request(kIdentityKey,
                               {"HMGET", kIdentityKey, "cluster", "schema", "version"});
  const redis::Reply reply = client.call(request, call_options()).front();
  if (!reply.is_array() || reply.elements.size() != 3) return {};
  const std::string& cluster = reply.elements[0].text;
  const std::string& schema = reply.elements[1].text;
  const std::string& version = reply.elements[2].text;
  const std::string own = journal::cluster_id_text(cluster_id);
  if (!cluster.empty() && cluster != own) {
    return fmt::format(
        "Redis belongs to the exchange {}, and this process to {}: REDIS_URL or the "
        "database of the journal is the wrong one",
        cluster, own);
  }
  if (!schema.empty() && schema != schema_text()) {
    return fmt::format(
        "the exchange runs schema {} (version {}), and this binary has {}: all roles "
        "must be of one schema",
        schema, version, schema_text());
  }
  return {};
}

void claim_identity(redis::Client& client, const journal::ClusterId& cluster_id, uint64_t epoch,
                    const std::string& node_name) {
  const std::string cluster = journal::cluster_id_text(cluster_id);
  const std::string schema = schema_text();
  const std::string epoch_text = std::to_string(epoch);
  const std::string version = gateway::ServerOptions().version;
  redis::Request request(
      kIdentityKey, {"HSET", kIdentityKey, "cluster", cluster, "schema", schema, "version", version,
                     "epoch", epoch_text, "leader", node_name});
  client.submit(std::move(request), call_options(), [](std::vector<redis::Reply>&&) {});
}

}  // namespace perpetua::app
