#include "journal/status.hpp"

#include <system_error>

namespace perpetua::journal {

Status io_failure(const std::string& path, const char* what, int error_number) {
  const std::string text = std::generic_category().message(error_number);
  return Status::failure(path + ": " + what + ": " + text, error_number);
}

}  // namespace perpetua::journal
