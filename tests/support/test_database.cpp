#include "support/test_database.hpp"

#include "store/migrator.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <pwd.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define OPSROOM_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OPSROOM_LEAK_CHECK 1
#endif
#endif

#ifdef OPSROOM_LEAK_CHECK
// libpqxx 6.4.5 loses two results (2 KB) of every connection that breaks; ours are still found. And
// a plugin in the host's own process whose thread is lost keeps what it has made until the end:
// destroying it under that thread would be worse. Such libraries are loaded by this name.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpq.so\nleak:/proc/self/fd/\n";
}
#endif

namespace opsroom::test {
namespace {

namespace fs = std::filesystem;

struct Output {
  int status = 0;
  std::string text;
};

Output shell(const std::string& command) {
  Output output;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen failed: " + command);
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), got);
  }
  output.status = ::pclose(pipe);
  return output;
}

std::string must(const std::string& command) {
  Output output = shell(command);
  if (output.status != 0) {
    throw std::runtime_error(fmt::format("{} failed:\n{}", command, output.text));
  }
  while (!output.text.empty() && output.text.back() == '\n')
    output.text.pop_back();
  return output.text;
}

fs::path programs() {
  std::vector<fs::path> places;
  const Output told = shell("pg_config --bindir");
  if (told.status == 0) places.emplace_back(told.text.substr(0, told.text.find('\n')));
  std::error_code ignored;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    places.push_back(version.path() / "bin");
  }
  for (const fs::path& place : places) {
    if (fs::exists(place / "initdb")) return place;
  }
  throw std::runtime_error("PostgreSQL's initdb was not found: install the package postgresql");
}

/// PostgreSQL refuses to run as root.
std::string as_server_user(const std::string& command) {
  if (::geteuid() != 0) return command;
  return "setpriv --reuid=postgres --regid=postgres --init-groups " + command;
}

fs::path make_directory() {
  // Short, since the path of a unix socket may have 107 characters.
  std::string name = "/tmp/opsdb-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) throw std::runtime_error("there is no user postgres to run the server");
    if (::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::runtime_error("chown failed: " + name);
    }
  }
  return name;
}

/// A process that outlives this one by the time it takes to stop the server and remove its files.
/// It is told by the end of a pipe, which the kernel closes even when a test crashes.
void start_cleaner(const fs::path& directory, int& lifeline, int& cleaner) {
  const std::string script = fmt::format(
      "trap '' HUP INT TERM; cat >/dev/null; cd /; {} -D {}/data -m immediate -s stop >/dev/null "
      "2>&1; rm -rf {}",
      as_server_user((programs() / "pg_ctl").string()),
      directory.string(),
      directory.string()
  );
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  cleaner = ::fork();
  if (cleaner == 0) {
    ::setsid();
    ::dup2(ends[0], STDIN_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  lifeline = ends[1];
}

std::string fresh_name(const char* prefix) {
  static std::atomic<int> next{1};
  return fmt::format("{}_{}", prefix, next++);
}

std::string run_psql(const std::string& url, const std::string& sql) {
  std::string file = "/tmp/opsdb-sql-XXXXXX";
  const int fd = ::mkstemp(file.data());
  ::close(fd);
  std::ofstream(file) << sql;
  const Output output = shell(fmt::format(
      "'{}' -XAtq -v ON_ERROR_STOP=1 -d '{}' -f {}", (programs() / "psql").string(), url, file
  ));
  ::unlink(file.c_str());
  if (output.status != 0) throw std::runtime_error(output.text);
  return output.text.substr(0, output.text.find_last_not_of('\n') + 1);
}

}  // namespace

TestCluster& TestCluster::shared() {
  static TestCluster cluster;
  return cluster;
}

TestCluster::TestCluster() : directory_(make_directory()) {
  start_cleaner(directory_, lifeline_, cleaner_);
  must(
      "cd / && " +
      as_server_user(fmt::format(
          "{} -D {}/data -A trust -U postgres -E UTF8 --locale=C --no-sync --no-instructions",
          (programs() / "initdb").string(),
          directory_.string()
      ))
  );
  std::ofstream config(directory_ / "data" / "postgresql.conf", std::ios::app);
  config << "listen_addresses = ''\nunix_socket_directories = '" << directory_.string()
         << "'\nfsync = off\nfull_page_writes = off\nmax_connections = 200\nshared_buffers = 32MB\n"
            "autovacuum_naptime = 10min\nlog_min_messages = fatal\n";
  config.close();
  start_server();
}

TestCluster::~TestCluster() {
  ::close(lifeline_);
  ::waitpid(cleaner_, nullptr, 0);
}

std::string TestCluster::url(const std::string& database, const std::string& user) const {
  return fmt::format("postgresql://{}@/{}?host={}", user, database, directory_.string());
}

void TestCluster::stop_server() {
  must(
      "cd / && " + as_server_user(fmt::format(
                       "{} -D {}/data -m immediate -w -s stop",
                       (programs() / "pg_ctl").string(),
                       directory_.string()
                   ))
  );
}

void TestCluster::start_server() {
  must(
      "cd / && " + as_server_user(fmt::format(
                       "{0} -D {1}/data -l {1}/log -w -s start",
                       (programs() / "pg_ctl").string(),
                       directory_.string()
                   ))
  );
}

int TestCluster::server_pid() const {
  std::ifstream file(directory_ / "data" / "postmaster.pid");
  int pid = 0;
  file >> pid;
  return pid;
}

const std::string& TestCluster::migrated_template() {
  if (template_.empty()) {
    run_psql(url("postgres"), "create database migrated");
    store::Migrator(url("migrated"), migrations_directory()).up();
    template_ = "migrated";
  }
  return template_;
}

TestDatabase::TestDatabase(Content content) : name_(fresh_name("test")) {
  TestCluster& cluster = TestCluster::shared();
  const std::string source =
      content == Content::migrated ? cluster.migrated_template() : std::string("template0");
  run_psql(cluster.url("postgres"), fmt::format("create database {} template {}", name_, source));
}

TestDatabase::~TestDatabase() {
  try {
    run_psql(
        TestCluster::shared().url("postgres"), fmt::format("drop database {} with (force)", name_)
    );
  } catch (const std::exception& error) {
    // A test that left the server stopped has said so itself; the cluster goes away as a whole.
    std::fputs(error.what(), stderr);
  }
}

std::string TestDatabase::url(const std::string& user) const {
  return TestCluster::shared().url(name_, user);
}

std::string TestDatabase::psql(const std::string& sql, const std::string& user) const {
  return run_psql(url(user), sql);
}

fs::path migrations_directory() {
  return fs::path(OPSROOM_SOURCE_DIR) / "migrations";
}

}  // namespace opsroom::test
