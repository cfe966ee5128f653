#include "pipe_child.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace opsroom::testkit {
namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (added.count(text.substr(0, text.find('='))) == 0) all.push_back(text);
  }
  for (const auto& [name, value] : added)
    all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts)
    list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

struct Pipe {
  int read_end;
  int write_end;
};
Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("the test can't make a pipe");
  return {ends[0], ends[1]};
}

}  // namespace

PipeChild::PipeChild(
    const std::vector<std::string>& command, const std::map<std::string, std::string>& env
) {
  const Pipe to = make_pipe();
  const Pipe from = make_pipe();
  const std::vector<std::string> environment = environment_with(env);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to.read_end, 0);
  posix_spawn_file_actions_adddup2(&actions, from.write_end, 1);
  const int failed = ::posix_spawnp(
      &pid_,
      command.at(0).c_str(),
      &actions,
      nullptr,
      pointers(command).data(),
      pointers(environment).data()
  );
  posix_spawn_file_actions_destroy(&actions);
  ::close(to.read_end);
  ::close(from.write_end);
  in_ = to.write_end;
  out_ = from.read_end;
  // A child that has gone must not end this program, nor one that does not read hold it up.
  ::signal(SIGPIPE, SIG_IGN);
  ::fcntl(in_, F_SETFL, O_NONBLOCK);
  if (failed == 0) return;
  ::close(in_);
  ::close(out_);
  throw std::runtime_error("can't start " + command[0] + ": " + std::strerror(failed));
}

PipeChild::~PipeChild() {
  end(std::chrono::seconds(5));
  if (out_ >= 0) ::close(out_);
}

bool PipeChild::send(const std::string& line, Clock::time_point until) {
  const std::string text = line + "\n";
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t written = ::write(in_, text.data() + sent, text.size() - sent);
    if (written > 0) sent += static_cast<std::size_t>(written);
    if (written > 0 || errno == EINTR) continue;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (errno != EAGAIN || left.count() <= 0) return false;
    pollfd watched{in_, POLLOUT, 0};
    ::poll(&watched, 1, static_cast<int>(left.count()));
  }
  return true;
}

std::optional<std::string> PipeChild::receive(Clock::time_point until) {
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0 || closed_) return std::nullopt;
    pollfd watched{out_, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
    char block[65536];
    const ssize_t got = ::read(out_, block, sizeof block);
    if (got > 0) buffer_.append(block, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) closed_ = true;
  }
}

std::string PipeChild::end(std::chrono::milliseconds patience) {
  if (pid_ < 0) return "it has ended";
  ::close(in_);
  const auto until = Clock::now() + patience;
  int status = 0;
  pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
  while (reaped == 0 && Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    reaped = ::waitpid(pid_, &status, WNOHANG);
  }
  const bool killed = reaped == 0;
  if (killed) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
  }
  pid_ = -1;
  if (killed) return "it had to be killed";
  if (WIFSIGNALED(status)) return std::string("it died of ") + ::strsignal(WTERMSIG(status));
  return "it exited with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace opsroom::testkit
