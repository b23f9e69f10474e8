#include "data_files.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "journal/data_directory.hpp"

namespace perpetua::app {
namespace {

constexpr std::size_t kSecretBytes = 32;
using Secret = std::array<unsigned char, kSecretBytes>;

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(path + ": " + what + ": " + std::strerror(errno));
}

// False: there is none, or not a whole one.
bool read_whole(const std::string& path, Secret& secret) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return false;
  if (file < 0) fail(path, "cannot open");
  const bool is_whole = ::read(file, secret.data(), secret.size()) == ssize_t{kSecretBytes};
  ::close(file);
  return is_whole;
}

// A file of its own beside `path`, synced; its name.
std::string write_beside(const std::string& path, const Secret& secret) {
  std::string name = path + ".XXXXXX";
  const int file = ::mkstemp(name.data());
  if (file < 0) fail(path, "cannot create beside it");
  const bool is_written =
      ::write(file, secret.data(), secret.size()) == ssize_t{kSecretBytes} && ::fsync(file) == 0;
  ::close(file);
  if (!is_written) fail(name, "cannot write");
  return name;
}

}  // namespace

void ensure_cluster_id(const std::string& data_dir, const std::optional<journal::ClusterId>& id) {
  journal::DataDirectory directory(journal::posix_storage());
  journal::DataDirectoryOptions options;
  options.path = data_dir;
  if (id) options.make_cluster_id = [&id] { return *id; };
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

std::string secrets_dir(const Settings& settings) {
  const std::string& own = settings.text("secrets_dir");
  const std::string& path = own.empty() ? settings.text("data_dir") : own;
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw std::runtime_error(path + ": cannot create: " + error.message());
  return path;
}

// Processes that share the folder may start together: the first to link its file has made it.
std::string load_secret(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  Secret secret{};
  if (read_whole(path, secret)) return {secret.begin(), secret.end()};
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
  const std::string temporary = write_beside(path, secret);
  const bool is_made = ::link(temporary.c_str(), path.c_str()) == 0;
  Secret others{};
  if (!is_made && errno != EEXIST) fail(path, "cannot write");
  if (!is_made && read_whole(path, others)) {
    secret = others;
  } else if (!is_made && ::rename(temporary.c_str(), path.c_str()) != 0) {  // over a torn one
    fail(path, "cannot write");
  }
  ::unlink(temporary.c_str());
  return {secret.begin(), secret.end()};
}

}  // namespace perpetua::app
