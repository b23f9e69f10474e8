#include "stores/postgres/copy_buffer.hpp"

#include <charconv>

#include "stores/history/history_text.hpp"

namespace perpetua::stores {

void CopyBuffer::begin_value() {
  if (!is_first_) bytes_ += '\t';
  is_first_ = false;
}

CopyBuffer& CopyBuffer::bind(int64_t value) {
  begin_value();
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  bytes_.append(digits, end);
  return *this;
}

CopyBuffer& CopyBuffer::bind_text(std::string_view value) {
  begin_value();
  for (const char c : storable_text(value)) {
    switch (c) {
      case '\\':
        bytes_ += "\\\\";
        break;
      case '\t':
        bytes_ += "\\t";
        break;
      case '\n':
        bytes_ += "\\n";
        break;
      case '\r':
        bytes_ += "\\r";
        break;
      default:
        bytes_ += c;
    }
  }
  return *this;
}

CopyBuffer& CopyBuffer::bind_blob(std::string_view value) {
  begin_value();
  if (value.empty()) {
    bytes_ += "\\N";
    return *this;
  }
  constexpr char digits[] = "0123456789abcdef";
  bytes_ += "\\\\x";
  for (const char c : value) {
    bytes_ += digits[static_cast<unsigned char>(c) >> 4];
    bytes_ += digits[static_cast<unsigned char>(c) & 15];
  }
  return *this;
}

void CopyBuffer::end_row() {
  bytes_ += '\n';
  ++rows_;
  is_first_ = true;
}

}  // namespace perpetua::stores
