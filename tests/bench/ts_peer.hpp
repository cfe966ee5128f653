#pragma once

#include "base/json.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace opsroom::bench {

/// Where `./dev bench` has installed the TypeScript SDKs beside the scripts of tests/bench/peers;
/// empty when it has not.
std::string peers_directory();

/// A client of a TypeScript SDK in a process of its own, with a server of its own. It works only
/// while it is asked to, so that it can take turns with ours.
class TsPeer {
 public:
  /// `sdk` is "1" or "2"; `server` the command it starts. Throws std::runtime_error.
  TsPeer(const std::string& sdk, const std::vector<std::string>& server);
  ~TsPeer();
  TsPeer(const TsPeer&) = delete;
  TsPeer& operator=(const TsPeer&) = delete;

  /// Seconds each of `count` calls took, one after the other.
  std::vector<double> timed_calls(const std::string& tool, const Json& arguments, int count);
  double calls_a_second(const std::string& tool, const Json& arguments, int callers, int rounds);
  double resident_mb();

 private:
  Json ask(const Json& job);
  std::string read_line();

  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  std::string unread_;
};

}  // namespace opsroom::bench
