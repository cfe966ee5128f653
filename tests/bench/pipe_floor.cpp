#include "bench/pipe_floor.hpp"

#include <array>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace opsroom::bench {
namespace {

pid_t spawn(std::vector<std::string> arguments, int in, int out) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (in >= 0) ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  if (out >= 0) ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, argv.front(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + arguments.front());
  return pid;
}

}  // namespace

PipedChild start_piped(std::vector<std::string> arguments) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2 failed");
  }
  const pid_t pid = spawn(std::move(arguments), to[0], from[1]);
  ::close(to[0]);
  ::close(from[1]);
  return {pid, to[1], from[0]};
}

PipeFloor::PipeFloor(std::string program, std::size_t in, std::size_t out)
    : request_(in, 'x'), reply_(out, '\0') {
  const PipedChild child =
      start_piped({std::move(program), "floor", std::to_string(in), std::to_string(out)});
  pid_ = child.pid;
  to_ = child.to;
  from_ = child.from;
}

PipeFloor::~PipeFloor() {
  ::close(to_);
  ::close(from_);
  ::waitpid(pid_, nullptr, 0);
}

void PipeFloor::exchange(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    send();
  for (std::size_t i = 0; i < count; ++i)
    receive();
}

void PipeFloor::send() {
  for (std::size_t done = 0; done < request_.size();) {
    const ssize_t put = ::write(to_, request_.data() + done, request_.size() - done);
    if (put <= 0) throw std::runtime_error("the floor's child went away");
    done += static_cast<std::size_t>(put);
  }
}

void PipeFloor::receive() {
  for (std::size_t done = 0; done < reply_.size();) {
    const ssize_t got = ::read(from_, reply_.data() + done, reply_.size() - done);
    if (got <= 0) throw std::runtime_error("the floor's child went away");
    done += static_cast<std::size_t>(got);
  }
}

void start_and_wait_for_true() {
  ::waitpid(spawn({"/bin/true"}, -1, -1), nullptr, 0);
}

}  // namespace opsroom::bench
