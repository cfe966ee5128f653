#pragma once

#include "ports/toolbox.hpp"
#include "tools/redactor.hpp"

#include <map>
#include <memory>
#include <string>

namespace opsroom::tools {

/// Stands before the listener of one call and lets no secret through. A line that may be the
/// beginning of a secret of many lines waits for the next one. Io thread only.
class RedactingListener : public CallListener {
 public:
  /// `listener` outlives it.
  RedactingListener(CallListener& listener, std::shared_ptr<const Redactor> redactor)
      : listener_(listener), redactor_(std::move(redactor)) {}

  Task<> log(std::string stream, std::string text) override;
  void progress(double done, std::optional<double> total, std::string message) override;
  Task<InputReply> ask(InputAsk question, Milliseconds limit) override;
  Task<InputReply> ask_until(InputAsk question, Milliseconds limit, Stop& withdrawn) override;

  /// Hands on the lines that still wait: nothing more will come.
  Task<> finish();

 private:
  struct Stream {
    explicit Stream(const Redactor& redactor) : redacting(redactor) {}
    RedactingStream redacting;
    std::string unfinished;  ///< the safe beginning of the line whose rest is held back
  };

  CallListener& listener_;
  std::shared_ptr<const Redactor> redactor_;
  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace opsroom::tools
