#pragma once

#include "base/failure.hpp"
#include "base/files.hpp"
#include "process/host_process.hpp"
#include "workspace/git_lane_pool.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <vector>

namespace opsroom::workspace {

namespace fs = std::filesystem;

/// A folder of the test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "opsroom-workspace-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = fs::canonical(name);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Runs a script in a folder as a person would there, and returns what it printed.
inline std::string sh(const fs::path& folder, const std::string& script) {
  const std::string command = "cd '" + folder.string() +
                              "' && export HOME=/nonexistent GIT_CONFIG_GLOBAL=/dev/null "
                              "GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org "
                              "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org\n" +
                              script;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string out;
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe))
    out.append(buffer, got);
  const int status = ::pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << script << "\n" << out;
  return out;
}

inline void put(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

/// A small repository to copy: making it anew for each test would cost more than the tests.
inline const fs::path& template_repository() {
  static const TemporaryFolder folder;
  static const fs::path made = [] {
    const fs::path path = folder.path() / "origin";
    fs::create_directories(path / "src");
    put(path / "a.txt", "one\ntwo\nthree\n");
    put(path / "src" / "main.c", "int main() { return 0; }\n");
    put(path / ".gitignore", "*.o\nbuild/\n");
    sh(path,
       "git init -q -b main && git add -A && git commit -qm first && git tag v1 && git branch "
       "topic &&"
       "printf 'four\\n' >> a.txt && git commit -qam second");
    return path;
  }();
  return made;
}

/// A lane pool on real git, with a small repository to start from.
class Lanes : public testing::Test {
 protected:
  Lanes() : spawner_(process::find_spawn_helper()) {
    process::ignore_sigpipe();
    origin_ = folder_.path() / "origin";
    root_ = folder_.path() / "work spaces";
    fs::copy(template_repository(), origin_, fs::copy_options::recursive);
    pool_ = std::make_unique<GitLanePool>(spawner_, root_);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    std::exception_ptr error;
    bool done = false;
    asio::co_spawn(io_, std::move(task), [&](std::exception_ptr failed, T value) {
      error = failed;
      if (!failed) result.emplace(std::move(value));
      done = true;
    });
    io_.restart();
    io_.run_for(std::chrono::seconds(60));
    if (!done) throw std::runtime_error("not done within a minute");
    if (error) std::rethrow_exception(error);
    return std::move(*result);
  }

  LaneRequest request(const std::string& lane = "A", const std::string& base = "") const {
    return LaneRequest{"s", lane, origin_.string(), base};
  }
  std::unique_ptr<LaneCheckout> open(LaneRequest wanted) {
    return run(pool_->open(std::move(wanted)));
  }
  std::unique_ptr<LaneCheckout> open(const std::string& lane = "A") { return open(request(lane)); }

  LaneDiff diff(LaneCheckout& lane) {
    std::optional<LaneDiff> made = run(lane.diff());
    if (!made) throw std::runtime_error("no diff");
    return std::move(*made);
  }
  bool nothing_new(LaneCheckout& lane) { return !run(lane.diff()).has_value(); }

  /// "A new.txt", "R old > new", ... in the order of the diff.
  static std::vector<std::string> changes(const LaneDiff& diff) {
    std::vector<std::string> list;
    for (const Json& file : diff.meta.at("files")) {
      const std::string from = file.contains("from") ? file["from"].get<std::string>() + " > " : "";
      list.push_back(
          file["status"].get<std::string>() + " " + from + file["path"].get<std::string>()
      );
    }
    return list;
  }

  /// The Failure of opening a lane; fails the test when there is none.
  Failure open_failure(LaneRequest wanted) {
    try {
      open(std::move(wanted));
    } catch (const Failure& failure) {
      return failure;
    }
    ADD_FAILURE() << "it opened";
    return Failure(Code::internal, "it opened");
  }
  Failure diff_failure(LaneCheckout& lane) {
    try {
      run(lane.diff());
    } catch (const Failure& failure) {
      return failure;
    }
    ADD_FAILURE() << "it made a diff";
    return Failure(Code::internal, "it made a diff");
  }

  /// What lies in a folder, hidden names included.
  static std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder_;
  fs::path origin_;
  fs::path root_;
  asio::io_context io_;
  process::Spawner spawner_;
  std::unique_ptr<GitLanePool> pool_;
};

}  // namespace opsroom::workspace
