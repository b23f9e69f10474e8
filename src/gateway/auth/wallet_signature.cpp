#include "gateway/auth/wallet_signature.hpp"

#include <crypto++/keccak.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>
#include <memory>

#include "engine/schema/wallet.hpp"

namespace perpetua::gateway {
namespace {

constexpr std::size_t kEvmSignatureBytes = 65;
constexpr std::size_t kEd25519SignatureBytes = 64;
constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kSignatureTextMax = 256;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Never changed after it was made, so any thread may use it.
const secp256k1_context* curve() {
  struct Destroy {
    void operator()(secp256k1_context* made) const { secp256k1_context_destroy(made); }
  };
  static const std::unique_ptr<secp256k1_context, Destroy> context(
      secp256k1_context_create(SECP256K1_CONTEXT_VERIFY));
  return context.get();
}

std::string address_of(std::span<const uint8_t> public_key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::size_t kAddressStart = 12;
  const std::array<uint8_t, 32> digest = keccak256(public_key);
  std::string address = "0x";
  for (std::size_t i = kAddressStart; i < digest.size(); ++i) {
    address.push_back(kHex[digest[i] >> 4]);
    address.push_back(kHex[digest[i] & 0xF]);
  }
  return address;
}

bool ed25519_signed(std::span<const uint8_t> key, std::string_view text,
                    std::span<const uint8_t> signature) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()),
      &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  if (public_key == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) != 1) {
    return false;
  }
  const std::span<const uint8_t> message = bytes_of(text);
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

std::optional<std::vector<uint8_t>> decode_ed25519(std::string_view signature) {
  if (auto bytes = hex_decode(signature); bytes && bytes->size() == kEd25519SignatureBytes) {
    return bytes;
  }
  auto bytes = base58_decode(signature);
  if (bytes && bytes->size() == kEd25519SignatureBytes) return bytes;
  return std::nullopt;
}

}  // namespace

std::array<uint8_t, 32> keccak256(std::span<const uint8_t> bytes) {
  std::array<uint8_t, 32> digest{};
  CryptoPP::Keccak_256 hash;
  hash.CalculateDigest(digest.data(), bytes.data(), bytes.size());
  return digest;
}

std::optional<std::vector<uint8_t>> hex_decode(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  if (text.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::vector<uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::optional<std::vector<uint8_t>> base58_decode(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::vector<uint8_t> bytes;  // least significant first
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    auto carry = static_cast<uint32_t>(value);
    for (uint8_t& byte : bytes) {
      carry += 58u * byte;
      byte = static_cast<uint8_t>(carry & 0xFF);
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push_back(static_cast<uint8_t>(carry & 0xFF));
      carry >>= 8;
    }
  }
  const std::size_t zeros = std::min(text.find_first_not_of('1'), text.size());
  bytes.insert(bytes.end(), zeros, 0);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

std::optional<std::string> evm_signer(std::string_view text, std::span<const uint8_t> signature) {
  if (signature.size() != kEvmSignatureBytes) return std::nullopt;
  int recovery = signature[kEvmSignatureBytes - 1];
  if (recovery >= 27) recovery -= 27;
  if (recovery > 1) return std::nullopt;
  std::string prefixed =
      "\x19"
      "Ethereum Signed Message:\n" +
      std::to_string(text.size());
  prefixed += text;
  const std::array<uint8_t, 32> digest = keccak256(bytes_of(prefixed));
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_pubkey public_key;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(curve(), &parsed, signature.data(),
                                                          recovery) != 1 ||
      secp256k1_ecdsa_recover(curve(), &public_key, &parsed, digest.data()) != 1) {
    return std::nullopt;
  }
  std::array<uint8_t, 65> serialised{};
  std::size_t size = serialised.size();
  secp256k1_ec_pubkey_serialize(curve(), serialised.data(), &size, &public_key,
                                SECP256K1_EC_UNCOMPRESSED);
  return address_of(std::span<const uint8_t>(serialised).subspan(1));
}

bool wallet_signed(std::string_view wallet, std::string_view text, std::string_view signature) {
  if (signature.size() > kSignatureTextMax) return false;
  if (is_evm_address(wallet)) {
    const auto bytes = hex_decode(signature);
    if (!bytes) return false;
    const auto signer = evm_signer(text, *bytes);
    return signer && *signer == unique_wallet(wallet);
  }
  if (wallet.starts_with("0x")) return false;
  const auto key = base58_decode(wallet);
  if (!key || key->size() != kEd25519KeyBytes) return false;
  const auto bytes = decode_ed25519(signature);
  return bytes && ed25519_signed(*key, text, *bytes);
}

}  // namespace perpetua::gateway
