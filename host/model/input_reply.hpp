#pragma once

#include "base/failure.hpp"
#include "model/input.hpp"

#include <string>
#include <vector>

namespace opsroom {

/// One thing wrong with the content of a reply.
struct ReplyProblem {
  std::string pointer;  ///< JSON Pointer into the content: "/age"; empty: the content itself
  std::string rule;     ///< the keyword that says so: "maximum", "required", "type", ...
  std::string message;  ///< "must be at most 120, got 200"
};

/// A reply that does not fit what was asked: Failure{invalid} that knows each field's problem.
class UnfitReply : public Failure {
 public:
  explicit UnfitReply(std::vector<ReplyProblem> problems);
  const std::vector<ReplyProblem>& problems() const noexcept { return problems_; }

 private:
  std::vector<ReplyProblem> problems_;
};

/// The reply as it is handed on. An accepted form's content is an object that fits the requested
/// schema, complete with its defaults; a visit, a decline and a cancel have none (null). UnfitReply
/// names every field that does not fit; Failure{invalid} when the question itself cannot be checked
/// (decline and cancel are always possible).
InputReply checked_reply(const InputAsk& ask, InputReply reply);

}  // namespace opsroom
