#include "spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace opsroom::sdk {
namespace {

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

void set_nonblocking(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

std::vector<std::string> environment(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (extra.find(std::string(text.substr(0, text.find('=')))) == extra.end())
      all.emplace_back(text);
  }
  for (const auto& [name, value] : extra)
    all.push_back(name + "=" + value);
  return all;
}

std::string search_path(const ChildSpec& spec) {
  if (const auto found = spec.env.find("PATH"); found != spec.env.end()) return found->second;
  const char* ours = std::getenv("PATH");
  return ours != nullptr ? ours : "/usr/local/bin:/usr/bin:/bin";
}

bool is_program(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

/// Looked up before the fork: in the child nothing may allocate.
std::string resolve(const ChildSpec& spec) {
  const std::string& name = spec.argv.front();
  if (name.find('/') != std::string::npos) return name;
  const std::string path = search_path(spec);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string candidate = path.substr(at, end - at) + "/" + name;
    if (end > at && is_program(candidate)) return candidate;
    at = end + 1;
  }
  throw NotStarted(
      "command not found: " + name + " is in no directory of PATH=" + path +
      "; install it, give its full path, or set PATH in env"
  );
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts)
    list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

/// Everything the child needs, made before the fork.
struct Launch {
  const char* program;
  char** argv;
  char** env;
  int cwd_fd;
  int input;
  int out;
  int err;
  int report;
  pid_t parent;
};

[[noreturn]] void fail(int report) {
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(report, &error, sizeof error);
  ::_exit(127);
}

void default_signals() {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the forked child of a threaded process: async-signal-safe calls only.
[[noreturn]] void become(const Launch& launch) {
  ::setpgid(0, 0);
  default_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) ::_exit(127);
  if (::dup2(launch.input, 0) < 0 || ::dup2(launch.out, 1) < 0 || ::dup2(launch.err, 2) < 0)
    fail(launch.report);
  if (launch.cwd_fd >= 0 && ::fchdir(launch.cwd_fd) != 0) fail(launch.report);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program, launch.argv, launch.env);
  fail(launch.report);
}

[[noreturn]] void throw_not_started(const std::string& program, int error) {
  std::string help;
  if (error == ENOENT) help = "; check the path, and the interpreter its first line names";
  if (error == EACCES)
    help = "; make it executable (chmod +x), and check the directory's permissions";
  if (error == ENOEXEC) help = "; a script needs a first line such as #!/bin/sh";
  throw NotStarted("can't start " + program + ": " + std::strerror(error) + help);
}

void check_started(const Fd& report, pid_t pid, const std::string& program) {
  int error = 0;
  ssize_t got = 0;
  do
    got = ::read(report.get(), &error, sizeof error);
  while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof error)) return;
  ::waitpid(pid, nullptr, 0);
  throw_not_started(program, error);
}

}  // namespace

Spawned spawn(const ChildSpec& spec) {
  const std::string program = resolve(spec);
  auto arguments = spec.argv;
  auto variables = environment(spec.env);
  auto argv = pointers(arguments);
  auto env = pointers(variables);
  Pipe input = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe report = make_pipe();
  const Launch launch{
      program.c_str(),
      argv.data(),
      env.data(),
      spec.cwd_fd,
      input.read.get(),
      out.write.get(),
      err.write.get(),
      report.write.get(),
      ::getpid()
  };
  const pid_t pid = ::fork();
  if (pid < 0)
    throw NotStarted(
        "can't start " + program + ": " + std::strerror(errno) +
        "; the limit of processes or of memory is reached"
    );
  if (pid == 0) become(launch);
  // Both sides set the group, so that it exists whoever comes first.
  ::setpgid(pid, pid);
  report.write.reset();
  check_started(report.read, pid, program);
  set_nonblocking(input.write);
  set_nonblocking(out.read);
  set_nonblocking(err.read);
  return {pid, std::move(input.write), std::move(out.read), std::move(err.read)};
}

}  // namespace opsroom::sdk
