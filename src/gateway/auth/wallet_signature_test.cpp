#include "gateway/auth/wallet_signature.hpp"

#include <gtest/gtest.h>

namespace perpetua::gateway {
namespace {

// The example of web3.js: account and personal signature of "Some data".
constexpr std::string_view kEvmWallet = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23";
constexpr std::string_view kEvmText = "Some data";
constexpr std::string_view kEvmSignature =
    "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
    "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c";

// RFC 8032, section 7.1, test 2; key and signature in base58.
constexpr std::string_view kEdWallet = "586Z7H2vpX9qNhN2T4e9Utugie3ogjbxzGaMtM3E6HR5";
constexpr std::string_view kEdSignature =
    "3w2b4gJH2VXfrwycUgMiE3TZJTztazKppFVojCQ9NDMDHq8PVTHxQdQovxMFxqeqeQf1xaADvhkj2nMuB1kzouA7";
constexpr std::string_view kEdSignatureHex =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(WalletSignature, keccak_is_the_one_before_the_standard) {
  const auto wanted =
      hex_decode("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  const auto digest = keccak256({});
  EXPECT_EQ(std::vector(digest.begin(), digest.end()), wanted);
}

TEST(WalletSignature, evm_wallets_sign_personal_messages) {
  EXPECT_TRUE(wallet_signed(kEvmWallet, kEvmText, kEvmSignature));
  EXPECT_TRUE(wallet_signed("0x2c7536e3605d9c16a7a3d7b1898e529396a65c23", kEvmText, kEvmSignature))
      << "the case of letters is a checksum";
  std::string low_v(kEvmSignature);
  low_v.replace(low_v.size() - 2, 2, "01");
  EXPECT_TRUE(wallet_signed(kEvmWallet, kEvmText, low_v));
}

TEST(WalletSignature, ed25519_wallets_sign_the_text_itself) {
  EXPECT_TRUE(wallet_signed(kEdWallet, "\x72", kEdSignature));
  EXPECT_TRUE(wallet_signed(kEdWallet, "\x72", kEdSignatureHex));
}

TEST(WalletSignature, another_text_wallet_or_signature_is_refused) {
  EXPECT_FALSE(wallet_signed(kEvmWallet, "Some date", kEvmSignature));
  EXPECT_FALSE(
      wallet_signed("0x2c7536E3605D9C16a7a3D7b1898e529396a65c24", kEvmText, kEvmSignature));
  EXPECT_FALSE(wallet_signed(kEdWallet, "\x73", kEdSignature));
  EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, kEdSignature));
  EXPECT_FALSE(wallet_signed(kEdWallet, "\x72", kEvmSignature));
  for (std::size_t i = 2; i < kEvmSignature.size(); ++i) {
    std::string changed(kEvmSignature);
    changed[i] = changed[i] == '0' ? '5' : '0';
    EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, changed)) << i;
  }
}

TEST(WalletSignature, what_is_no_signature_is_refused) {
  for (const char* text : {"", "0x", "0x12", "zz", "\xff"}) {
    EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, text)) << text;
    EXPECT_FALSE(wallet_signed(kEdWallet, "\x72", text)) << text;
  }
  EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, std::string(130, '0')));
  EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, std::string(130, 'f')));
  EXPECT_FALSE(wallet_signed(kEvmWallet, kEvmText, std::string(100'000, 'f')));
}

TEST(WalletSignature, a_wallet_without_a_key_signs_nothing) {
  EXPECT_FALSE(wallet_signed("0xmy_agent_0001", kEvmText, kEvmSignature));
  EXPECT_FALSE(wallet_signed("", "", ""));
  EXPECT_FALSE(wallet_signed(std::string(44, '1'), "\x72", kEdSignature));
}

TEST(WalletSignature, base58_keeps_leading_zeros) {
  EXPECT_EQ(base58_decode("11"), (std::vector<uint8_t>{0, 0}));
  EXPECT_EQ(base58_decode("2g"), (std::vector<uint8_t>{'a'}));
  EXPECT_EQ(base58_decode("1a3gV")->front(), 0);
  EXPECT_FALSE(base58_decode("0"));
  EXPECT_FALSE(base58_decode("l"));
}

}  // namespace
}  // namespace perpetua::gateway
