// The seam through which state is written and read as bytes: snapshots, state hashes, fixtures.
//
// A writer never fails towards its caller (a full disk ends the process at the edge that owns the
// file). A reader returns false once the bytes are short; the caller then abandons the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace perpetua {

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(const void* data, std::size_t size) = 0;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual bool read(void* data, std::size_t size) = 0;
};

// A plain record: its bytes are its value, so it may be hashed and written as it is.
template <class T>
concept PlainRecord =
    std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>;

template <PlainRecord T>
void write_value(ByteSink& sink, const T& value) {
  sink.write(&value, sizeof value);
}

template <PlainRecord T>
[[nodiscard]] bool read_value(ByteSource& source, T& value) {
  return source.read(&value, sizeof value);
}

template <PlainRecord T>
void write_vector(ByteSink& sink, const std::vector<T>& values) {
  const uint64_t count = values.size();
  write_value(sink, count);
  if (count != 0) sink.write(values.data(), count * sizeof(T));
}

// REQUIRES: count_max bounds what a damaged length could make us allocate.
template <PlainRecord T>
[[nodiscard]] bool read_vector(ByteSource& source, std::vector<T>& values, uint64_t count_max) {
  uint64_t count = 0;
  if (!read_value(source, count) || count > count_max) return false;
  values.resize(count);
  return count == 0 || source.read(values.data(), count * sizeof(T));
}

class VectorSink final : public ByteSink {
 public:
  void write(const void* data, std::size_t size) override {
    const auto* bytes = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class MemorySource final : public ByteSource {
 public:
  MemorySource(const void* data, std::size_t size)
      : cursor_(static_cast<const std::byte*>(data)), left_(size) {}
  [[nodiscard]] bool read(void* data, std::size_t size) override {
    if (size > left_) return false;
    std::memcpy(data, cursor_, size);
    cursor_ += size;
    left_ -= size;
    return true;
  }
  std::size_t left() const { return left_; }

 private:
  const std::byte* cursor_;
  std::size_t left_;
};

}  // namespace perpetua
