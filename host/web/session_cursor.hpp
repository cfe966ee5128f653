#pragma once

#include "model/run.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace opsroom::web {

/// How far a reader has read every run of a session, as a value that fits into an SSE id.
///
/// As text: `f<floor>` and then `;<run>:<seq>` for each run above the floor that has been read
/// from; neighbouring runs with the same number share one entry, `;<first>-<last>:<seq>`. Every run
/// of the session up to the floor has ended and was read to its end. The newest ended runs stay
/// listed although the floor could cover them: an enqueueing transaction may commit after a younger
/// one, and its run must not vanish below the floor.
class SessionCursor {
 public:
  /// Strict: Failure{invalid} for anything `text` would not write (order, signs, zeros, size).
  static SessionCursor parse(std::string_view text);

  /// Empty when it would be longer than a header may be (more than a thousand runs begun and not
  /// ended); the reader then keeps its last id and may see some events twice after a reconnect.
  std::string text() const;

  /// Up to where `run` was read; everything for runs below the floor that are not listed.
  std::int64_t position(RunId run) const;
  bool below_floor(RunId run) const;
  /// True when nothing is known of it: a new run.
  bool unknown(RunId run) const;

  /// The run exists; without this the floor could pass a run that has no events yet.
  void know(RunId run);
  void advance(RunId run, std::int64_t seq);
  /// The run has ended and was read to its end.
  void complete(RunId run);

  /// The runs that are listed, with their positions.
  struct Entry {
    std::int64_t seq = 0;
    bool complete = false;
  };
  const std::map<RunId, Entry>& listed() const { return runs_; }
  RunId floor() const { return floor_; }

 private:
  void raise_floor();

  RunId floor_;
  std::map<RunId, Entry> runs_;
  std::size_t completed_ = 0;
};

}  // namespace opsroom::web
