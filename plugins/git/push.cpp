#include "push.hpp"

#include "remote.hpp"

#include <cmath>
#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

/// Both sides of a refspec, the source as the caller wrote it.
struct Refspec {
  std::string source;
  std::string target;
};

void check_target(const Repository& repository, const std::string& target) {
  if (repository.run({"check-ref-format", target}).exit_code != 0)
    throw tool::BadArguments("/refspec", "\"" + target + "\" is no name for a branch or tag");
}

/// A name alone is a branch, or a tag where there is only a tag of that name.
std::string full_name(const Repository& repository, const std::string& name) {
  if (name.starts_with("refs/")) return name;
  const bool tag =
      !repository.find_commit("refs/heads/" + name) && repository.find_commit("refs/tags/" + name);
  return (tag ? "refs/tags/" : "refs/heads/") + name;
}

Refspec refspec_of(const Repository& repository, const PushArgs& args) {
  if (!args.refspec) {
    const auto branch = repository.branch();
    if (!branch)
      throw tool::BadArguments(
          "/refspec", "is missing: HEAD is on no branch, so say SOURCE:TARGET"
      );
    return {"refs/heads/" + *branch, "refs/heads/" + *branch};
  }
  const std::string& text = *args.refspec;
  if (text.starts_with("+"))
    throw tool::BadArguments("/refspec", "must not begin with +; say force: true to overwrite");
  const auto colon = text.find(':');
  const std::string source = text.substr(0, colon);
  std::string target = colon == std::string::npos ? source : text.substr(colon + 1);
  if (target.empty() || target == "HEAD" || target.find('*') != std::string::npos)
    throw tool::BadArguments("/refspec", "must name one target, as in HEAD:main; got " + text);
  target = full_name(repository, target);
  check_target(repository, target);
  if (source.empty() && !args.force)
    throw tool::BadArguments(
        "/refspec", "would delete " + target + "; say force: true if you mean it"
    );
  return {source, target};
}

std::string in_words(const PushResult& result) {
  if (result.outcome == "rejected") {
    std::string text = "push of " + result.ref + " to " + result.url +
                       " was rejected: " + result.reason.value_or("no reason given") + "; " +
                       result.remedy.value_or("");
    for (const auto& message : result.messages)
      text += "\nremote: " + message;
    return text;
  }
  if (result.outcome == "up_to_date") return result.ref + " of " + result.url + " is up to date";
  return result.ref + " of " + result.url + " " + result.outcome +
         (result.commit ? ": " + result.commit->substr(0, 12) : "");
}

}  // namespace

tool::Outcome<PushResult> push(const PushArgs& args, tool::Call& call) {
  if (args.remote.starts_with("-") || args.remote.find('\0') != std::string::npos)
    throw tool::BadArguments("/remote", "\"" + args.remote + "\" is no remote");
  const Repository repository(call);
  PushResult result;
  result.remote = args.remote;
  result.url = address_of(repository, args.remote);
  const Refspec refspec = refspec_of(repository, args);
  PushOrder order;
  order.remote = args.remote;
  order.target = refspec.target;
  order.force = args.force;
  order.limit = std::chrono::milliseconds(std::llround(args.timeout_seconds * 1000));
  if (!refspec.source.empty()) {
    result.commit = repository.commit_id(refspec.source, "/refspec");
    // A tag with a message of its own goes as the tag it is, everything else as its commit.
    order.source = refspec.target.starts_with("refs/tags/") ? refspec.source : *result.commit;
  }
  if (args.expected) order.expected = repository.commit_id(*args.expected, "/expected");
  const Pushed pushed = push_ref(repository, order);
  result.ref = pushed.ref;
  result.outcome = pushed.outcome;
  result.reason = pushed.reason;
  result.remedy = pushed.remedy;
  result.messages = pushed.messages;
  for (const auto& message : pushed.messages)
    call.log_stream("stderr", "remote: " + message);
  std::string text = in_words(result);
  const bool failed = result.outcome == "rejected";
  return {std::move(result), std::move(text), failed};
}

}  // namespace opsroom::git
