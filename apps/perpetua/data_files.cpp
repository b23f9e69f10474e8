#include "data_files.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "journal/data_directory.hpp"

namespace perpetua::app {
namespace {

constexpr std::size_t kSecretBytes = 32;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

void ensure_cluster_id(const std::string& data_dir) {
  journal::DataDirectory directory(journal::posix_storage());
  journal::DataDirectoryOptions options;
  options.path = data_dir;
  const journal::Status status = directory.open(options);
  if (!status.ok()) throw std::runtime_error(status.message);
}

uint64_t cluster_fingerprint(const std::string& data_dir) {
  journal::DataDirectory directory(journal::posix_storage());
  const journal::Status status = directory.open_read_only(data_dir);
  if (!status.ok()) throw std::runtime_error(status.message);
  uint64_t fingerprint = 0;
  std::memcpy(&fingerprint, directory.cluster_id().data(), sizeof fingerprint);
  return fingerprint;
}

std::string load_secret(const std::string& data_dir, const std::string& name) {
  const std::string path = data_dir + "/" + name;
  std::array<unsigned char, kSecretBytes> secret{};
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    const bool is_whole = ::read(file, secret.data(), secret.size()) == ssize_t{kSecretBytes};
    ::close(file);
    if (is_whole) return {secret.begin(), secret.end()};
  } else if (errno != ENOENT) {
    fail(path, "cannot open");
  }
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
  const std::string temporary = path + ".tmp";
  file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail(temporary, "cannot create");
  const bool is_written =
      ::write(file, secret.data(), secret.size()) == ssize_t{kSecretBytes} && ::fsync(file) == 0;
  ::close(file);
  if (!is_written || ::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "cannot write");
  return {secret.begin(), secret.end()};
}

}  // namespace perpetua::app
