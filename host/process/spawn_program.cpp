#include "process/spawn_program.hpp"

#include "process/confinement.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <initializer_list>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

struct StepFailed {
  Step step;
  int error;
};

void require(bool done, Step step) {
  if (!done) throw StepFailed{step, errno};
}

void leave_the_session() {
  require(::setsid() >= 0, Step::session);
}

/// The program dies with its supervisor. Cleared by a change of user, so it comes after that.
void die_with(pid_t supervisor) {
  require(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, Step::session);
  if (::getppid() != supervisor) ::_exit(1);
}

void limit(__rlimit_resource resource, std::uint64_t most) {
  rlimit limits{};
  require(::getrlimit(resource, &limits) == 0, Step::limits);
  limits.rlim_max = std::min<rlim_t>(limits.rlim_max, most);
  limits.rlim_cur = limits.rlim_max;
  require(::setrlimit(resource, &limits) == 0, Step::limits);
}

void apply(const Limits& limits) {
  limit(RLIMIT_CORE, 0);
  if (limits.address_space_bytes) limit(RLIMIT_AS, *limits.address_space_bytes);
  if (limits.file_size_bytes) limit(RLIMIT_FSIZE, *limits.file_size_bytes);
  if (limits.open_files) limit(RLIMIT_NOFILE, *limits.open_files);
  if (limits.cpu_seconds) limit(RLIMIT_CPU, *limits.cpu_seconds);
}

void become(const RunAs& user) {
  // Pipes belong to their maker: without this the program could not open /dev/stderr.
  for (const int fd : {0, 1, 2})
    require(::fchown(fd, user.uid, user.gid) == 0, Step::user);
  require(::setgroups(0, nullptr) == 0, Step::user);
  require(::setresgid(user.gid, user.gid, user.gid) == 0, Step::user);
  require(::setresuid(user.uid, user.uid, user.uid) == 0, Step::user);
}

/// By system call, since libc keeps two signals to itself, and its posix_spawn left those ignored.
void default_signals() {
  constexpr std::size_t kernel_set_size = 8;
  constexpr std::array<std::uint64_t, 8> default_action{};
  // KILL and STOP refuse; they are at their default anyway.
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, default_action.data(), nullptr, kernel_set_size);
  }
  sigset_t none;
  ::sigemptyset(&none);
  require(::sigprocmask(SIG_SETMASK, &none, nullptr) == 0, Step::session);
}

/// `errors` stays open until exec succeeds, and so do the sanitizers' own descriptors.
void close_all_but_standard() {
  const long done = ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);
  require(done == 0 || errno == ENOSYS || errno == EINVAL, Step::session);
}

/// An empty entry of PATH would mean the working directory, where a tool's own files lie: skipped.
std::vector<std::string> candidates(const std::string& program, const Environment& environment) {
  if (program.find('/') != std::string::npos) return {program};
  const auto found = environment.find("PATH");
  const std::string path = found == environment.end() ? "/usr/bin:/bin" : found->second;
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    if (end > begin) result.push_back(path.substr(begin, end - begin) + "/" + program);
    begin = end + 1;
  }
  return result;
}

/// Everything that exec takes, made while memory may still be asked for: the limits come last.
class Image {
 public:
  explicit Image(const SpawnSpec& spec)
      : arguments_(spec.argv), paths_(candidates(spec.argv.front(), spec.environment)) {
    for (const auto& [name, value] : spec.environment)
      variables_.push_back(name + "=" + value);
    for (std::string& argument : arguments_)
      argv_.push_back(argument.data());
    for (std::string& variable : variables_)
      envp_.push_back(variable.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }

  /// Returns only when it failed: with the first error that is not "not here", else "not found".
  StepFailed execute() const {
    StepFailed failure{Step::program, ENOENT};
    for (const std::string& path : paths_) {
      ::execve(path.c_str(), argv_.data(), envp_.data());
      const int error = errno;
      if (error == ENOTDIR) continue;
      if (error == ENOENT && ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_EACCESS) != 0) continue;
      if (error == ENOENT) return {Step::interpreter, error};
      if (error != EACCES) return {Step::program, error};
      failure.error = EACCES;
    }
    return failure;
  }

 private:
  std::vector<std::string> arguments_;
  std::vector<std::string> variables_;
  std::vector<std::string> paths_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

}  // namespace

void become_program(const SpawnSpec& spec, pid_t supervisor, int errors) {
  Report report{Report::Kind::failed, 0, 0};
  try {
    leave_the_session();
    close_all_but_standard();
    if (spec.run_as) become(*spec.run_as);
    die_with(supervisor);
    if (!spec.directory.empty()) require(::chdir(spec.directory.c_str()) == 0, Step::directory);
    const Image image(spec);
    if (const int error = confine(Confinement::basic)) throw StepFailed{Step::confinement, error};
    default_signals();
    apply(spec.limits);
    const StepFailed failed = image.execute();
    report.value = static_cast<std::int32_t>(failed.step);
    report.error = failed.error;
  } catch (const StepFailed& failed) {
    report.value = static_cast<std::int32_t>(failed.step);
    report.error = failed.error;
  }
  const ssize_t written = ::write(errors, &report, sizeof report);
  ::_exit(written == sizeof report ? 127 : 126);
}

}  // namespace opsroom::process
