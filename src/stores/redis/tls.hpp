// The TLS context of a client: authorities, certificate, verification. Included by sources only.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "stores/redis/options.hpp"

namespace perpetua::redis {

// Null, with the reason, if a file cannot be used.
std::unique_ptr<boost::asio::ssl::context> make_tls_context(const Options& options,
                                                            std::string& error);

}  // namespace perpetua::redis
