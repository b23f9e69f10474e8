// Whether a wallet signed a text: what login trusts.
//
//   0x + 40 hexadecimal digits   EIP-191 personal_sign: secp256k1 over keccak-256 of
//                                "\x19Ethereum Signed Message:\n" + length + text; the signature
//                                is 65 bytes in hexadecimal, r s v, v of 0, 1, 27 or 28
//   base58 of 32 bytes           Ed25519 over the text; 64 bytes in base58 or hexadecimal
//
// Other wallets have no key: nothing they send verifies. Pure; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perpetua::gateway {

[[nodiscard]] bool wallet_signed(std::string_view wallet, std::string_view text,
                                 std::string_view signature);

// The parts, for their tests.
std::array<uint8_t, 32> keccak256(std::span<const uint8_t> bytes);
std::optional<std::vector<uint8_t>> base58_decode(std::string_view text);
std::optional<std::vector<uint8_t>> hex_decode(std::string_view text);  // "0x" in front or not
// Address of who signed, lower case.
std::optional<std::string> evm_signer(std::string_view text, std::span<const uint8_t> signature);

}  // namespace perpetua::gateway
