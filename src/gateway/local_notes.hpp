// LocalNotes: SharedNotes of one process alone. In memory, at most kLocalNotesMax; past that, what
// is new is refused until others end. Answers within the call.
// Thread-safety: any thread.
#pragma once

#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

#include "gateway/shared_notes.hpp"

namespace perpetua::gateway {

inline constexpr std::size_t kLocalNotesMax = 1u << 16;

class LocalNotes final : public SharedNotes {
 public:
  // `clock`: milliseconds, never back; null: the steady clock's.
  explicit LocalNotes(std::size_t notes_max = kLocalNotesMax, std::function<int64_t()> clock = {});

  void ask(NoteAsk ask, std::function<void(NoteAnswer)> done) override;
  void exchange(Sightings ours, uint32_t since_s,
                std::function<void(std::optional<Sightings>)> done) override;

 private:
  struct Note {
    std::string value;
    int64_t ends_at_ms = 0;
  };
  NoteAnswer answer(const NoteAsk& ask);
  bool put(const NoteAsk& ask, int64_t now_ms);

  const std::size_t notes_max_;
  const std::function<int64_t()> clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Note> notes_;
  std::set<std::pair<int64_t, std::string>> ends_;  // of all notes
};

}  // namespace perpetua::gateway
