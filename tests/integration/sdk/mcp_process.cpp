#include "mcp_process.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace opsroom::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

fs::path unique_path(const char* stem) {
  std::string name = (fs::temp_directory_path() / (std::string(stem) + "-XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  return name;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts)
    list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

McpProcess::McpProcess(std::vector<std::string> argv, const fs::path& cwd)
    : errors_(unique_path("opsroom-sdk-stderr")) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  const auto list = pointers(argv);
  const std::string where = cwd.string();
  const std::string errors = (errors_ / "stderr").string();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    ::dup2(::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), 2);
    if (::chdir(where.c_str()) != 0) ::_exit(126);
    ::execv(list[0], list.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  in_ = to[1];
  out_ = from[0];
}

McpProcess::~McpProcess() {
  close_stdin();
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  std::error_code ignored;
  fs::remove_all(errors_, ignored);
}

void McpProcess::send_line(const std::string& line) {
  std::string bytes = line + "\n";
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t put = ::write(in_, bytes.data() + at, bytes.size() - at);
    if (put < 0) throw std::runtime_error("the server does not read: " + errors());
    at += static_cast<std::size_t>(put);
  }
}

void McpProcess::send(const json& message) {
  send_line(message.dump());
}

void McpProcess::close_stdin() {
  if (in_ >= 0) ::close(in_);
  in_ = -1;
}

bool McpProcess::fill(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  pollfd wait{out_, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0)
    throw std::runtime_error("no message in time; stderr: " + errors());
  std::array<char, 1 << 16> chunk;
  const ssize_t got = ::read(out_, chunk.data(), chunk.size());
  if (got > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return got > 0;
}

std::string McpProcess::next_line() {
  const auto deadline = Clock::now() + patience;
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (!fill(deadline)) throw std::runtime_error("EOF");
  }
}

json McpProcess::next() {
  json message = json::parse(next_line());
  if (!message.contains("id")) seen_.push_back(message);
  return message;
}

json McpProcess::answer(const json& id) {
  const auto is_it = [&id](const json& message) { return message["id"] == id; };
  if (const auto early = std::find_if(early_.begin(), early_.end(), is_it); early != early_.end()) {
    json message = std::move(*early);
    early_.erase(early);
    return message;
  }
  while (true) {
    json message = next();
    if (!message.contains("id")) continue;
    if (is_it(message)) return message;
    if (message["id"].is_number() && cancelled_.contains(message["id"].get<int>()))
      throw std::runtime_error("answered after its cancel: " + message.dump());
    // Calls run beside each other: the answer to another one may come first.
    early_.push_back(std::move(message));
  }
}

std::vector<json> McpProcess::rest() {
  std::vector<json> all;
  while (fill(Clock::now() + patience)) {
  }
  std::istringstream lines(buffer_);
  buffer_.clear();
  for (std::string line; std::getline(lines, line);)
    all.push_back(json::parse(line));
  return all;
}

json McpProcess::legacy(const std::string& method, json params) {
  const int id = ++last_id_;
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
  return answer(id);
}

json McpProcess::modern(const std::string& method, json params, json meta) {
  meta["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
  if (!meta.contains("io.modelcontextprotocol/clientCapabilities"))
    meta["io.modelcontextprotocol/clientCapabilities"] = json::object();
  params["_meta"] = std::move(meta);
  return legacy(method, std::move(params));
}

json McpProcess::open_legacy(const std::string& version) {
  json opened = legacy(
      "initialize",
      {{"protocolVersion", version},
       {"capabilities", json::object()},
       {"clientInfo", {{"name", "test"}, {"version", "1"}}}}
  );
  send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
  return opened;
}

int McpProcess::start(const std::string& tool, json arguments, json meta) {
  const int id = ++last_id_;
  send(
      {{"jsonrpc", "2.0"},
       {"id", id},
       {"method", "tools/call"},
       {"params", {{"name", tool}, {"arguments", std::move(arguments)}, {"_meta", std::move(meta)}}}
      }
  );
  return id;
}

json McpProcess::call(const std::string& tool, json arguments, json meta) {
  const json message = answer(start(tool, std::move(arguments), std::move(meta)));
  if (!message.contains("result")) throw std::runtime_error("no result: " + message.dump());
  return message["result"];
}

void McpProcess::cancel(int id) {
  cancelled_.insert(id);
  send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}}
  );
}

std::vector<json> McpProcess::seen(const std::string& method) const {
  std::vector<json> found;
  for (const json& message : seen_)
    if (message["method"] == method) found.push_back(message["params"]);
  return found;
}

std::string McpProcess::logged(const std::string& logger) const {
  std::string lines;
  for (const json& message : seen("notifications/message"))
    if (message["logger"] == logger) lines += message["data"].get<std::string>() + "\n";
  return lines;
}

int McpProcess::wait() {
  int status = 0;
  const bool ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) throw std::runtime_error("the server does not end; stderr: " + errors());
  pid_ = -1;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string McpProcess::errors() const {
  return contents(errors_ / "stderr");
}

std::string contents(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

std::string text_of(const json& result) {
  return result.at("content").at(0).at("text").get<std::string>();
}

TempDir::TempDir() : path_(unique_path("opsroom-sdk-test")) {}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> runner(const std::string& library) {
  return {OPSROOM_RUNNER, library};
}

std::string plugin(const std::string& name) {
  return std::string(OPSROOM_PLUGIN_DIR) + "/" + name + ".so";
}

std::string fixture(const std::string& name) {
  return std::string(OPSROOM_FIXTURE_DIR) + "/" + name + ".so";
}

bool sanitized() {
  return std::string_view(OPSROOM_SANITIZED) != "";
}

}  // namespace opsroom::test
