#include "gateway/auth/token.hpp"

#include <gtest/gtest.h>

#include "gateway/auth/base64url.hpp"

namespace perpetua::gateway {
namespace {

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
// Made by another implementation: sub agent_0007, scopes read and write, iat 1000, exp 87400.
constexpr std::string_view kToken =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiJhZ2VudF8wMDA3Iiwic2NvcGVzIjpbInJlYWQiLCJ3cml0ZSJdLCJpYXQiOjEwMDAsImV4cCI6ODc0MDB9."
    "XMB6xNr7EEAGue-QjqFiF-LpjwSMtgw9FNKhQSwj7Rc";
// The same claims, signed with the secret, under a header that asks for no algorithm; and without
// an end.
constexpr std::string_view kNoAlgorithm =
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0."
    "eyJzdWIiOiJhZ2VudF8wMDA3Iiwic2NvcGVzIjpbInJlYWQiLCJ3cml0ZSJdLCJpYXQiOjEwMDAsImV4cCI6ODc0MDB9."
    "HXJ2kl9aqYGhSbee_GnSTJi3-s2F9YS3bKHY2UoSbVg";
constexpr std::string_view kNoEnd =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiJhZ2VudF8wMDA3Iiwic2NvcGVzIjpbInJlYWQiLCJ3cml0ZSJdLCJpYXQiOjEwMDB9."
    "qJeRkrUpWz6ePWpRUVW1tmYJWVPjJzzzryUWNCwkYq0";

TEST(Token, is_that_of_any_other_implementation) {
  const TokenSigner signer(kSecret);
  TokenClaims claims;
  claims.subject = "agent_0007";
  claims.scopes = kScopesAll;
  claims.issued_at_ms = 1'000'000;
  claims.expires_at_ms = 87'400'000;
  EXPECT_EQ(signer.sign(claims), kToken);
  const auto read = signer.verify(kToken, 87'399'999);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->subject, "agent_0007");
  EXPECT_EQ(read->scopes, kScopesAll);
  EXPECT_EQ(read->expires_at_ms, 87'400'000);
}

TEST(Token, ends_at_its_time) { EXPECT_FALSE(TokenSigner(kSecret).verify(kToken, 87'400'000)); }

TEST(Token, of_another_secret_or_with_a_changed_byte_is_refused) {
  EXPECT_FALSE(TokenSigner("another secret of thirty-two bytes").verify(kToken, 0));
  const TokenSigner signer(kSecret);
  for (std::size_t i = 0; i < kToken.size(); ++i) {
    std::string changed(kToken);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(signer.verify(changed, 0)) << i;
  }
}

TEST(Token, without_our_algorithm_or_without_an_end_is_refused) {
  const TokenSigner signer(kSecret);
  EXPECT_FALSE(signer.verify(kNoAlgorithm, 0));
  EXPECT_FALSE(signer.verify(kNoEnd, 0));
}

TEST(Token, that_is_none_is_refused) {
  const TokenSigner signer(kSecret);
  for (const char* text : {"", ".", "..", "a.b.c", "x", "a.b.c.d", "eyJ.eyJ.", "\xff.\xff.\xff"}) {
    EXPECT_FALSE(signer.verify(text, 0)) << text;
  }
  EXPECT_FALSE(signer.verify(std::string(100'000, '.'), 0));
}

TEST(Token, an_empty_secret_is_a_random_one) {
  TokenClaims claims;
  claims.expires_at_ms = 1'000'000;
  EXPECT_FALSE(TokenSigner("").verify(TokenSigner("").sign(claims), 0));
  EXPECT_NE(TokenSigner("").nonce("a"), TokenSigner("").nonce("a"));
}

TEST(Base64Url, is_that_of_the_standard) {
  EXPECT_EQ(base64url(std::string_view("")), "");
  EXPECT_EQ(base64url(std::string_view("f")), "Zg");
  EXPECT_EQ(base64url(std::string_view("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64url_decode("Zm9vYg"), "foob");
  EXPECT_FALSE(base64url_decode("Zg=="));
  EXPECT_FALSE(base64url_decode("Z"));
  EXPECT_FALSE(base64url_decode("Zh")) << "bits behind the last byte";
}

}  // namespace
}  // namespace perpetua::gateway
