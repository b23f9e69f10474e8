#include "runtime_setup.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "genesis.hpp"

namespace perpetua::app {
namespace {

uint64_t random_seed() {
  uint64_t seed = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&seed), sizeof seed) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
  return seed;
}

GenesisValues genesis_values(const Settings& settings) {
  const auto usdc = [&](std::string_view key) { return Micro(settings.integer(key) * 1'000'000); };
  GenesisValues values;
  values.hash_seed = random_seed();
  if (settings.text("mode") == "sandbox") values.insurance = usdc("insurance_fund");
  RiskLimits& limits = values.risk_limits;
  limits.position_max = usdc("risk_position_max");
  limits.exposure_max = usdc("risk_exposure_max");
  limits.daily_loss_max = usdc("risk_daily_loss_max");
  limits.leverage_max = static_cast<uint16_t>(settings.integer("risk_leverage_max"));
  return values;
}

}  // namespace

runtime::WaitKind wait_kind(const std::string& name) {
  if (name == "spin") return runtime::WaitKind::busy_spin;
  if (name == "yield") return runtime::WaitKind::yielding;
  return runtime::WaitKind::blocking;
}

runtime::RuntimeOptions runtime_options(const Settings& settings) {
  runtime::RuntimeOptions options;
  options.data_dir = settings.text("data_dir");
  options.refuse_volatile = settings.text("mode") == "production";
  options.matchers = static_cast<uint32_t>(settings.integer("matchers"));
  options.wait = wait_kind(settings.text("wait_strategy"));
  options.snapshot_every_commands = static_cast<uint64_t>(settings.integer("snapshot_every"));
  options.segment_bytes = static_cast<uint64_t>(settings.integer("segment_mib")) << 20;
  options.batch_interval_us = static_cast<uint32_t>(settings.integer("batch_interval_ms")) * 1'000;
  options.genesis = genesis_commands(genesis_values(settings));
  return options;
}

}  // namespace perpetua::app
