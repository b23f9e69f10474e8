#include "gateway/auth/authenticator.hpp"

#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {

Authenticator::Authenticator(const stores::HotStore& hot, std::string_view operator_key)
    : hot_(hot), has_operator_(!operator_key.empty()) {
  if (has_operator_) operator_sha256_ = sha256_of(operator_key);
}

bool Authenticator::authenticate(std::string_view key, int64_t now_ms, Principal& out) const {
  const Sha256 sha256 = sha256_of(key);
  if (equal_in_constant_time(sha256, operator_sha256_) && has_operator_) {
    out = {0, 0, kScopesAll, true, sha256};
    return true;
  }
  return find(sha256, now_ms, out);
}

bool Authenticator::still_valid(const Principal& principal, int64_t now_ms) const {
  Principal now;
  return principal.is_operator || find(principal.key_sha256, now_ms, now);
}

bool Authenticator::find(const Sha256& sha256, int64_t now_ms, Principal& out) const {
  const auto key = hot_.find_key(sha256);
  if (!key || !equal_in_constant_time(key->sha256, sha256)) return false;
  if (key->expires_at_ms != 0 && now_ms >= key->expires_at_ms) return false;
  out = {key->agent, key->key_id, key->scopes, false, sha256};
  return true;
}

void name_key(const Principal& principal, std::span<runtime::Submission> submissions) {
  if (principal.agent == 0) return;
  for (runtime::Submission& submission : submissions) {
    CommandHeader& header = submission.command.header;
    if (header.agent == principal.agent) header.key_id = principal.key_id;
  }
}

std::string_view presented_key(std::string_view x_api_key, std::string_view authorization) {
  if (!x_api_key.empty()) return x_api_key;
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() <= kBearer.size()) return {};
  for (std::size_t i = 0; i < kBearer.size(); ++i) {
    const char c = authorization[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower != kBearer[i]) return {};
  }
  return authorization.substr(kBearer.size());
}

}  // namespace perpetua::gateway
