#include "gateway/auth/api_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/assert.hpp"
#include "gateway/auth/base64url.hpp"

namespace perpetua::gateway {
namespace {

using KeyBits = std::array<uint8_t, 32>;

// The short part has five bits a character and no `-` or `_`, so the underscore behind it is found.
ApiKey key_of(const KeyBits& bits) {
  constexpr std::string_view kShortAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr std::size_t kLongBytes = 24;
  ApiKey key;
  key.text = kApiKeyPrefix;
  for (std::size_t i = kLongBytes; i < kLongBytes + 4; ++i) {
    key.text.push_back(kShortAlphabet[bits[i] & 0x1F]);
  }
  key.text.push_back('_');
  key.text += base64url(std::span(bits).first(kLongBytes));
  PERPETUA_ASSERT(key.text.size() == kApiKeyBytes);
  key.sha256 = sha256_of(key.text);
  return key;
}

void fill_random(KeyBits& bits) {
  const int filled = RAND_bytes(bits.data(), static_cast<int>(bits.size()));
  PERPETUA_ASSERT(filled == 1);
}

}  // namespace

Sha256 sha256_of(std::string_view text) {
  Sha256 digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

bool equal_in_constant_time(const Sha256& a, const Sha256& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

ApiKeySource::ApiKeySource(std::string_view secret) {
  if (secret.empty()) {
    fill_random(secret_);
  } else {
    secret_ = sha256_of(secret);
  }
}

ApiKey ApiKeySource::make() const {
  KeyBits bits;
  fill_random(bits);
  return key_of(bits);
}

ApiKey ApiKeySource::make_for(std::string_view idempotency_scope) const {
  KeyBits bits;
  unsigned size = 0;
  const unsigned char* done = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                                   reinterpret_cast<const unsigned char*>(idempotency_scope.data()),
                                   idempotency_scope.size(), bits.data(), &size);
  PERPETUA_ASSERT(done != nullptr && size == bits.size());
  return key_of(bits);
}

}  // namespace perpetua::gateway
