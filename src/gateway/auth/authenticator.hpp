// Authenticator: who presents this key, and what may the key do.
//
// An unknown key, an expired one and a malformed one cost the same and get the same answer. The
// operator's key is compared in constant time before any look-up. A revoked key is gone from the
// hot store as soon as its revocation is durable, so `still_valid` turns false at once; long-lived
// sessions call it at least every second.
// With SharedKeys a key is looked up where all processes look: in a cache, then by asking, then, if
// nobody can be asked, in the hot store. Whoever may not wait skips the asking.
// Thread-safety: any thread; immutable but for what it reads.
#pragma once

#include <span>
#include <string_view>

#include "gateway/admission.hpp"
#include "gateway/auth/api_key.hpp"
#include "runtime/api/submit.hpp"

namespace perpetua::stores {
class HotStore;
}

namespace perpetua::gateway {

struct Principal {
  AgentId agent = 0;  // 0 for the operator
  uint32_t key_id = 0;
  uint8_t scopes = 0;  // Scope bits
  bool is_operator = false;
  Sha256 key_sha256{};

  bool has(uint8_t scope) const { return (scopes & scope) == scope; }
};

class Authenticator {
 public:
  // operator_key empty: there is no operator.
  Authenticator(const stores::HotStore& hot, std::string_view operator_key,
                SharedKeys* shared = nullptr);

  // `asked`: what asking has told; null: nothing was asked.
  [[nodiscard]] bool authenticate(std::string_view key, int64_t now_ms, Principal& out,
                                  const AdmissionAsks* asked = nullptr) const;
  // True: ask for `asks.key` first, if the request may wait.
  bool must_ask(std::string_view key, AdmissionAsks& asks) const;
  void ask(const Sha256& sha256, SharedKeys::Done done) const { shared_->ask(sha256, done); }
  bool still_valid(const Principal& principal, int64_t now_ms) const;

 private:
  bool find(const Sha256& sha256, int64_t now_ms, Principal& out,
            const AdmissionAsks* asked) const;
  bool is_operator(const Sha256& sha256) const;

  const stores::HotStore& hot_;
  SharedKeys* const shared_;
  bool has_operator_ = false;
  Sha256 operator_sha256_{};
};

// Writes who sends into the commands of an agent, so that the engine holds the key to its limits
// and its end, whatever has happened since it was looked up here. The operator's name no key.
void name_key(const Principal& principal, std::span<runtime::Submission> submissions);

// The key in `X-API-Key`, else in `Authorization: Bearer`; empty if neither is there.
std::string_view presented_key(std::string_view x_api_key, std::string_view authorization);

}  // namespace perpetua::gateway
