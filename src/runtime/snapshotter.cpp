#include "runtime/snapshotter.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/assert.hpp"

namespace perpetua::runtime {
namespace {

constexpr int kExitWritten = 0;
constexpr int kExitFailed = 1;
constexpr int kExitOrphaned = 2;
constexpr int kChildNiceness = 10;
constexpr int kChildDescriptor = 3;

bool read_all_of(int descriptor, void* data, std::size_t size) {
  auto* cursor = static_cast<char*>(data);
  while (size != 0) {
    const ssize_t got = read(descriptor, cursor, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    cursor += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Snapshotter::Snapshotter(journal::SnapshotStore store, uint64_t every_commands,
                         PipelineCounters::Sequence& counters)
    : store_(store), every_commands_(kCanFork ? every_commands : 0), counters_(counters) {}

Snapshotter::~Snapshotter() { cancel(); }

void Snapshotter::after_batch(const Engine& engine, uint64_t commands) {
  commands_since_ += commands;
  if (every_commands_ == 0 || commands_since_ < every_commands_ || has_child()) return;
  commands_since_ = 0;
  start(engine);
}

void Snapshotter::start(const Engine& engine) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    counters_.snapshot_failures.add();
    return;
  }
  const auto before = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    run_child(engine, ends[0]);
  }
  const auto took = std::chrono::steady_clock::now() - before;
  counters_.snapshot_fork_us.set(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  close(ends[0]);
  release_ = ends[1];
  if (child < 0) {
    close_release();
    counters_.snapshot_failures.add();
    return;
  }
  child_ = child;
  child_batch_ = engine.last_batch();
}

void Snapshotter::run_child(const Engine& engine, int release) {
  // The parent's handlers write into descriptors that both share.
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (release != kChildDescriptor) dup2(release, kChildDescriptor);
  close_range(kChildDescriptor + 1, ~0u, 0);
  setpriority(PRIO_PROCESS, 0, kChildNiceness);

  uint64_t record_hash = 0;
  if (!read_all_of(kChildDescriptor, &record_hash, sizeof record_hash)) _exit(kExitOrphaned);
  if (!store_.write(engine, record_hash).ok()) _exit(kExitFailed);
  if (!store_.remove_old(kSnapshotsKept).ok()) _exit(kExitFailed);
  _exit(kExitWritten);
}

void Snapshotter::poll(BatchRing& batches) {
  if (is_waiting() && batches.durable.get() >= child_batch_) {
    const BatchSlot& slot = batches.slot(child_batch_);
    PERPETUA_ASSERT(slot.number == child_batch_);
    release(slot.record_hash);
  }
  reap();
}

void Snapshotter::release(uint64_t record_hash) {
  PERPETUA_ASSERT(is_waiting());
  // 8 bytes into an empty socket never block; a child that has died shows when it is reaped.
  const ssize_t sent = send(release_, &record_hash, sizeof record_hash, MSG_NOSIGNAL);
  PERPETUA_ASSERT(sent == sizeof record_hash || errno == EPIPE || errno == ECONNRESET);
  close_release();
}

void Snapshotter::reap() {
  if (!has_child()) return;
  int status = 0;
  if (waitpid(child_, &status, WNOHANG) == child_) finish(status);
}

void Snapshotter::finish(int status) {
  child_ = 0;
  close_release();
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitWritten) {
    counters_.snapshots.add();
    counters_.snapshot_batch.set(child_batch_);
  } else {
    counters_.snapshot_failures.add();
  }
}

void Snapshotter::cancel() {
  if (!has_child()) return;
  kill(child_, SIGKILL);
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
  close_release();
}

void Snapshotter::close_release() {
  if (release_ >= 0) close(release_);
  release_ = -1;
}

}  // namespace perpetua::runtime
