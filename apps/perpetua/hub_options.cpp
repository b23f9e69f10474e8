#include "hub_options.hpp"

#include "data_files.hpp"
#include "gateway/hub/cors.hpp"
#include "operator_key.hpp"

namespace perpetua::app {

gateway::HubOptions hub_options(const Settings& settings) {
  gateway::HubOptions options;
  options.token_secret = read_secret(settings.text("jwt_secret_file"), settings.text("jwt_secret"),
                                     "PERPETUA_JWT_SECRET", "token secret file");
  if (options.token_secret.empty()) {
    options.token_secret = load_secret(secrets_dir(settings), kTokenSecretFile);
  }
  options.intents_per_second = static_cast<uint32_t>(settings.integer("rate_intents"));
  options.mutations_per_second = static_cast<uint32_t>(settings.integer("rate_hub_mutations"));
  constexpr int64_t kPpmOfPercent = 10'000;
  options.stop_loss_ppm = settings.integer("intent_stop_loss") * kPpmOfPercent;
  options.take_profit_ppm = settings.integer("intent_take_profit") * kPpmOfPercent;
  options.has_wallet_login = settings.is_on("wallet_login");
  options.cors_origins = gateway::hub::parse_origins(settings.text("cors_origins"));
  return options;
}

}  // namespace perpetua::app
