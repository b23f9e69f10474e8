#include "gateway/auth/authenticator.hpp"

#include "stores/memory/hot_store.hpp"

namespace perpetua::gateway {

Authenticator::Authenticator(const stores::HotStore& hot, std::string_view operator_key,
                             SharedKeys* shared)
    : hot_(hot), shared_(shared), has_operator_(!operator_key.empty()) {
  if (has_operator_) operator_sha256_ = sha256_of(operator_key);
}

bool Authenticator::is_operator(const Sha256& sha256) const {
  return equal_in_constant_time(sha256, operator_sha256_) && has_operator_;
}

bool Authenticator::authenticate(std::string_view key, int64_t now_ms, Principal& out,
                                 const AdmissionAsks* asked) const {
  const Sha256 sha256 = sha256_of(key);
  if (is_operator(sha256)) {
    out = {0, 0, kScopesAll, true, sha256};
    return true;
  }
  return find(sha256, now_ms, out, asked);
}

bool Authenticator::must_ask(std::string_view key, AdmissionAsks& asks) const {
  if (shared_ == nullptr || asks.has_asked_key || key.empty()) return false;
  const Sha256 sha256 = sha256_of(key);
  stores::KeyView cached;
  if (is_operator(sha256) || shared_->find(sha256, cached) != SharedKeys::Answer::ask) {
    return false;
  }
  asks.key = sha256;
  asks.has_asked_key = true;
  return true;
}

bool Authenticator::still_valid(const Principal& principal, int64_t now_ms) const {
  Principal now;
  return principal.is_operator || find(principal.key_sha256, now_ms, now, nullptr);
}

bool Authenticator::find(const Sha256& sha256, int64_t now_ms, Principal& out,
                         const AdmissionAsks* asked) const {
  std::optional<stores::KeyView> key;
  stores::KeyView cached;
  if (asked != nullptr && asked->found_key && asked->found_key->agent != 0) {
    key = asked->found_key;
  } else if (shared_ != nullptr && shared_->find(sha256, cached) == SharedKeys::Answer::known) {
    key = cached;
  } else {
    key = hot_.find_key(sha256);
  }
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
