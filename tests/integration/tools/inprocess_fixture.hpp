#pragma once

#include "base/digest.hpp"
#include "integration/tools/fixture.hpp"
#include "tools/inprocess_library.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::tools::test {

namespace fs = std::filesystem;

inline fs::path library(const std::string& name) {
  if (name == "exec") return fs::path(OPSROOM_PLUGINS) / "exec.so";
  return fs::path(OPSROOM_TEST_PLUGINS) / (name + ".so");
}

class Inprocess : public ToolsTest {
 protected:
  /// Libraries stay loaded, and their descriptors open: that is nobody's leak.
  static void SetUpTestSuite() {
    for (const char* name : {"fixture", "misbehaving", "guest", "exec", "wrong_abi"}) {
      try {
        load_inprocess({library(name), sha256_of_file(library(name)), name, "the test"});
      } catch (const Failure&) {  // wrong_abi
      }
    }
  }

  Json entry(const std::string& name) {
    return {
        {"library", library(name).string()},
        {"isolation", "inprocess"},
        {"sha256", sha256_of_file(library(name))}
    };
  }

  SourceConfig& add(const std::string& name) { return add(name, entry(name)); }
  SourceConfig& add(const std::string& name, const Json& plugin) {
    const Json document{{"plugins", {{name, plugin}}}};
    const ToolsConfig parsed = parse_tools_config(document, lane.path() / "tools.json");
    return config.sources[name] = parsed.sources.at(name);
  }

  /// The same plugin in a process of its own.
  SourceConfig& add_outside(const std::string& name) {
    Json document{{"plugins", {{"outside", {{"library", library(name).string()}}}}}};
    const ToolsConfig parsed = parse_tools_config(document, lane.path() / "tools.json");
    return config.sources["outside"] = parsed.sources.at("outside");
  }

  /// A pipe on which the guest hangs until `let_go`.
  std::string make_fifo() {
    fifo_ = (lane.path() / "fifo").string();
    EXPECT_EQ(::mkfifo(fifo_.c_str(), 0600), 0);
    return fifo_;
  }
  void let_go() {
    const int fd = ::open(fifo_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd >= 0) ::close(fd);
  }

 private:
  std::string fifo_;
};

}  // namespace opsroom::tools::test
