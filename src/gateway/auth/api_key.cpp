#include "gateway/auth/api_key.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/assert.hpp"

namespace perpetua::gateway {
namespace {

using KeyBits = std::array<uint8_t, 32>;

ApiKey key_of(const KeyBits& bits) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  ApiKey key;
  key.text = kApiKeyPrefix;
  uint32_t window = 0;
  unsigned held = 0;
  for (const uint8_t byte : bits) {
    window = window << 8 | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      key.text.push_back(kAlphabet[window >> held & 0x3F]);
    }
  }
  key.text.push_back(kAlphabet[window << (6 - held) & 0x3F]);
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
