#include "run.hpp"

namespace opsroom::exec {

tool::Outcome<RunResult> run(const RunArgs& args, tool::Call& call) {
  for (std::size_t i = 0; i < args.command.size(); ++i)
    refuse_nul(args.command[i], "/command/" + std::to_string(i));
  if (args.command.front().empty()) throw tool::BadArguments("/command/0", "must name a program");
  return supervise(args.command, args, "command", call);
}

}  // namespace opsroom::exec
