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
    Lease(ConnectionLimiter& limiter, AddressKey address, bool is_proxy)
        : limiter_(&limiter), address_(address), is_proxy_(is_proxy) {}
    Lease(Lease&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)),
          address_(other.address_),
          is_proxy_(other.is_proxy_) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (limiter_ != nullptr) limiter_->release(*this);
    }
    AddressKey address() const { return address_; }
    bool is_proxy() const { return is_proxy_; }

   private:
    ConnectionLimiter* limiter_;
    AddressKey address_;
    bool is_proxy_;
  };

  // A trusted proxy's connections are many clients': they count in all only.
  std::optional<Lease> take(AddressKey address, bool is_proxy = false) {
    const std::lock_guard lock(mutex_);
    if (connections_max_ != 0 && connections_ >= connections_max_) return std::nullopt;
    if (!is_proxy) {
      uint32_t& count = by_address_[address];
      if (per_address_max_ != 0 && count >= per_address_max_) return std::nullopt;
      ++count;
    }
    ++connections_;
    return std::optional<Lease>(std::in_place, *this, address, is_proxy);
  }

 private:
  void release(const Lease& lease) {
    const std::lock_guard lock(mutex_);
    --connections_;
    if (lease.is_proxy()) return;
    const auto entry = by_address_.find(lease.address());
    if (--entry->second == 0) by_address_.erase(entry);
  }

  const uint32_t connections_max_;
  const uint32_t per_address_max_;
  std::mutex mutex_;
  uint32_t connections_ = 0;
  std::unordered_map<AddressKey, uint32_t> by_address_;
};

}  // namespace perpetua::gateway
