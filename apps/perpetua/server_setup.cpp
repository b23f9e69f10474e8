#include "server_setup.hpp"

#include <unistd.h>

#include <algorithm>

#include "data_files.hpp"
#include "genesis.hpp"
#include "hub_options.hpp"
#include "operator_key.hpp"

namespace perpetua::app {
namespace {

constexpr std::size_t kHostNameBytes = 256;

gateway::RateOptions rate_options(const Settings& settings) {
  const auto rate = [&](std::string_view key) {
    return static_cast<uint32_t>(settings.integer(key));
  };
  gateway::RateOptions rates;
  rates.agent_mutations = {rate("rate_agent"), rate("rate_agent_burst")};
  rates.agent_cancels = rates.agent_mutations;
  rates.global_mutations = {rate("rate_global"), std::max(1u, rate("rate_global"))};
  rates.agent_reads = {rate("rate_reads"), std::max(1u, rate("rate_reads") * 2)};
  rates.address_reads = rates.agent_reads;
  rates.address_registrations = {rate("rate_registrations"), rate("rate_registrations_burst")};
  return rates;
}

}  // namespace

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while ((begin = text.find_first_not_of(" ,\t\n", begin)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_of(" ,\t\n", begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

std::string node_name(const Settings& settings) {
  if (!settings.text("node_name").empty()) return settings.text("node_name");
  char host[kHostNameBytes] = {};
  ::gethostname(host, sizeof host - 1);
  const std::string& listen = settings.text("listen");
  return host + listen.substr(listen.rfind(':'));
}

gateway::ServerOptions server_options(const Settings& settings) {
  gateway::ServerOptions options;
  const std::string& listen = settings.text("listen");
  const std::size_t colon = listen.rfind(':');
  options.listen_address = listen.substr(0, colon);
  options.port = static_cast<uint16_t>(std::stoi(listen.substr(colon + 1)));
  options.io_threads = static_cast<unsigned>(settings.integer("io_threads"));
  options.connections_max = static_cast<uint32_t>(settings.integer("connections_max"));
  options.connections_per_address_max =
      static_cast<uint32_t>(settings.integer("connections_per_address"));
  options.drain_ms = settings.integer("drain_ms");
  options.trusted_proxies = split_list(settings.text("trusted_proxies"));
  options.mode =
      settings.text("mode") == "production" ? gateway::Mode::production : gateway::Mode::sandbox;
  options.operator_key =
      read_operator_key(settings.text("operator_key_file"), settings.text("operator_key"));
  options.key_secret = load_secret(secrets_dir(settings), kKeySecretFile);
  options.hub = hub_options(settings);
  options.start_balance_micro = settings.integer("start_balance") * 1'000'000;
  options.margin_use_max_ppm = kMarginUseMaxPpm;
  options.takes_prices = settings.text("prices") == "push";
  options.index_sources_min = static_cast<uint32_t>(settings.integer("index_sources_min"));
  options.rates = rate_options(settings);
  return options;
}

}  // namespace perpetua::app
