#include "gateway/auth/token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/assert.hpp"
#include "gateway/auth/base64url.hpp"
#include "gateway/auth/scope_names.hpp"
#include "gateway/codec/json_writer.hpp"

namespace perpetua::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kNonceBytes = 16;
constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

std::string claims_text(const TokenClaims& claims) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("sub").text(claims.subject);
  writer.key("scopes").begin_array();
  for_each_scope_name(claims.scopes, [&](std::string_view name) { writer.text(name); });
  writer.end_array();
  writer.key("iat").number(claims.issued_at_ms / 1'000);
  writer.key("exp").number(claims.expires_at_ms / 1'000);
  writer.end_object();
  return out;
}

std::optional<json::object> parse_part(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text) return std::nullopt;
  json::error_code code;
  const json::value value = json::parse(*text, code);
  if (code || !value.is_object()) return std::nullopt;
  return value.get_object();
}

const json::string* text_member(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

std::optional<int64_t> time_member(const json::object& object, const char* name) {
  constexpr int64_t kSecondsMax = INT64_MAX / 1'000;
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  const int64_t seconds = value->get_int64();
  if (seconds < 0 || seconds > kSecondsMax) return std::nullopt;
  return seconds * 1'000;
}

std::optional<TokenClaims> read_claims(const json::object& object) {
  TokenClaims claims;
  const json::string* subject = text_member(object, "sub");
  const auto issued = time_member(object, "iat");
  const auto expires = time_member(object, "exp");
  const json::value* scopes = object.if_contains("scopes");
  if (subject == nullptr || !issued || !expires || scopes == nullptr || !scopes->is_array()) {
    return std::nullopt;
  }
  claims.subject.assign(subject->data(), subject->size());
  claims.issued_at_ms = *issued;
  claims.expires_at_ms = *expires;
  for (const json::value& scope : scopes->get_array()) {
    if (!scope.is_string()) return std::nullopt;
    const json::string& name = scope.get_string();
    claims.scopes |= scope_bits({name.data(), name.size()}).value_or(0);
  }
  return claims;
}

}  // namespace

TokenSigner::TokenSigner(std::string_view secret) : secret_(secret) {
  if (!secret_.empty()) return;
  secret_.resize(kSecretBytes);
  const int filled = RAND_bytes(reinterpret_cast<unsigned char*>(secret_.data()),
                                static_cast<int>(secret_.size()));
  PERPETUA_ASSERT(filled == 1);
}

TokenSigner::Digest TokenSigner::mac(std::string_view text) const {
  Digest digest{};
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  PERPETUA_ASSERT(done != nullptr && size == digest.size());
  return digest;
}

std::string TokenSigner::sign(const TokenClaims& claims) const {
  std::string token = base64url(kHeader) + "." + base64url(claims_text(claims));
  const Digest digest = mac(token);
  return token + "." + base64url(digest);
}

std::optional<TokenClaims> TokenSigner::verify(std::string_view token, int64_t now_ms) const {
  const std::size_t second = token.rfind('.');
  if (token.size() > kTokenBytesMax || second == std::string_view::npos) return std::nullopt;
  const std::string_view signed_part = token.substr(0, second);
  const std::size_t first = signed_part.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto signature = base64url_decode(token.substr(second + 1));
  const Digest wanted = mac(signed_part);
  if (!signature || signature->size() != wanted.size() ||
      CRYPTO_memcmp(signature->data(), wanted.data(), wanted.size()) != 0) {
    return std::nullopt;
  }
  const auto header = parse_part(signed_part.substr(0, first));
  const auto payload = parse_part(signed_part.substr(first + 1));
  if (!header || !payload) return std::nullopt;
  const json::string* algorithm = text_member(*header, "alg");
  if (algorithm == nullptr || *algorithm != "HS256") return std::nullopt;
  auto claims = read_claims(*payload);
  if (!claims || now_ms >= claims->expires_at_ms) return std::nullopt;
  return claims;
}

std::string TokenSigner::nonce(std::string_view text) const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string scoped("challenge\n");
  scoped += text;
  const Digest digest = mac(scoped);
  std::string out;
  for (std::size_t i = 0; i < kNonceBytes; ++i) {
    out.push_back(kHex[digest[i] >> 4]);
    out.push_back(kHex[digest[i] & 0xF]);
  }
  return out;
}

}  // namespace perpetua::gateway
