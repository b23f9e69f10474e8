// ConnectionLimiter: how many connections there may be, in all and from one address.
//
// A lease is taken by the acceptor and given back by its destructor, on whatever thread the session
// ends. Memory is bounded by the number of open connections. Thread-safety: any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "gateway/limits/rate_limiter.hpp"

namespace perpetua::gateway {

class ConnectionLimiter {
 public:
  // 0 = no limit.
  ConnectionLimiter(uint32_t connections_max, uint32_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}

  class Lease {
   public:
    Lease(ConnectionLimiter& limiter, AddressKey address) : limiter_(&limiter), address_(address) {}
    Lease(Lease&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)), address_(other.address_) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (limiter_ != nullptr) limiter_->release(address_);
    }
    AddressKey address() const { return address_; }

   private:
    ConnectionLimiter* limiter_;
    AddressKey address_;
  };

  std::optional<Lease> take(AddressKey address) {
    const std::lock_guard lock(mutex_);
    if (connections_max_ != 0 && connections_ >= connections_max_) return std::nullopt;
    uint32_t& count = by_address_[address];
    if (per_address_max_ != 0 && count >= per_address_max_) return std::nullopt;
    ++count;
    ++connections_;
    return std::optional<Lease>(std::in_place, *this, address);
  }

 private:
  void release(AddressKey address) {
    const std::lock_guard lock(mutex_);
    --connections_;
    const auto entry = by_address_.find(address);
    if (--entry->second == 0) by_address_.erase(entry);
  }

  const uint32_t connections_max_;
  const uint32_t per_address_max_;
  std::mutex mutex_;
  uint32_t connections_ = 0;
  std::unordered_map<AddressKey, uint32_t> by_address_;
};

}  // namespace perpetua::gateway
