// DepositClaims: the payments that deposits were made of, so that none is credited twice.
//
// Kept for ever, by the first half of the SHA-256 that names a payment. Bounded by
// limits::kDepositClaimsMax: once full, no further payment is accepted. Thread-safety: none.
#pragma once

#include <vector>

#include "base/flat_map.hpp"
#include "base/limits.hpp"
#include "engine/schema/command.hpp"

namespace perpetua {

class DepositClaims {
 public:
  static bool is_given(const Sha256& claim) { return claim != Sha256{}; }
  bool contains(const Sha256& claim) const { return places_.find(key_of(claim)) != nullptr; }
  bool is_full() const { return claims_.size() >= limits::kDepositClaimsMax; }
  // REQUIRES: new, and not full.
  void add(const Sha256& claim) { add_key(key_of(claim)); }

  void save(ByteSink& sink) const { write_vector(sink, claims_); }
  [[nodiscard]] bool load(ByteSource& source) {
    std::vector<Hash128> claims;
    if (!read_vector(source, claims, limits::kDepositClaimsMax)) return false;
    for (const Hash128& claim : claims) {
      if (places_.find(claim) != nullptr) return false;
      add_key(claim);
    }
    return true;
  }

 private:
  static Hash128 key_of(const Sha256& claim) {
    Hash128 key;
    std::memcpy(&key, claim.data(), sizeof key);
    return key;
  }
  void add_key(const Hash128& key) {
    places_.insert(key, static_cast<uint32_t>(claims_.size()));
    claims_.push_back(key);
  }

  std::vector<Hash128> claims_;  // in the order of their deposits
  FlatMap<Hash128, uint32_t> places_;
};

}  // namespace perpetua
