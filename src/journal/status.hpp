// Status: the outcome of an operation on files, with a message an operator can act on.
//
// Expected failures (damage, a full disk, a held lock) are values of this type; only programmer
// errors abort. `message` names the file, the offset where there is one, and the reason.
#pragma once

#include <string>
#include <utility>

namespace perpetua::journal {

struct [[nodiscard]] Status {
  int error = 0;        // errno where the system gave one, else -1; 0 = ok
  std::string message;  // empty if ok

  bool ok() const { return error == 0; }
  static Status success() { return {}; }
  static Status failure(std::string text, int error_number = -1) {
    return {error_number, std::move(text)};
  }
};

// "path: what: text of the errno"
Status io_failure(const std::string& path, const char* what, int error_number);

}  // namespace perpetua::journal
