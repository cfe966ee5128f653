#pragma once
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

namespace opsroom::test {

using json = nlohmann::json;

/// An MCP server as a child process behind plain pipes, seen as a client sees it. Every wait has a
/// deadline and fails the test with what was seen so far; the destructor leaves nothing running.
class McpProcess {
 public:
  static constexpr std::chrono::seconds patience{60};

  explicit McpProcess(std::vector<std::string> argv, const std::filesystem::path& cwd = ".");
  ~McpProcess();
  McpProcess(const McpProcess&) = delete;
  McpProcess& operator=(const McpProcess&) = delete;

  void send(const json& message);
  void send_line(const std::string& line);
  void close_stdin();

  /// The next message; throws std::runtime_error on EOF, on a line that is no JSON, and when late.
  json next();
  /// Reads on until the answer to `id`; notifications that came before it are kept in
  /// seen(), other answers for their own answer(). Throws when a call
  /// that was cancelled is answered all the same.
  json answer(const json& id);
  /// Reads until EOF and returns what came.
  std::vector<json> rest();

  /// Sends a request of either era and returns its answer.
  json legacy(const std::string& method, json params = json::object());
  json modern(const std::string& method, json params = json::object(), json meta = json::object());
  /// initialize and notifications/initialized.
  json open_legacy(const std::string& version = "2025-11-25");
  /// tools/call of the legacy era; the result of it.
  json call(const std::string& tool, json arguments = json::object(), json meta = json::object());
  /// Sends a tools/call without waiting, and returns its id.
  int start(const std::string& tool, json arguments = json::object(), json meta = json::object());
  void cancel(int id);

  /// The notifications of one method that were read so far.
  std::vector<json> seen(const std::string& method) const;
  /// All lines logged under one logger name, joined as they came.
  std::string logged(const std::string& logger) const;

  /// Waits for the exit; returns the exit code, or -signal.
  int wait();
  /// Everything on stderr so far.
  std::string errors() const;
  pid_t pid() const noexcept { return pid_; }

 private:
  std::string next_line();
  bool fill(std::chrono::steady_clock::time_point deadline);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  std::filesystem::path errors_;
  std::string buffer_;
  std::vector<json> seen_;
  std::vector<json> early_;  ///< answers read while another one was awaited
  std::set<int> cancelled_;
  int last_id_ = 0;
};

/// The text of a result's first content item.
std::string text_of(const json& result);

/// A directory that goes away with the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// Asks again until it is true or the patience ends.
template <class Question>
bool eventually(Question question) {
  const auto deadline = std::chrono::steady_clock::now() + McpProcess::patience;
  while (!question()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    constexpr timespec pause{0, 2'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return true;
}

std::string contents(const std::filesystem::path& file);

std::vector<std::string> runner(const std::string& library);
std::string plugin(const std::string& name);
std::string fixture(const std::string& name);
bool sanitized();

}  // namespace opsroom::test
