#include "bench/ts_peer.hpp"

#include "bench/pipe_floor.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace opsroom::bench {

std::string peers_directory() {
  const char* directory = std::getenv("OPSROOM_BENCH_NPM");
  if (directory == nullptr || !std::filesystem::exists(directory)) return std::string();
  const std::filesystem::path path(directory);
  const bool complete = std::filesystem::exists(path / "node_modules/@modelcontextprotocol/sdk") &&
                        std::filesystem::exists(path / "client.mjs");
  return complete ? path.string() : std::string();
}

TsPeer::TsPeer(const std::string& sdk, const std::vector<std::string>& server) {
  std::vector<std::string> argv{"/usr/bin/env", "node", peers_directory() + "/client.mjs", sdk};
  argv.insert(argv.end(), server.begin(), server.end());
  const PipedChild child = start_piped(std::move(argv));
  pid_ = child.pid;
  to_ = child.to;
  from_ = child.from;
}

TsPeer::~TsPeer() {
  ::close(to_);
  ::waitpid(pid_, nullptr, 0);
  ::close(from_);
}

std::vector<double> TsPeer::timed_calls(const std::string& tool, const Json& arguments, int count) {
  return ask({{"times", count}, {"tool", tool}, {"arguments", arguments}}).at("seconds");
}

double TsPeer::calls_a_second(
    const std::string& tool, const Json& arguments, int callers, int rounds
) {
  return ask({{"times", rounds}, {"tool", tool}, {"arguments", arguments}, {"flights", callers}}
  ).at("perSecond");
}

double TsPeer::resident_mb() {
  return ask({{"memory", true}}).at("rssKb").get<double>() / 1024;
}

Json TsPeer::ask(const Json& job) {
  const std::string line = dump(job) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t put = ::write(to_, line.data() + done, line.size() - done);
    if (put <= 0) throw std::runtime_error("the TypeScript client went away");
    done += static_cast<std::size_t>(put);
  }
  return parse_json(read_line(), "the TypeScript client's answer");
}

std::string TsPeer::read_line() {
  std::array<char, 65536> chunk;
  while (unread_.find('\n') == std::string::npos) {
    const ssize_t got = ::read(from_, chunk.data(), chunk.size());
    if (got <= 0) throw std::runtime_error("the TypeScript client ended");
    unread_.append(chunk.data(), static_cast<std::size_t>(got));
  }
  const std::size_t end = unread_.find('\n');
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

}  // namespace opsroom::bench
