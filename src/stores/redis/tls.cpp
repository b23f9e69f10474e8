#include "stores/redis/tls.hpp"

#include <utility>

namespace perpetua::redis {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

bool is_good(const error_code& code, const std::string& what, std::string& error) {
  if (code) error = "REDIS_URL: " + what + ": " + code.message();
  return !code;
}

}  // namespace

std::unique_ptr<ssl::context> make_tls_context(const Options& options, std::string& error) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
  error_code code;
  context->set_options(
      ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, code);
  if (options.ca_file.empty()) {
    context->set_default_verify_paths(code);
    if (!is_good(code, "the system's authorities", error)) return nullptr;
  } else {
    context->load_verify_file(options.ca_file, code);
    if (!is_good(code, "ca_file " + options.ca_file, error)) return nullptr;
  }
  if (!options.cert_file.empty()) {
    context->use_certificate_chain_file(options.cert_file, code);
    if (!is_good(code, "cert_file " + options.cert_file, error)) return nullptr;
    context->use_private_key_file(options.key_file, ssl::context::pem, code);
    if (!is_good(code, "key_file " + options.key_file, error)) return nullptr;
  }
  context->set_verify_mode(options.verify_peer ? ssl::verify_peer : ssl::verify_none, code);
  return is_good(code, "verify", error) ? std::move(context) : nullptr;
}

}  // namespace perpetua::redis
